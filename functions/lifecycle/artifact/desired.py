"""The artifact that a request requires, named by the content of its source: a stack builds one source only once."""

from __future__ import annotations

from lifecycle import names
from lifecycle.artifact.entry_point import source_entry_point
from lifecycle.artifact.source import PackedSource
from lifecycle.request.model import Request
from lifecycle.sections.artifact import ArtifactRecord

# The default of artifact.runtime (botocore's model: AgentManagedRuntimeType).
CODE_RUNTIME = "PYTHON_3_13"
# Increase it when buildspec.yml makes another artifact of the same source.
_RECIPE = 4


def desired(request: Request, packed: PackedSource) -> ArtifactRecord:
    """Say which artifact the request requires.

    Args:
        request: What is asked for.
        packed: The agent's source.

    Returns:
        The artifact, not published yet.

    Raises:
        ArtifactBuildError: The source has not what a zip needs to start.
    """
    kind = request.artifact.type
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
    if starts is not None:
        artifact.runtime, artifact.entry_point = starts
    return artifact
