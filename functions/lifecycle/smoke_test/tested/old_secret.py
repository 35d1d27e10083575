"""What to write when Cognito refuses the credentials in the secret: the next provision makes new ones."""

from __future__ import annotations

from typing import Any

from lifecycle.record import Record
from lifecycle.sections.runtime import RuntimeRecord


def without_secret_version(record: Record | None, runtime: RuntimeRecord) -> dict[str, Any]:
    """The sections of a record without the secret's version: without one, the next provision makes a new password.

    Args:
        record: The environment's record.
        runtime: Its runtime.

    Returns:
        Attributes for `Records.update`.
    """
    changes: dict[str, Any] = {}
    if record is not None and record.identity is not None:
        changes["identity"] = record.identity.model_copy(update={"secret_version": None})
    if runtime.live_identity is not None:
        live = runtime.live_identity.model_copy(update={"secret_version": None})
        changes["runtime"] = runtime.model_copy(update={"live_identity": live})
    return changes
