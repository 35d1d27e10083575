"""The section of the record about the artifact."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from lifecycle.sections.base import Section


class ArtifactRecord(Section):
    """The artifact that the runtime runs."""

    type: Literal["container", "code"]
    given: bool = Field(
        default=False,
        description="True for an image that the caller named; the lifecycle did not create it.",
    )
    source_hash: str | None = None
    source: dict[str, Any] | None = Field(
        default=None, description="The caller's source {bucket, key, versionId}."
    )
    image_digest: str | None = None
    container_uri: str | None = Field(default=None, description="Pinned by digest.")
    bucket: str | None = None
    key: str | None = None
    version_id: str | None = None
    entry_point: list[str] = Field(
        default=["main.py"], description="For `code`: the command that AgentCore runs in the zip."
    )
    runtime: str = Field(
        default="PYTHON_3_13", description="For `code`: the language runtime that runs the zip."
    )
    build_id: str | None = None
    build_execution: str | None = Field(
        default=None, description="ARN of the execution that started the build."
    )
    awaited_by: str | None = Field(
        default=None, description="ARN of the execution that waits for the build."
    )
    published: bool = False
