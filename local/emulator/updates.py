"""Deploys the stack again where its files have changed, for the `/_local/stack` endpoint."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.services.functions.service import Functions
from local.stack.deploy import Deployment
from local.stack.errors import StackError


class StackUpdates:
    """Updates one stack.

    Args:
        deployment: The stack, and the template that it was deployed from.
        functions: Its functions.
        warm: Logical ids of functions that start in the background after they were replaced.
    """

    def __init__(self, deployment: Deployment, functions: Functions, warm: Sequence[str]) -> None:
        self._deployment = deployment
        self._functions = functions
        self._warm = warm

    def update(self) -> dict[str, Any]:
        """Deploy what differs.

        Returns:
            `files` (paths from the template's folder), `updated` and `left` (logical ids), as
            `local.stack.deploy.Changes` has them, and `seconds`.

        Raises:
            ValueError: The template or the files beside it cannot be deployed as they are now, or a call failed.
        """
        began = time.monotonic()
        try:
            changes = self._deployment.update()
        except shutil.Error as error:
            raise ValueError("; ".join(str(why) for _, _, why in error.args[0])) from error
        except (StackError, OSError, ClientError, BotoCoreError) as error:
            # Files may change while they are read, and faults hit the calls of a deployment, too.
            raise ValueError(str(error)) from error
        replaced = [name for name in self._warm if name in changes.updated]
        if replaced:
            self._functions.warm(replaced)
        return {**asdict(changes), "seconds": round(time.monotonic() - began, 3)}
