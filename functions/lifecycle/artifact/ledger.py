"""The artifact section of the record while it is published: each step is recorded before the next one."""

from __future__ import annotations

from typing import Any

from lifecycle.record import ArtifactRecord
from lifecycle.table import Records


class ArtifactLedger:
    """Writes the artifact section through to the record.

    Attributes:
        environment: Which environment.
        execution: ARN of the execution that holds its lock.

    Args:
        records: The environments table.
        environment: Which environment.
        execution: ARN of the execution that holds its lock.
    """

    def __init__(self, records: Records, environment: str, execution: str) -> None:
        self._records = records
        self.environment = environment
        self.execution = execution

    def note(self, artifact: ArtifactRecord, **changes: Any) -> ArtifactRecord:
        """Write the section with some fields changed; returns what was written.

        Raises:
            LockLostError: Another execution took the environment over.
        """
        artifact = artifact.model_copy(update=changes)
        self._records.update(self.environment, self.execution, artifact=artifact)
        return artifact
