"""The artifact that a request requires, named by the content of its source: the same source is built only once."""

from __future__ import annotations

from lifecycle import names
from lifecycle.artifact.entry_point import source_entry_point
from lifecycle.artifact.source import PackedSource
from lifecycle.record import ArtifactRecord
from lifecycle.request.model import Request

# The default of artifact.runtime (botocore's model: AgentManagedRuntimeType).
CODE_RUNTIME = "PYTHON_3_13"
# Increase it when buildspec.yml makes another artifact of the same source.
_RECIPE = 3


def desired(
    request: Request, packed: PackedSource, bucket: str, before: ArtifactRecord | None
) -> ArtifactRecord:
    """Say which artifact the request requires.

    Args:
        request: What is asked for.
        packed: The agent's source.
        bucket: The stack's artifact bucket.
        before: The artifact section of the record, if any.

    Returns:
        The artifact, not published yet. If the source is unchanged, it has the builds of the record.

    Raises:
        ArtifactBuildError: The source has not what a zip needs to start.
    """
    environment, kind = request.environment, request.artifact.type
    runtime = request.artifact.runtime or CODE_RUNTIME
    starts: tuple[str, list[str]] | None = None
    if kind == "code":
        files = packed.names()
        starts = (
            runtime,
            source_entry_point(request.artifact.entry_point, runtime, files, packed.text),
        )
    source_hash = names.digest([_RECIPE, kind, starts, packed.content_hash])
    artifact = ArtifactRecord(type=kind, source_hash=source_hash)
    if request.artifact.source is not None:
        source = request.artifact.source.model_dump(by_alias=True, exclude_none=True)
        artifact.source = source | ({"versionId": packed.version_id} if packed.version_id else {})
    if starts is None:
        artifact.image_tag = names.image_tag(environment, source_hash)
    else:
        artifact.bucket = bucket
        artifact.key = names.package_key(environment, source_hash)
        artifact.runtime, artifact.entry_point = starts
    if before is not None and before.source_hash == source_hash:
        artifact.build_id = before.build_id
        artifact.build_execution = before.build_execution
        artifact.failed_build_id = before.failed_build_id
    return artifact
