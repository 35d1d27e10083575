"""How an automatic rollback ended: what the error, the output, the event and the record say of it."""

from __future__ import annotations

from typing import Any

from lifecycle.entry import Wire
from lifecycle.names import LIVE_ENDPOINT
from lifecycle.outcome.cause import Failure, RawFailure, readable
from lifecycle.record import Record


class AutoRollback(Wire):
    """What a failed verification did about the version of `live`.

    Attributes:
        from_version: The version that failed.
        to_version: The version to go back to; null when there is none.
        refused: Why nothing was rolled back; null when something was.
        smoke_test: The report of the smoke test of `live` that failed; null when there is none.
    """

    from_version: str | None = None
    to_version: str | None = None
    refused: str | None = None
    smoke_test: dict[str, Any] | None = None


class Verified(Wire):
    """A verification with `autoRollback` that failed, and what came of it.

    Attributes:
        verification: Why it failed.
        rollback: What was done; null when that could not be decided.
        failure: Why the rollback failed; null when it succeeded, or when nothing was rolled back.
    """

    verification: RawFailure
    rollback: AutoRollback | None = None
    failure: RawFailure | None = None

    @property
    def is_rolled_back(self) -> bool:
        """Whether `live` serves the version before."""
        return self.failure is None and self.rollback is not None and self.rollback.refused is None

    def told(self, record: Record | None) -> Failure:
        """The verification's error. Its cause begins with what was done: a fleet shows only the first 300 characters.

        Args:
            record: The environment's record, for what `live` serves now.
        """
        first = readable(self.verification)
        parts = [self.sentence(record), first.cause]
        if self.failure is not None:
            failed = readable(self.failure)
            parts.append(f"the rollback ended with {failed.error}: {failed.cause}")
        return Failure(error=first.error, cause="; ".join(parts))

    def sentence(self, record: Record | None) -> str:
        """What was done, and what `live` serves now."""
        rollback, serves = self.rollback, _serves(record)
        versions = ""
        if rollback is not None and rollback.to_version is not None:
            versions = f" from {rollback.from_version} to {rollback.to_version}"
        if self.failure is not None:
            return f"the rollback{versions} failed, too, and {serves}"
        if rollback is None or rollback.refused is not None:
            why = rollback.refused if rollback else "nothing says why"
            return f"not rolled back, and {serves}: {why}"
        return f"rolled back{versions}, which passed the same gate"

    def output(self, record: Record | None, newest: dict[str, Any] | None) -> dict[str, Any]:
        """The parts `smokeTest` and `autoRollback` of the output.

        Args:
            record: The environment's record.
            newest: The report of the last smoke test: of `candidate`, or of `live` if there was no other.
        """
        rollback = self.rollback
        of_live = rollback.smoke_test if rollback else None
        is_of_live = newest is None or newest.get("endpoint") == LIVE_ENDPOINT
        return {
            "smokeTest": of_live or (newest if is_of_live else None),
            "autoRollback": {
                "fromVersion": rollback.from_version if rollback else None,
                "toVersion": rollback.to_version if rollback else None,
                "rolledBack": self.is_rolled_back,
                "details": self.sentence(record),
                "smokeTest": None if is_of_live else newest,
            },
        }


def _serves(record: Record | None) -> str:
    runtime = record.runtime if record else None
    if runtime is None or runtime.live_version is None:
        return "live serves no version"
    moving = runtime.promotion
    if moving is not None and moving.begun and moving.version != runtime.live_version:
        return f"live is on its way from version {runtime.live_version} to version {moving.version}"
    return f"live serves version {runtime.live_version}"
