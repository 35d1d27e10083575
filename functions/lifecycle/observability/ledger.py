"""The record while logs and traces are set up: it is written before the first change, and before each repair."""

from __future__ import annotations

from typing import Any

from lifecycle.observability.wanted import Wanted
from lifecycle.record import Record
from lifecycle.table import Records
from lifecycle.telemetry.section import Repairs, TelemetryRecord


class TelemetryLedger:
    """Writes the section through to the record.

    Attributes:
        section: The section as it is recorded, or about to be.

    Args:
        records: The environments table.
        execution: ARN of the execution that holds the environment's lock.
        record: The environment's record.
        wanted: What is to be there.
    """

    def __init__(self, records: Records, execution: str, record: Record, wanted: Wanted) -> None:
        self._records = records
        self._execution = execution
        self._environment = wanted.environment
        self._saved = record.telemetry
        self.section = (
            record.telemetry.model_copy(deep=True)
            if record.telemetry
            else TelemetryRecord(log_group=wanted.log_group)
        )

    @property
    def is_complete(self) -> bool:
        """Whether everything was there once. Until then, what is found with our names may be somebody else's."""
        return bool(self.section.deliveries)

    @property
    def repaired(self) -> list[str]:
        """The drift that this execution has found, one phrase each."""
        mine = self.section.repairs
        return mine.repaired if mine and mine.execution == self._execution else []

    def change(self, drift: str | None = None, runtime_arn: str | None = None) -> None:
        """Record that something is about to change.

        Args:
            drift: What was changed by hand, if everything was there once.
            runtime_arn: The runtime that the thing is of; of another than the recorded one there is no drift.

        Raises:
            LockLostError: Another execution took the environment over.
        """
        section = self.section
        same = runtime_arn is None or runtime_arn == section.runtime_arn
        if drift and self.is_complete and same and drift not in self.repaired:
            section.repairs = Repairs(execution=self._execution, repaired=[*self.repaired, drift])
        if section != self._saved:
            self._save()

    def finish(self, **changes: Any) -> None:
        """Record that everything is there; nothing is written if nothing is new.

        Args:
            changes: Fields of the section.
        """
        self.section = self.section.model_copy(update=changes)
        if self.section != self._saved:
            self._save(last=True)

    def _save(self, *, last: bool = False) -> None:
        self._records.update(self._environment, self._execution, last=last, telemetry=self.section)
        self._saved = self.section.model_copy(deep=True)
