"""The artifact section of the record while it is published: each call of the stage records where it got to."""

from __future__ import annotations

from typing import Any, Self

from lifecycle.sections.artifact import ArtifactRecord
from lifecycle.table import Records


class ArtifactLedger:
    """Writes the artifact section through to the record.

    Attributes:
        environment: Which environment.
        execution: ARN of the execution that holds its lock.
        recorded: The section as it is in the record, if it is there.

    Args:
        records: The environments table.
        environment: Which environment.
        execution: ARN of the execution that holds its lock.
        recorded: The section as it is in the record, if it is there.
    """

    def __init__(
        self,
        records: Records,
        environment: str,
        execution: str,
        recorded: ArtifactRecord | None,
    ) -> None:
        self._records = records
        self.environment = environment
        self.execution = execution
        self.recorded = recorded

    @classmethod
    def read(cls, records: Records, environment: str, execution: str) -> Self:
        """Start from the record.

        Raises:
            LockLostError: Another execution took the environment over.
        """
        recorded = records.held(environment, execution).artifact
        return cls(records, environment, execution, recorded)

    def note(self, artifact: ArtifactRecord, **changes: Any) -> ArtifactRecord:
        """Write the section with some fields changed, unless the record has it so; the stage changes nothing after it.

        Returns:
            What the record has now.

        Raises:
            LockLostError: Another execution took the environment over.
        """
        artifact = artifact.model_copy(update=changes)
        if artifact != self.recorded:
            self._records.update(self.environment, self.execution, last=True, artifact=artifact)
            self.recorded = artifact
        return artifact
