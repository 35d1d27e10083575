"""What the stack knows about one artifact: who uses it, which build makes it, and what is pinned of the result."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class SharedArtifact(BaseModel):
    """An item of the artifacts table. Nothing but what it pins is used, whatever else lies in S3 or ECR."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        extra="ignore",
        frozen=True,
        defer_build=True,
    )

    content_hash: str
    generation: str = Field(
        description="Random, new with each item: keys and tags contain it, so an artifact that is removed and one that "
        "is built of the same content at the same time have nothing in common."
    )
    kind: Literal["container", "code"]
    used_by: frozenset[str] = Field(description="Environments.")
    created_at: str
    updated_at: str
    build_id: str | None = Field(
        default=None, description="The build that makes the artifact, or made it."
    )
    build_execution: str | None = Field(
        default=None, description="ARN of the execution that started the build."
    )
    failed_build_id: str | None = Field(
        default=None, description="The last build without a result; the next has another token."
    )
    image_digest: str | None = None
    version_id: str | None = Field(
        default=None, description="For `code`: the S3 version of the zip."
    )
    sha256: str | None = Field(
        default=None, description="For `code`: the zip's checksum in base64, as S3 has it."
    )

    @property
    def is_pinned(self) -> bool:
        """Whether the item has a result."""
        return self.image_digest is not None or self.version_id is not None
