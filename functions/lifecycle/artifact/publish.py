"""Publish the artifact: the image or zip that the runtime is to run, built only if its source is new."""

from __future__ import annotations

import re
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.artifact import build
from lifecycle.artifact.source import PackedSource, pack_folder, pack_object
from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.errors import ArtifactBuildError, WaitTimeoutError
from lifecycle.record import ArtifactRecord
from lifecycle.request.stage_event import StageEvent
from lifecycle.settings import Settings
from lifecycle.table import Records

# What a zip is run by (botocore's model: AgentManagedRuntimeType); buildspec.yml fetches wheels for it.
CODE_RUNTIME = "PYTHON_3_13"
# Raise it when buildspec.yml makes something else of the same source.
_RECIPE = 2
# What brings the program opentelemetry-instrument along; without it in the zip AgentCore could not start it.
_INSTRUMENTS = re.compile(
    r"^\s*(aws-)?opentelemetry-(distro|instrumentation)\b", re.IGNORECASE | re.MULTILINE
)
_IMAGE = re.compile(
    r"(?P<host>[^/]+)/(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?"
)


class ArtifactSettings(Settings):
    """Where the agent lies, where artifacts are kept, and what builds them."""

    agent_source_dir: Path
    artifact_bucket: str
    repository_name: str
    repository_uri: str
    build_project: str


class PublishedArtifact(Wire):
    """The artifact as the output of the execution tells it."""

    type: Literal["container", "code"]
    built: bool
    given: bool = False
    source_hash: str | None = None
    container_uri: str | None = None
    digest: str | None = None
    bucket: str | None = None
    key: str | None = None
    version_id: str | None = None
    build_id: str | None = None


class Publication(Wire):
    """What `publish_artifact` answers."""

    done: bool
    artifact: PublishedArtifact


def publish_artifact(event: StageEvent, *, clients: Clients = CLIENTS) -> Publication:
    """Publish the artifact, building it if there is none for its source. Called again until done.

    Args:
        event: The stage's event; the deadline is the build's.
        clients: DynamoDB, S3, ECR and CodeBuild.

    Returns:
        The artifact, pinned by digest or version id; `done` is false while a build runs.

    Raises:
        ArtifactBuildError: The source cannot be read, the image that was named does not exist, or the build failed.
        WaitTimeoutError: The deadline passed; the build was stopped.
    """
    settings = ArtifactSettings.load()
    records = Records(clients.dynamodb, settings.table_name)
    return _Publisher(event, clients, settings, records).publish()


def _entry_point(packed: PackedSource) -> list[str]:
    instrumented = _INSTRUMENTS.search(packed.text("requirements.txt")) is not None
    return ["opentelemetry-instrument", "main.py"] if instrumented else ["main.py"]


class _Publisher:
    def __init__(
        self, event: StageEvent, clients: Clients, settings: ArtifactSettings, records: Records
    ) -> None:
        self._event = event
        self._request = event.request
        self._clients = clients
        self._settings = settings
        self._records = records

    def publish(self) -> Publication:
        if self._request.artifact.container_uri is not None:
            return self._given(self._request.artifact.container_uri)
        record = self._records.get(self._request.environment)
        artifact = record.artifact if record else None
        if self._builds_for_us(artifact):
            # The loop: the source was read by the call that started the build, and is not read again.
            assert artifact is not None  # noqa: S101 - what _builds_for_us has seen
            return self._look_after(artifact)
        with self._pack() as packed:
            wanted = self._wanted(packed, artifact)
            pinned = self._published(wanted)
            if pinned is not None:
                return self._done(pinned)
            running = self._running_build(wanted)
            if running is None:
                wanted = self._order(wanted, packed)
            else:
                wanted = self._note(
                    wanted.model_copy(
                        update={"build_id": running, "build_execution": self._event.execution}
                    )
                )
        return Publication(done=False, artifact=self._report(wanted))

    def _builds_for_us(self, artifact: ArtifactRecord | None) -> bool:
        return (
            artifact is not None
            and not artifact.published
            and artifact.build_id is not None
            and artifact.build_execution == self._event.execution
        )

    def _pack(self) -> AbstractContextManager[PackedSource]:
        source = self._request.artifact.source
        if source is None:
            return pack_folder(self._settings.agent_source_dir)
        return pack_object(self._clients.s3, source)

    def _wanted(self, packed: PackedSource, before: ArtifactRecord | None) -> ArtifactRecord:
        environment, kind = self._request.environment, self._request.artifact.type
        runtime = CODE_RUNTIME if kind == "code" else None
        source_hash = names.digest([_RECIPE, kind, runtime, packed.content_hash])
        wanted = ArtifactRecord(type=kind, source_hash=source_hash)
        if self._request.artifact.source is not None:
            source = self._request.artifact.source.model_dump(by_alias=True, exclude_none=True)
            wanted.source = source | ({"versionId": packed.version_id} if packed.version_id else {})
        if kind == "container":
            wanted.image_tag = names.image_tag(environment, source_hash)
        else:
            wanted.bucket = self._settings.artifact_bucket
            wanted.key = names.package_key(environment, source_hash)
            wanted.entry_point = _entry_point(packed)
        if before is not None and before.source_hash == source_hash:
            wanted.build_id = before.build_id
            wanted.build_execution = before.build_execution
            wanted.failed_build_id = before.failed_build_id
        return wanted

    def _published(self, wanted: ArtifactRecord) -> ArtifactRecord | None:
        if wanted.type == "container":
            digest = self._image_digest(self._settings.repository_name, str(wanted.image_tag))
            if digest is None:
                return None
            uri = f"{self._settings.repository_uri}@{digest}"
            pin: dict[str, Any] = {"image_digest": digest, "container_uri": uri}
        else:
            try:
                head = self._clients.s3.head_object(Bucket=wanted.bucket, Key=wanted.key)
            except ClientError as error:
                if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                    return None
                raise
            pin = {"version_id": head.get("VersionId")}
        return wanted.model_copy(update={**pin, "published": True})

    def _image_digest(self, repository: str, tag: str) -> str | None:
        try:
            images = self._clients.ecr.describe_images(
                repositoryName=repository, imageIds=[{"imageTag": tag}]
            )["imageDetails"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ImageNotFoundException":
                return None
            raise
        return str(images[0]["imageDigest"]) if images else None

    def _running_build(self, wanted: ArtifactRecord) -> str | None:
        # A build of the same source that an execution left when it was killed, its id recorded or not.
        codebuild, settings = self._clients.codebuild, self._settings
        if wanted.build_id is not None:
            found = build.get_build(codebuild, wanted.build_id)
            running = found is not None and found["buildStatus"] == build.IN_PROGRESS
            return wanted.build_id if running else None
        if wanted.build_execution is None:
            return None
        key = names.source_key(self._request.environment, str(wanted.source_hash))
        location = f"{settings.artifact_bucket}/{key}"
        running_ids = build.running_builds(codebuild, settings.build_project, location)
        return running_ids[0] if running_ids else None

    def _order(self, wanted: ArtifactRecord, packed: PackedSource) -> ArtifactRecord:
        environment, settings = self._request.environment, self._settings
        key = names.source_key(environment, str(wanted.source_hash))
        execution = self._event.execution
        wanted = self._note(
            wanted.model_copy(update={"build_id": None, "build_execution": execution})
        )
        self._clients.s3.put_object(Bucket=settings.artifact_bucket, Key=key, Body=packed.file)
        variables = {
            "ARTIFACT_TYPE": wanted.type,
            "REPOSITORY_URI": settings.repository_uri,
            "IMAGE_TAG": wanted.image_tag or "",
            "ARTIFACT_BUCKET": settings.artifact_bucket,
            "ARTIFACT_KEY": wanted.key or "",
        }
        order = build.BuildOrder(
            project=settings.build_project,
            # A build that failed is followed by another one, of the same execution (redrive) or the next.
            token=names.client_token(
                environment, wanted.source_hash, execution, wanted.failed_build_id
            ),
            source=f"{settings.artifact_bucket}/{key}",
            variables={name: value for name, value in variables.items() if value},
        )
        build_id = build.start_build(self._clients.codebuild, order)
        if build_id is None:
            # The next call orders it again.
            self._keep_the_queues_deadline()
            return wanted
        return self._note(wanted.model_copy(update={"build_id": build_id}))

    def _keep_the_queues_deadline(self) -> None:
        if self._event.deadline is not None and time.time() > self._event.deadline:
            raise WaitTimeoutError(
                f"CodeBuild took no build for {self._request.wait.timeout_seconds} s, because the account's queue is "
                "full; wait for other builds or raise the quota of concurrent builds, and start again"
            )

    def _look_after(self, artifact: ArtifactRecord) -> Publication:
        build_id = str(artifact.build_id)
        found = build.get_build(self._clients.codebuild, build_id)
        if found is not None and found["buildStatus"] == build.IN_PROGRESS:
            self._keep_the_deadline(artifact, found)
            return Publication(done=False, artifact=self._report(artifact))
        pinned = self._published(artifact)
        if pinned is not None:
            return self._done(pinned)
        self._give_up(artifact)
        if found is None:
            raise ArtifactBuildError(f"build {build_id} is not known any more; start again")
        if found["buildStatus"] == build.SUCCEEDED:
            raise ArtifactBuildError(
                f"build {build_id} succeeded, but {artifact.image_tag or artifact.key} is not there; "
                "look at what the project's buildspec does, and start again"
            )
        raise ArtifactBuildError(f"{build.why_failed(found)}; mend the source and start again")

    def _keep_the_deadline(self, artifact: ArtifactRecord, found: dict[str, Any]) -> None:
        if self._event.deadline is None or time.time() <= self._event.deadline:
            return
        build.stop_build(self._clients.codebuild, str(artifact.build_id))
        self._give_up(artifact)
        raise WaitTimeoutError(
            f"build {artifact.build_id} was still in phase {found.get('currentPhase', 'unknown')} after "
            f"{self._request.wait.timeout_seconds} s and was stopped; raise wait.timeoutSeconds, or make the build "
            "shorter, and start again"
        )

    def _give_up(self, artifact: ArtifactRecord) -> None:
        self._note(
            artifact.model_copy(update={"build_id": None, "failed_build_id": artifact.build_id})
        )

    def _given(self, uri: str) -> Publication:
        pinned, digest = self._pin(uri)
        return self._done(
            ArtifactRecord(
                type="container",
                given=True,
                container_uri=pinned,
                image_digest=digest,
                published=True,
            )
        )

    def _pin(self, uri: str) -> tuple[str, str | None]:
        match = _IMAGE.fullmatch(uri)
        if match is None or match["digest"]:
            return uri, match["digest"] if match else None
        if match["host"] != self._settings.repository_uri.partition("/")[0]:
            return uri, None  # of another account or region: not ours to look at
        tag = match["tag"] or "latest"
        try:
            digest = self._image_digest(match["repository"], tag)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code.startswith("AccessDenied"):
                return uri, None
            if code != "RepositoryNotFoundException":
                raise
            digest = None
        if digest is None:
            raise ArtifactBuildError(
                f"the image {uri} does not exist; push it, or correct artifact.containerUri"
            )
        return f"{match['host']}/{match['repository']}@{digest}", digest

    def _done(self, artifact: ArtifactRecord) -> Publication:
        return Publication(done=True, artifact=self._report(self._note(artifact)))

    def _note(self, artifact: ArtifactRecord) -> ArtifactRecord:
        self._records.update(self._request.environment, self._event.execution, artifact=artifact)
        return artifact

    def _report(self, artifact: ArtifactRecord) -> PublishedArtifact:
        return PublishedArtifact(
            type=artifact.type,
            built=artifact.build_execution == self._event.execution,
            given=artifact.given,
            source_hash=artifact.source_hash,
            container_uri=artifact.container_uri,
            digest=artifact.image_digest,
            bucket=artifact.bucket,
            key=artifact.key,
            version_id=artifact.version_id,
            build_id=artifact.build_id,
        )
