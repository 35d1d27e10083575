"""The artifact that a request requires, named by the content of its source: the same source is built only once."""

from __future__ import annotations

import re

from lifecycle import names
from lifecycle.artifact.source import PackedSource
from lifecycle.record import ArtifactRecord
from lifecycle.request.model import Request

# The Python version that runs a zip (botocore's model: AgentManagedRuntimeType); buildspec.yml fetches wheels for it.
CODE_RUNTIME = "PYTHON_3_13"
# Increase it when buildspec.yml makes another artifact of the same source.
_RECIPE = 2
# These packages install the program opentelemetry-instrument. AgentCore cannot start a zip with it without them.
_INSTRUMENTS = re.compile(
    r"^\s*(aws-)?opentelemetry-(distro|instrumentation)\b", re.IGNORECASE | re.MULTILINE
)


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
    """
    environment, kind = request.environment, request.artifact.type
    runtime = CODE_RUNTIME if kind == "code" else None
    source_hash = names.digest([_RECIPE, kind, runtime, packed.content_hash])
    artifact = ArtifactRecord(type=kind, source_hash=source_hash)
    if request.artifact.source is not None:
        source = request.artifact.source.model_dump(by_alias=True, exclude_none=True)
        artifact.source = source | ({"versionId": packed.version_id} if packed.version_id else {})
    if kind == "container":
        artifact.image_tag = names.image_tag(environment, source_hash)
    else:
        artifact.bucket = bucket
        artifact.key = names.package_key(environment, source_hash)
        artifact.entry_point = _entry_point(packed)
    if before is not None and before.source_hash == source_hash:
        artifact.build_id = before.build_id
        artifact.build_execution = before.build_execution
        artifact.failed_build_id = before.failed_build_id
    return artifact


def _entry_point(packed: PackedSource) -> list[str]:
    instrumented = _INSTRUMENTS.search(packed.text("requirements.txt")) is not None
    return ["opentelemetry-instrument", "main.py"] if instrumented else ["main.py"]
