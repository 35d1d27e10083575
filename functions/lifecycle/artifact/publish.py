"""Publish the artifact: the image or zip that the runtime is to run, built only if its source is new to the stack."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Literal

from lifecycle.artifact.builder import Builder
from lifecycle.artifact.desired import desired
from lifecycle.artifact.given_image import pin_image
from lifecycle.artifact.ledger import ArtifactLedger
from lifecycle.artifact.package import publish_package
from lifecycle.artifact.recorded import recorded_artifact
from lifecycle.artifact.settings import PublicationSettings
from lifecycle.artifact.shared.table import SharedArtifacts
from lifecycle.artifact.shared.waiting import Waiting
from lifecycle.artifact.source import PackedSource, pack_folder, pack_object
from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.request.model import Request
from lifecycle.request.stage_event import Polled, StageEvent
from lifecycle.sections.artifact import ArtifactRecord
from lifecycle.table import Records


class PublishedArtifact(Wire):
    """The part `artifact` of the execution's output."""

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


class Publication(Polled):
    """What `publish_artifact` returns; `done` is false while a build runs."""

    artifact: PublishedArtifact


def publish_artifact(event: StageEvent, *, clients: Clients = CLIENTS) -> Publication:
    """Publish the artifact, and build it if there is none for its source. Called until done.

    Args:
        event: The stage's event; the deadline is the build's.
        clients: DynamoDB, S3, ECR, CodeBuild, and CloudWatch Logs for the log of a build that failed.

    Returns:
        The artifact, pinned by digest or version id.

    Raises:
        ArtifactBuildError: The source cannot be read, the named image does not exist, or the build failed.
        WaitTimeoutError: The deadline passed; the build was stopped, unless other environments wait for it.
    """
    settings = PublicationSettings.load()
    records = Records(clients.dynamodb, settings.table_name)
    ledger = ArtifactLedger.read(records, event.request.environment, event.execution)
    shared = SharedArtifacts(clients.dynamodb, settings.artifacts_table_name)
    if event.request.action == "rollback":
        used = recorded_artifact(event, clients, settings, records)
        if used is not None:
            return _answer(ledger.note(used), event)
    before = ledger.recorded
    waiting = Waiting(event, clients, settings, ledger)
    awaited = waiting.awaited(before) if _has_source(event.request) else None
    if before is not None and awaited is not None:
        # The call that began to wait has read the source, so it is not read again.
        artifact = waiting.look_after(before, awaited)
        return _answer(artifact, event, ended_at=waiting.ended_at)
    artifact = begin(event, clients, settings, ledger, shared)
    return _answer(artifact, event, begins=_has_source(event.request))


def begin(
    event: StageEvent,
    clients: Clients,
    settings: PublicationSettings,
    ledger: ArtifactLedger,
    shared: SharedArtifacts,
) -> ArtifactRecord:
    """Publish the artifact, or begin to wait for its build; the first call of an execution.

    Args:
        event: The stage's event.
        clients: S3, ECR and CodeBuild.
        settings: The stack's bucket, repository and build project.
        ledger: The artifact section of the record.
        shared: The artifacts of the stack.

    Returns:
        The artifact, published, or with the build to wait for.

    Raises:
        LifecycleError: As `publish_artifact`.
    """
    request = event.request
    if request.artifact.container_uri is not None:
        return ledger.note(pin_image(clients, settings, request.artifact.container_uri))
    if request.artifact.package is not None:
        package = request.artifact.package
        return ledger.note(publish_package(clients, settings, shared, request, package))
    builder = Builder(event, clients, settings, ledger, shared)
    with _pack(request, clients, settings) as packed:
        return builder.publish(desired(request, packed), packed)


def _has_source(request: Request) -> bool:
    return request.artifact.container_uri is None and request.artifact.package is None


def _pack(
    request: Request, clients: Clients, settings: PublicationSettings
) -> AbstractContextManager[PackedSource]:
    source, kind = request.artifact.source, request.artifact.type
    if source is None:
        return pack_folder(settings.agent_source_dir, kind)
    return pack_object(clients.s3, source, kind)


def _answer(
    artifact: ArtifactRecord,
    event: StageEvent,
    *,
    begins: bool = False,
    ended_at: float | None = None,
) -> Publication:
    built = artifact.build_execution == event.execution
    polled = event.looked(done=artifact.published, ended_at=ended_at)
    if begins and not artifact.published and artifact.build_id is not None:
        # A build that another execution started has been running for a while.
        polled = event.began("build" if built else None)
    return Publication(
        **polled,
        artifact=PublishedArtifact(
            type=artifact.type,
            built=built,
            given=artifact.given,
            source_hash=artifact.source_hash,
            container_uri=artifact.container_uri,
            digest=artifact.image_digest,
            bucket=artifact.bucket,
            key=artifact.key,
            version_id=artifact.version_id,
            build_id=artifact.build_id,
        ),
    )
