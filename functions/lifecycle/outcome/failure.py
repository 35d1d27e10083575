"""Record the failure: write it into the environment's record before anything is compensated."""

from __future__ import annotations

from typing import Any

from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.outcome.cause import Failure, RawFailure, failed_state, readable
from lifecycle.request.limits.environment import environment_of
from lifecycle.settings import Settings
from lifecycle.table import Records


class FailureEvent(Wire):
    """What the failure path passes to `record_failure`."""

    execution: str
    request: Any = None
    failure: RawFailure

    @property
    def environment(self) -> str | None:
        """The environment that the request is about; None when it has no valid name."""
        return environment_of(self.request)


def record_failure(event: FailureEvent, *, clients: Clients = CLIENTS) -> Failure:
    """Write a failure into the environment's record, before anything is compensated.

    Args:
        event: The execution, its request and what was caught.
        clients: DynamoDB.

    Returns:
        The failure, readable.

    Raises:
        LockLostError: Another execution took the environment over, so this one must not change it any more.
    """
    failure = readable(event.failure)
    settings = Settings.load()
    environment = event.environment
    if environment is not None:
        # Written even when nothing changes: the write proves that this execution still holds the lock.
        Records(clients.dynamodb, settings.table_name).update(
            environment, event.execution, **failed_state(event.request, failure)
        )
    return failure
