"""The input's section `artifact`: what the runtime runs, and where its source is."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from lifecycle.request.inputs import InputModel, allowed, problem

# The image URIs that AgentCore accepts (botocore's model: RuntimeContainerUri).
_CONTAINER_URI = (
    r"^([0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?|public\.ecr\.aws)"
    r"/(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*(?::[^:@]{1,300})?(?:@sha256:[0-9a-f]{64})?$"
)


class Source(InputModel):
    """Where the source zip of another agent is."""

    bucket: str = Field(
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="Bucket of the source zip.",
        json_schema_extra=allowed("an S3 bucket name"),
    )
    key: str = Field(
        min_length=1,
        max_length=1024,
        description="Key of the source zip.",
        json_schema_extra=allowed("an S3 key of 1 to 1024 characters"),
    )
    version_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=1024,
        description="Version of the source zip. Default: the latest version.",
        json_schema_extra=allowed("an S3 version id"),
    )


class Artifact(InputModel):
    """What the runtime runs."""

    type: Literal["container", "code"] = Field(
        default="container",
        description="`container`: an image in Amazon ECR. `code`: a zip in Amazon S3 (direct code deployment).",
        json_schema_extra=allowed("container or code"),
    )
    source: Source | None = Field(
        default=None,
        description="The source zip of your own agent. Default: the bundled agent in `agent/`.",
        json_schema_extra=allowed("{bucket, key, versionId?}"),
    )
    container_uri: str | None = Field(
        default=None,
        max_length=1024,
        pattern=_CONTAINER_URI,
        description="Deploys this image and builds nothing.",
        json_schema_extra=allowed("an ECR image URI"),
    )

    @model_validator(mode="after")
    def _one_artifact(self) -> Self:
        if self.container_uri is not None and self.source is not None:
            raise problem("containerUri", self.container_uri, "containerUri or source, not both")
        if self.container_uri is not None and self.type != "container":
            raise problem("containerUri", self.container_uri, "only with artifact.type container")
        return self
