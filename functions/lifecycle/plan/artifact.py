"""Where the artifact would come from: the stage's own code, with an S3 and a CodeBuild that only read."""

from __future__ import annotations

from lifecycle.artifact import publish
from lifecycle.artifact.ledger import ArtifactLedger
from lifecycle.artifact.recorded import recorded_artifact
from lifecycle.artifact.settings import PublicationSettings
from lifecycle.clients import Clients
from lifecycle.durations import StackDurations
from lifecycle.plan.drafts import DraftArtifacts, DraftRecords
from lifecycle.plan.output import PlannedArtifact
from lifecycle.plan.reading import Answer, unmade
from lifecycle.polling.schedule import expected
from lifecycle.request.stage_event import StageEvent
from lifecycle.sections.artifact import ArtifactRecord


def artifact_answers() -> dict[str, dict[str, Answer]]:
    """The answers to the calls that would change S3 or CodeBuild, for `ReadingClients`."""
    return {
        "s3": {"put_object": lambda _: {"VersionId": unmade("the object")}},
        "codebuild": {"start_build": lambda _: {"build": {"id": unmade("the build")}}},
    }


def plan_artifact(
    event: StageEvent, clients: Clients, records: DraftRecords, settings: PublicationSettings
) -> tuple[PlannedArtifact, list[str]]:
    """Let the stage begin, and tell what it would have done.

    Args:
        event: The execution, its request, and what was learned.
        clients: DynamoDB, S3, ECR and CodeBuild, with the answers of `artifact_answers`.
        records: Gets the artifact as it would be.
        settings: The stack's bucket, repository, tables and build project.

    Returns:
        The artifact, and what cannot be known.

    Raises:
        LifecycleError: As `publish_artifact`.
    """
    environment, execution = event.request.environment, event.execution
    ledger = ArtifactLedger.read(records, environment, execution)
    before = ledger.recorded
    shared = DraftArtifacts(clients.dynamodb, settings.artifacts_table_name)
    used = None
    if event.request.action == "rollback":
        used = recorded_artifact(event, clients, settings, records)
    artifact = (
        ledger.note(used) if used else publish.begin(event, clients, settings, ledger, shared)
    )
    planned = PlannedArtifact(
        change="reuse",
        type=artifact.type,
        source_hash=artifact.source_hash,
        builds=0,
        reason="the stack has an artifact of this content",
    )
    if not artifact.published:
        made = _made(artifact, settings)
        records.update(environment, execution, artifact=made)
        if artifact.build_execution != execution:
            planned.reason = f"the build {artifact.build_id} makes it already"
        else:
            known = shared.get(str(artifact.source_hash))
            planned.change, planned.builds = "build", 1
            planned.build_minutes = _minutes(event, clients, settings)
            planned.reason = (
                "the stack has not built this source"
                if known is None
                else "what the stack had built of this source is gone, or its build failed"
            )
        return planned, ["whether the build succeeds, and what it makes"]
    if before is not None and _result(artifact) == _result(before):
        planned.change, planned.reason = "unchanged", "the environment uses it already"
    elif artifact.given:
        planned.change, planned.reason = "given", "the input names the image; nothing is built"
    elif unmade("the object") == artifact.version_id:
        planned.change = "given"
        planned.reason = "the input names the zip, which is copied; nothing is built"
    return planned, []


def _made(artifact: ArtifactRecord, settings: PublicationSettings) -> ArtifactRecord:
    """The artifact as it is after its build, as far as that is known."""
    unknown = unmade("the build's result")
    changes: dict[str, str]
    if artifact.type == "container":
        changes = {"container_uri": unknown, "image_digest": unknown}
    else:
        changes = {"bucket": settings.artifact_bucket, "key": unknown, "version_id": unknown}
    return artifact.model_copy(update={**changes, "published": True})


def _result(artifact: ArtifactRecord) -> tuple[object, ...]:
    return (
        artifact.published,
        artifact.container_uri,
        artifact.bucket,
        artifact.key,
        artifact.version_id,
    )


def _minutes(event: StageEvent, clients: Clients, settings: PublicationSettings) -> float | None:
    """How long a build takes, in minutes, by the environment's earlier builds or else the stack's."""
    runs = event.learned.get("build")
    if not runs:
        runs = StackDurations(clients.dynamodb, settings.table_name).read().get("build")
    moments = expected(runs or [])
    return max(round(moments[1] / 60, 1), 0.1) if moments else None
