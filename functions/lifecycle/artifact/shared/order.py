"""The order to build an artifact: nothing in it is of one environment or execution, so anybody can give it again."""

from __future__ import annotations

from typing import Any

from lifecycle import names
from lifecycle.artifact.build import BuildOrder
from lifecycle.artifact.settings import PublicationSettings
from lifecycle.artifact.shared.item import SharedArtifact
from lifecycle.artifact.source import PackedSource
from lifecycle.sections.artifact import ArtifactRecord


def source_of(settings: PublicationSettings, item: SharedArtifact) -> str:
    """Where a build of an artifact finds the packed source, as `bucket/key`."""
    return f"{settings.artifact_bucket}/{names.source_key(item.content_hash, item.generation)}"


def make_order(
    s3: Any,
    settings: PublicationSettings,
    artifact: ArtifactRecord,
    item: SharedArtifact,
    packed: PackedSource,
) -> BuildOrder:
    """Put the packed source where the build finds it, and say what to build.

    Args:
        s3: A boto3 S3 client.
        settings: The stack's bucket, repository and build project.
        artifact: What the request requires.
        item: The artifact, which has no build.
        packed: Its source.
    """
    bucket, own = settings.artifact_bucket, (item.content_hash, item.generation)
    packed.file.seek(0)
    s3.put_object(Bucket=bucket, Key=names.source_key(*own), Body=packed.file)
    code = artifact.type == "code"
    variables = {
        "ARTIFACT_TYPE": artifact.type,
        "RUNTIME": artifact.runtime if code else "",
        "ENTRY_FILE": artifact.entry_point[-1] if code else "",
        "PYTHON_VERSION": python_version(artifact.runtime) if code else "",
        "REPOSITORY_URI": settings.repository_uri,
        "IMAGE_TAG": "" if code else names.image_tag(*own),
        "ARTIFACT_BUCKET": bucket,
        "ARTIFACT_PREFIX": names.build_prefix(*own) if code else "",
    }
    return BuildOrder(
        project=settings.build_project,
        after=item.failed_build_id,
        source=source_of(settings, item),
        variables={name: value for name, value in variables.items() if value},
    )


def python_version(runtime: str) -> str:
    """The version of a language runtime: `3.13` of `PYTHON_3_13`; empty for another language than Python."""
    language, _, version = runtime.partition("_")
    return version.replace("_", ".") if language == "PYTHON" else ""
