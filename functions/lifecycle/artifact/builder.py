"""Have an artifact built: start its build, find a build that still runs, and tell why one failed."""

from __future__ import annotations

import time
from typing import Any

from lifecycle import names
from lifecycle.artifact import build
from lifecycle.artifact.ledger import ArtifactLedger
from lifecycle.artifact.settings import PublicationSettings
from lifecycle.artifact.source import PackedSource
from lifecycle.clients import Clients
from lifecycle.errors import ArtifactBuildError, WaitTimeoutError
from lifecycle.record import ArtifactRecord
from lifecycle.request.stage_event import StageEvent


class Builder:
    """Builds for one execution.

    Args:
        event: The stage's event; the deadline is the build's.
        clients: S3 and CodeBuild.
        settings: The stack's bucket, repository and build project.
        ledger: The artifact section of the record.
    """

    def __init__(
        self,
        event: StageEvent,
        clients: Clients,
        settings: PublicationSettings,
        ledger: ArtifactLedger,
    ) -> None:
        self._event = event
        self._seconds = event.request.wait.timeout_seconds
        self._clients = clients
        self._settings = settings
        self._ledger = ledger

    def has_begun(self, artifact: ArtifactRecord) -> bool:
        """Tell whether an earlier call of this execution started the artifact's build."""
        return (
            not artifact.published
            and artifact.build_id is not None
            and artifact.build_execution == self._event.execution
        )

    def start(self, artifact: ArtifactRecord, packed: PackedSource) -> ArtifactRecord:
        """Start a build, unless one of the same source still runs.

        Returns:
            The artifact with its build; without one while CodeBuild's queue is full, and the next call tries again.

        Raises:
            WaitTimeoutError: The queue was full until the deadline.
        """
        running = self._running(artifact)
        if running is not None:
            return self._ledger.note(
                artifact, build_id=running, build_execution=self._event.execution
            )
        artifact = self._ledger.note(artifact, build_id=None, build_execution=self._event.execution)
        build_id = build.start_build(self._clients.codebuild, self._order(artifact, packed))
        if build_id is None:
            self._keep_the_queues_deadline()
            return artifact
        return self._ledger.note(artifact, build_id=build_id)

    def is_running(self, artifact: ArtifactRecord, found: dict[str, Any] | None) -> bool:
        """Tell whether a build still runs; at the deadline it is stopped.

        Args:
            artifact: The artifact that is built.
            found: Its build, from `get_build`.

        Raises:
            WaitTimeoutError: The deadline passed.
        """
        if found is None or found["buildStatus"] != build.IN_PROGRESS:
            return False
        if self._event.deadline is None or time.time() <= self._event.deadline:
            return True
        build.stop_build(self._clients.codebuild, str(artifact.build_id))
        self._forget(artifact)
        raise WaitTimeoutError(
            f"build {artifact.build_id} was still in phase {found.get('currentPhase', 'unknown')} after "
            f"{self._seconds} s and was stopped; raise wait.timeoutSeconds, or make the build shorter, and retry"
        )

    def give_up(self, artifact: ArtifactRecord, found: dict[str, Any] | None) -> ArtifactBuildError:
        """Record that a build ended without an artifact; returns the error to raise."""
        self._forget(artifact)
        if found is None:
            return ArtifactBuildError(f"build {artifact.build_id} no longer exists; retry")
        if found["buildStatus"] == build.SUCCEEDED:
            return ArtifactBuildError(
                f"build {artifact.build_id} succeeded, but {artifact.image_tag or artifact.key} does not exist; "
                "check what the project's buildspec does, and retry"
            )
        return ArtifactBuildError(f"{build.why_failed(found)}; fix the source and retry")

    def _running(self, artifact: ArtifactRecord) -> str | None:
        # A stopped execution can leave a build of the same source behind, with its id in the record or without.
        codebuild, settings = self._clients.codebuild, self._settings
        if artifact.build_id is not None:
            found = build.get_build(codebuild, artifact.build_id)
            running = found is not None and found["buildStatus"] == build.IN_PROGRESS
            return artifact.build_id if running else None
        if artifact.build_execution is None:
            return None
        running_ids = build.running_builds(
            codebuild, settings.build_project, f"{settings.artifact_bucket}/{self._key(artifact)}"
        )
        return running_ids[0] if running_ids else None

    def _order(self, artifact: ArtifactRecord, packed: PackedSource) -> build.BuildOrder:
        settings, key = self._settings, self._key(artifact)
        self._clients.s3.put_object(Bucket=settings.artifact_bucket, Key=key, Body=packed.file)
        code = artifact.type == "code"
        variables = {
            "ARTIFACT_TYPE": artifact.type,
            "RUNTIME": artifact.runtime if code else "",
            "ENTRY_FILE": artifact.entry_point[-1] if code else "",
            "PYTHON_VERSION": python_version(artifact.runtime) if code else "",
            "REPOSITORY_URI": settings.repository_uri,
            "IMAGE_TAG": artifact.image_tag or "",
            "ARTIFACT_BUCKET": settings.artifact_bucket,
            "ARTIFACT_KEY": artifact.key or "",
        }
        return build.BuildOrder(
            project=settings.build_project,
            # After a failed build, the same execution (redrive) or the next one starts another build.
            token=names.client_token(
                self._ledger.environment,
                artifact.source_hash,
                self._event.execution,
                artifact.failed_build_id,
            ),
            source=f"{settings.artifact_bucket}/{key}",
            variables={name: value for name, value in variables.items() if value},
        )

    def _key(self, artifact: ArtifactRecord) -> str:
        return names.source_key(self._ledger.environment, str(artifact.source_hash))

    def _keep_the_queues_deadline(self) -> None:
        if self._event.deadline is not None and time.time() > self._event.deadline:
            raise WaitTimeoutError(
                f"CodeBuild accepted no build for {self._seconds} s, because the account's queue is full; wait for "
                "other builds or raise the quota of concurrent builds, and retry"
            )

    def _forget(self, artifact: ArtifactRecord) -> None:
        self._ledger.note(artifact, build_id=None, failed_build_id=artifact.build_id)


def python_version(runtime: str) -> str:
    """The version of a language runtime: `3.13` of `PYTHON_3_13`; empty for another language than Python."""
    language, _, version = runtime.partition("_")
    return version.replace("_", ".") if language == "PYTHON" else ""
