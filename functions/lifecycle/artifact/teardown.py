"""Delete the artifact: running builds, images and objects of the environment; then check that they are gone."""

from __future__ import annotations

from lifecycle import names
from lifecycle.artifact import build
from lifecycle.artifact.settings import ArtifactSettings
from lifecycle.artifact.source import where
from lifecycle.artifact.stored import Images, Objects
from lifecycle.clients import CLIENTS, Clients
from lifecycle.errors import ServiceUnavailableError, TeardownIncompleteError
from lifecycle.record import ArtifactRecord
from lifecycle.request.artifact import Artifact
from lifecycle.request.stage_event import StageEvent
from lifecycle.table import Records
from lifecycle.teardown import Kept, Teardown, removal_of

_SHOWN = 5


def delete_artifact(event: StageEvent, *, clients: Clients = CLIENTS) -> Teardown:
    """Remove everything that was built or kept for the environment.

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
    prefix = names.artifact_prefix(environment)
    source = f"{settings.artifact_bucket}/{prefix}"
    images = Images(clients.ecr, settings.repository_name, environment)
    objects = Objects(clients.s3, settings.artifact_bucket, prefix)
    records = Records(clients.dynamodb, settings.table_name)
    record = records.get(environment)
    builds = build.running_builds(clients.codebuild, settings.build_project, source)
    tags, versions = images.tags(), objects.versions()
    found = [f"build {build_id}" for build_id in builds] + _labels(images, tags, objects, versions)
    kept = _kept(record.artifact if record else None, event.request.artifact)
    looked_for = [
        f"running builds of environment {environment} in {settings.build_project}",
        f"images {images.label(environment)}-*",
        f"all versions of s3://{source}*",
    ]
    if event.request.dry_run:
        return Teardown(done=True, would_remove=found, kept=kept, looked_for=looked_for)
    removal = removal_of(record.artifact_removal if record else None, event.execution)
    if found:
        # Recorded before it is deleted: if a retry does not find it, this execution removed it.
        removal.removed = list(dict.fromkeys(removal.removed + found))
        records.update(environment, event.execution, artifact_removal=removal)
    _stop(clients, settings, source, builds)
    _refuse(environment, images.delete(tags))
    _refuse(environment, objects.delete(versions))
    _refuse(environment, _labels(images, images.tags(), objects, objects.versions()))
    records.update(
        environment,
        event.execution,
        artifact=None,
        artifact_removal=removal if removal.removed else None,
    )
    return Teardown(done=True, removed=removal.removed, kept=kept, looked_for=looked_for)


def _labels(
    images: Images, tags: list[str], objects: Objects, versions: list[dict[str, str]]
) -> list[str]:
    return [images.label(tag) for tag in tags] + objects.labels(versions)


def _stop(clients: Clients, settings: ArtifactSettings, source: str, builds: list[str]) -> None:
    # A build that still runs could push its image after the images were listed.
    for build_id in builds:
        build.stop_build(clients.codebuild, build_id)
    still = (
        build.running_builds(clients.codebuild, settings.build_project, source) if builds else []
    )
    if still:
        raise ServiceUnavailableError(
            f"these builds are still stopping: {', '.join(still)}; the lifecycle retries this step"
        )


def _refuse(environment: str, left: list[str]) -> None:
    if left:
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        raise TeardownIncompleteError(
            f"left of environment '{environment}': {', '.join(left[:_SHOWN])}{more}; fix the cause and retry the "
            "teardown; the record still lists it"
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
