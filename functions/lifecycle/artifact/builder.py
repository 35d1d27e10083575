"""Have an artifact built: use it if the stack has it, join a build that runs, or start one."""

from __future__ import annotations

from lifecycle.artifact import build
from lifecycle.artifact.ledger import ArtifactLedger
from lifecycle.artifact.settings import PublicationSettings
from lifecycle.artifact.shared.item import SharedArtifact
from lifecycle.artifact.shared.order import make_order, source_of
from lifecycle.artifact.shared.pins import Pins
from lifecycle.artifact.shared.table import SharedArtifacts
from lifecycle.artifact.source import PackedSource
from lifecycle.clients import Clients
from lifecycle.errors import LockLostError, WaitTimeoutError
from lifecycle.request.stage_event import StageEvent
from lifecycle.sections.artifact import ArtifactRecord

_ROUNDS = 10  # another execution has changed the item between read and write; each round starts from what it wrote


class Builder:
    """Builds for one execution.

    Several environments can wait for one build. Nobody owns it: whoever needs the artifact can do the next step, so an
    execution that is stopped holds up no other.

    Args:
        event: The stage's event; the deadline is the build's.
        clients: DynamoDB, S3, ECR and CodeBuild.
        settings: The stack's bucket, repository, table and build project.
        ledger: The artifact section of the record.
        shared: The artifacts of the stack.
    """

    def __init__(
        self,
        event: StageEvent,
        clients: Clients,
        settings: PublicationSettings,
        ledger: ArtifactLedger,
        shared: SharedArtifacts,
    ) -> None:
        self._event = event
        self._clients = clients
        self._settings = settings
        self._ledger = ledger
        self._shared = shared
        self._pins = Pins(clients, settings)

    def publish(self, artifact: ArtifactRecord, packed: PackedSource) -> ArtifactRecord:
        """Use the artifact if the stack has it, else have it built.

        Returns:
            The artifact, published, or with the build to wait for; without one while CodeBuild's queue is full, and the
            next call tries again.

        Raises:
            WaitTimeoutError: The queue was full until the deadline.
        """
        used = self._used(artifact)
        if used is not None:
            return self._ledger.note(artifact, **self._pins.fields(used))
        item, is_new = self._shared.join(
            str(artifact.source_hash), artifact.type, self._ledger.environment
        )
        if item.is_pinned and self._pins.still_there(item):
            return self._ledger.note(artifact, **self._pins.fields(item))
        if item.is_pinned:
            item = self._shared.forget_build(item) or self._shared.again(item)
        building = self._with_build(artifact, item, packed, is_new=is_new)
        if building is None:
            if self._event.overdue:
                raise _queue_is_full(self._event.request.wait.timeout_seconds)
            return self._ledger.note(artifact)
        return self._ledger.note(
            artifact,
            build_id=building.build_id,
            build_execution=building.build_execution,
            awaited_by=self._event.execution,
        )

    def _used(self, artifact: ArtifactRecord) -> SharedArtifact | None:
        """The artifact's item, if the environment uses the artifact and it is still there; this only looks."""
        before = self._ledger.recorded
        if before is None or not before.published or before.source_hash != artifact.source_hash:
            return None
        item = self._shared.get(str(artifact.source_hash))
        used = item is not None and self._ledger.environment in item.used_by
        return item if item is not None and used and self._pins.still_there(item) else None

    def _with_build(
        self, artifact: ArtifactRecord, item: SharedArtifact, packed: PackedSource, *, is_new: bool
    ) -> SharedArtifact | None:
        """The item with a build to wait for, which was started before or is now; None while the queue is full."""
        codebuild = self._clients.codebuild
        for _ in range(_ROUNDS):
            if item.build_id is not None:
                found = build.get_build(codebuild, item.build_id)
                if found and found["buildStatus"] in (build.IN_PROGRESS, build.SUCCEEDED):
                    return item
                item = self._shared.forget_build(item) or self._shared.again(item)
                continue
            # A function that was stopped can leave a build behind whose id nobody has noted.
            build_id = None if is_new else self._unnoted(item)
            if build_id is None:
                build_id = self._start(artifact, item, packed)
            if build_id is None:
                return None
            noted = self._shared.note_build(item, build_id, self._event.execution)
            if noted is not None:
                return noted
            try:
                item = self._shared.again(item)
            except LockLostError:
                build.stop_build(codebuild, build_id)
                raise
        return None

    def _start(
        self, artifact: ArtifactRecord, item: SharedArtifact, packed: PackedSource
    ) -> str | None:
        order = make_order(self._clients.s3, self._settings, artifact, item, packed)
        return build.start_build(self._clients.codebuild, order)

    def _unnoted(self, item: SharedArtifact) -> str | None:
        running = build.running_builds(
            self._clients.codebuild, self._settings.build_project, source_of(self._settings, item)
        )
        return next((build_id for build_id in running if build_id != item.failed_build_id), None)


def _queue_is_full(seconds: float) -> WaitTimeoutError:
    return WaitTimeoutError(
        f"CodeBuild accepted no build for {seconds} s, because the account's queue is full; wait for other builds or "
        "raise the quota of concurrent builds, and retry"
    )
