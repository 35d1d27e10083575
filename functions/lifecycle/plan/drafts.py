"""The record and the artifacts table as a provision would leave them: read from DynamoDB, changed in memory."""

from __future__ import annotations

from typing import Any, Literal

from lifecycle.artifact.shared.item import SharedArtifact
from lifecycle.artifact.shared.table import SharedArtifacts
from lifecycle.plan.reading import unmade
from lifecycle.record import Record
from lifecycle.table import Records


class DraftRecords(Records):
    """The record of one environment, whoever holds its lock.

    Attributes:
        draft: The record as the stages would leave it.

    Args:
        dynamodb: A boto3 DynamoDB client.
        table_name: The environments table.
        environment: Which environment; one without a record gets an empty one, here only.
    """

    def __init__(self, dynamodb: Any, table_name: str, environment: str) -> None:
        super().__init__(dynamodb, table_name)
        self.draft = self.get(environment) or Record(environment=environment)

    def held(self, environment: str, execution: str) -> Record:
        """The draft; a plan changes nothing, so it needs no lock."""
        del environment, execution
        return self.draft

    def update(
        self, environment: str, execution: str, *, last: bool = False, **changes: Any
    ) -> Record:
        """Change the draft."""
        del environment, execution, last
        copies = {
            name: value.model_copy(deep=True) if hasattr(value, "model_copy") else value
            for name, value in changes.items()
        }
        self.draft = self.draft.model_copy(update=copies)
        return self.draft


class DraftArtifacts(SharedArtifacts):
    """The artifacts of the stack; what would change in an item is changed in a copy of it."""

    def join(
        self, content_hash: str, kind: Literal["container", "code"], environment: str
    ) -> tuple[SharedArtifact, bool]:
        """The item with the environment as a user, and whether the provision would make it."""
        item = self.get(content_hash)
        if item is not None:
            users = item.used_by | {environment}
            return item.model_copy(update={"used_by": users}), False
        made = SharedArtifact(
            content_hash=content_hash,
            generation=unmade("the artifact"),
            kind=kind,
            used_by=frozenset({environment}),
            created_at="",
            updated_at="",
        )
        return made, True

    def again(self, item: SharedArtifact) -> SharedArtifact:
        """The item: nobody has changed the copy."""
        return item

    def note_build(self, item: SharedArtifact, build_id: str, execution: str) -> SharedArtifact:
        """The item with the build that makes it."""
        return item.model_copy(update={"build_id": build_id, "build_execution": execution})

    def forget_build(self, item: SharedArtifact) -> SharedArtifact:
        """The item without a build and a result."""
        none = dict.fromkeys(
            ("build_id", "build_execution", "image_digest", "version_id", "sha256")
        )
        return item.model_copy(update={**none, "failed_build_id": item.build_id})

    def pin(self, item: SharedArtifact, **result: str) -> SharedArtifact:
        """The item with a result."""
        return item.model_copy(update=result)
