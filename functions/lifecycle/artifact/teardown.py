"""Delete the artifacts that only this environment uses: builds, images and objects; then check that they are gone."""

from __future__ import annotations

from lifecycle import names
from lifecycle.artifact.holding import Found, Holding
from lifecycle.artifact.settings import ArtifactSettings
from lifecycle.artifact.shared.item import SharedArtifact
from lifecycle.artifact.shared.table import SharedArtifacts
from lifecycle.artifact.source import where
from lifecycle.clients import CLIENTS, Clients
from lifecycle.errors import TeardownIncompleteError
from lifecycle.record import Removal
from lifecycle.request.artifact import Artifact
from lifecycle.request.stage_event import StageEvent
from lifecycle.sections.artifact import ArtifactRecord
from lifecycle.table import Records
from lifecycle.teardown import Kept, Teardown, removal_of

_SHOWN = 5


def delete_artifact(event: StageEvent, *, clients: Clients = CLIENTS) -> Teardown:
    """Take the environment out of the users of its artifacts, and remove those that nobody else uses.

    Args:
        event: The stage's event.
        clients: DynamoDB, CodeBuild, ECR and S3.

    Returns:
        What was removed and what stays. A dry run changes nothing.

    Raises:
        TeardownIncompleteError: An image or object could not be deleted; lists what is left and why.
        ServiceUnavailableError: A build is still stopping; the lifecycle retries this step.
    """
    settings = ArtifactSettings.load()
    environment = event.request.environment
    shared = SharedArtifacts(clients.dynamodb, settings.artifacts_table_name)
    records = Records(clients.dynamodb, settings.table_name)
    record = records.get(environment)
    former = Holding.of_environment(clients, settings, environment)
    used = shared.used_by(environment)
    own = [item for item in used if item.used_by == {environment}]
    kept = _kept(record.artifact if record else None, event.request.artifact)
    looked_for = [
        f"artifacts that environment {environment} uses, with their builds, images and objects",
        f"images {settings.repository_name}:{environment}-*",
        f"all versions of s3://{settings.artifact_bucket}/{names.artifact_prefix(environment)}*",
    ]
    if event.request.dry_run:
        holdings = [
            Holding.of_artifact(clients, settings, item.content_hash, item.generation)
            for item in own
        ]
        found = [label for each in [*holdings, former] for label in each.find().labels]
        kept += [_shared(item, environment) for item in used if item not in own]
        return Teardown(done=True, would_remove=found, kept=kept, looked_for=looked_for)
    work = _Work(event, clients, settings, records, record.artifact_removal if record else None)
    for item in used:
        # Recorded before the item goes: after that, only this record knows that its images and objects are there.
        work.begin(item)
        shared.release(item, environment)
    for name in work.removal.artifacts:
        content_hash, _, generation = name.partition("/")
        there = shared.get(content_hash)
        if there is not None and there.generation == generation:
            kept.append(_shared(there, environment))
        else:
            # Without its item, nobody uses this generation, and nobody ever will.
            work.delete(Holding.of_artifact(clients, settings, content_hash, generation))
    work.delete(former)
    removal = work.removal
    records.update(
        environment,
        event.execution,
        artifact=None,
        # If this call runs again, it says the same.
        artifact_removal=removal if removal.removed or removal.artifacts else None,
    )
    return Teardown(done=True, removed=removal.removed, kept=kept, looked_for=looked_for)


class _Work:
    """Deletes, and records what is deleted before it is."""

    def __init__(
        self,
        event: StageEvent,
        clients: Clients,
        settings: ArtifactSettings,
        records: Records,
        before: Removal | None,
    ) -> None:
        self._event, self._clients, self._settings = event, clients, settings
        self._records = records
        self.removal = removal_of(before, event.execution)
        if before is not None:
            # An execution that was stopped leaves what it had begun to remove.
            self.removal.artifacts = before.artifacts

    def begin(self, item: SharedArtifact) -> None:
        name = f"{item.content_hash}/{item.generation}"
        if name not in self.removal.artifacts:
            self.removal.artifacts = [*self.removal.artifacts, name]
            self._note()

    def delete(self, holding: Holding) -> None:
        """Delete what is there.

        Raises:
            TeardownIncompleteError: Something is left.
        """
        found = holding.find()
        self._promise(found)
        if found.builds:
            # A build can push its image until it is stopped.
            found = holding.stop_builds(found)
            self._promise(found)
        left = holding.delete(found)
        if left:
            more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
            raise TeardownIncompleteError(
                f"left of environment '{self._event.request.environment}': {', '.join(left[:_SHOWN])}{more}; fix the "
                "cause and retry the teardown; the record still lists it"
            )

    def _promise(self, found: Found) -> None:
        new = [label for label in found.labels if label not in self.removal.removed]
        if new:
            # Recorded before it is deleted: if a retry does not find it, this execution removed it.
            self.removal.removed = self.removal.removed + new
            self._note()

    def _note(self) -> None:
        self._records.update(
            self._event.request.environment, self._event.execution, artifact_removal=self.removal
        )


def _shared(item: SharedArtifact, environment: str) -> Kept:
    others = sorted(item.used_by - {environment})
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    what = "image" if item.kind == "container" else "zip"
    return Kept(
        resource=f"{what} of the artifact {item.content_hash}",
        reason=f"other environments use it, too: {', '.join(others[:_SHOWN])}{more}",
    )


def _kept(artifact: ArtifactRecord | None, asked: Artifact) -> list[Kept]:
    kept = []
    if artifact is not None and artifact.given:
        reason = "artifact.containerUri named it; the lifecycle did not create it"
        kept.append(Kept(resource=f"image {artifact.container_uri}", reason=reason))
    for name, given in (("source", asked.source), ("package", asked.package)):
        if given is not None:
            reason = f"artifact.{name} named it; the lifecycle did not create it"
            kept.append(Kept(resource=f"{name} {where(given)}", reason=reason))
    return kept
