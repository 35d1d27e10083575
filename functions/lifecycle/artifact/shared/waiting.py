"""Wait for a build, which other environments may wait for, too; tell why it failed, or stop it at the deadline."""

from __future__ import annotations

from typing import Any

from lifecycle.artifact import build
from lifecycle.artifact.failed_build.why import why_failed
from lifecycle.artifact.ledger import ArtifactLedger
from lifecycle.artifact.settings import PublicationSettings
from lifecycle.artifact.shared.item import SharedArtifact
from lifecycle.artifact.shared.pins import Pins
from lifecycle.artifact.shared.table import SharedArtifacts
from lifecycle.clients import Clients
from lifecycle.errors import ArtifactBuildError, WaitTimeoutError
from lifecycle.request.stage_event import StageEvent
from lifecycle.sections.artifact import ArtifactRecord


class Waiting:
    """Waits for one execution. The build that it waits for is in the environment's record.

    Args:
        event: The stage's event; the deadline is the build's.
        clients: DynamoDB, S3, ECR, CodeBuild, and CloudWatch Logs for the log of a build that failed.
        settings: The stack's bucket, repository, table and build project.
        ledger: The artifact section of the record.

    Attributes:
        ended_at: When the build ended, after the look that found it; in seconds since the epoch.
    """

    def __init__(
        self,
        event: StageEvent,
        clients: Clients,
        settings: PublicationSettings,
        ledger: ArtifactLedger,
    ) -> None:
        self._event = event
        self._clients = clients
        self._ledger = ledger
        self._shared = SharedArtifacts(clients.dynamodb, settings.artifacts_table_name)
        self._pins = Pins(clients, settings)
        self.ended_at: float | None = None

    def awaited(self, artifact: ArtifactRecord | None) -> SharedArtifact | None:
        """Find what an earlier call of this execution has begun to wait for; None when there is nothing."""
        if (
            artifact is None
            or artifact.published
            or artifact.build_id is None
            or artifact.awaited_by != self._event.execution
        ):
            return None
        item = self._shared.get(str(artifact.source_hash))
        return item if item and self._ledger.environment in item.used_by else None

    def look_after(self, artifact: ArtifactRecord, item: SharedArtifact) -> ArtifactRecord:
        """Look once at the build that this execution waits for.

        Returns:
            The artifact, published if the build is done.

        Raises:
            ArtifactBuildError: The build failed, or what it made is not there or too large.
            WaitTimeoutError: The deadline passed.
        """
        if item.is_pinned and self._pins.still_there(item):
            return self._ledger.note(artifact, **self._pins.fields(item))
        found = build.get_build(self._clients.codebuild, str(artifact.build_id))
        if found is not None and found["buildStatus"] == build.IN_PROGRESS:
            self._keep_the_deadline(artifact, item, found)
            return artifact
        self.ended_at = build.ended_at(found) if found is not None else None
        succeeded = found is not None and found["buildStatus"] == build.SUCCEEDED
        if succeeded and item.build_id != artifact.build_id:
            # Another execution has given this build up. The next call starts anew.
            return self._ledger.note(artifact, build_id=None)
        result = self._pins.of_build(item, found) if found and succeeded else None
        if result is None:
            if item.build_id == artifact.build_id:
                self._shared.forget_build(item)
            self._ledger.note(artifact, build_id=None)
            raise self._no_result(str(artifact.build_id), found, item)
        pinned = self._shared.pin(item, **result) or self._shared.again(item)
        if not pinned.is_pinned:
            return self._ledger.note(artifact, build_id=None)
        return self._ledger.note(artifact, **self._pins.fields(pinned))

    def _keep_the_deadline(
        self, artifact: ArtifactRecord, item: SharedArtifact, found: dict[str, Any]
    ) -> None:
        if not self._event.overdue:
            return
        what = "goes on, because other environments use its result"
        if self._shared.abandon_build(item, self._ledger.environment):
            build.stop_build(self._clients.codebuild, str(artifact.build_id))
            what = "was stopped"
        self._ledger.note(artifact, build_id=None)
        raise WaitTimeoutError(
            f"build {artifact.build_id} was still in phase {found.get('currentPhase', 'unknown')} after "
            f"{self._event.request.wait.timeout_seconds} s and {what}; raise wait.timeoutSeconds, or make the build "
            "shorter, and retry"
        )

    def _no_result(
        self, build_id: str, found: dict[str, Any] | None, item: SharedArtifact
    ) -> ArtifactBuildError:
        if found is None:
            return ArtifactBuildError(f"build {build_id} no longer exists; retry")
        if found["buildStatus"] == build.SUCCEEDED:
            looked = "DescribeImages" if item.kind == "container" else "HeadObject"
            return ArtifactBuildError(
                f"build {build_id} succeeded, but {looked} does not find what it says that it made; look at its log, "
                "and retry"
            )
        return ArtifactBuildError(why_failed(self._clients.quick_logs, found))
