"""The input's section `artifact`: what the runtime runs, and where its source is."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from lifecycle.request.inputs import InputModel, allowed, problem, problems
from lifecycle.request.service.service_model import find_faults, input_shape
from lifecycle.request.service.urls import is_address

# The image URIs that AgentCore accepts (botocore's model: RuntimeContainerUri).
_CONTAINER_URI = (
    r"^([0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?|public\.ecr\.aws)"
    r"/(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*(?::[^:@]{1,300})?(?:@sha256:[0-9a-f]{64})?$"
)

# ECR's own limits of a repository's name (botocore's model: RepositoryName), which that pattern does not have.
_SHORTEST_REPOSITORY, _LONGEST_REPOSITORY = 2, 256
# Amazon S3 user guide, "Naming Amazon S3 objects": bytes in UTF-8.
_LONGEST_KEY = 1024


def code_shape() -> Any:
    """The shape of `codeConfiguration` in AWS's own service model: allowed runtimes, bounds of the entry point."""
    artifact = input_shape("CreateAgentRuntime").members["agentRuntimeArtifact"]
    return artifact.members["codeConfiguration"]


class Source(InputModel):
    """Where the source zip of another agent is."""

    bucket: str = Field(
        # Amazon S3 user guide, "Bucket naming rules".
        min_length=3,
        max_length=63,
        pattern=r"^[a-z0-9]+([.-]?-*[a-z0-9]+)*$",
        description="Bucket of the source zip.",
        json_schema_extra=allowed("an S3 bucket name"),
    )
    key: str = Field(
        min_length=1,
        max_length=1024,
        description="Key of the source zip.",
        json_schema_extra=allowed("an S3 key of 1 to 1024 bytes"),
    )
    version_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=1024,
        description="Version of the source zip. Default: the latest version.",
        json_schema_extra=allowed("an S3 version id"),
    )

    @field_validator("bucket")
    @classmethod
    def _is_no_address(cls, value: str) -> str:
        if is_address(value):
            raise problem("", value, "an S3 bucket name, which is no IP address")
        return value

    @field_validator("key")
    @classmethod
    def _fits_into_s3(cls, value: str) -> str:
        size = len(value.encode())
        if size > _LONGEST_KEY:
            raise problem(
                "", value, f"an S3 key of at most {_LONGEST_KEY} bytes; this one has {size}"
            )
        return value


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
    package: Source | None = Field(
        default=None,
        description="For `code`: a ready-made zip, with its dependencies. Deploys it as it is and builds nothing.",
        json_schema_extra=allowed("{bucket, key, versionId?}, only with artifact.type code"),
    )
    runtime: str | None = Field(
        default=None,
        description="For `code`: the language runtime that runs the zip. Default: `PYTHON_3_13`.",
        json_schema_extra=allowed(
            "a runtime of AgentCore's service model, such as PYTHON_3_13 or NODE_22, only with artifact.type code"
        ),
    )
    entry_point: list[str] | None = Field(
        default=None,
        description="For `code`: the file that AgentCore runs, or a program of the zip and the file. Default: "
        "`main.py`, with `opentelemetry-instrument` if the requirements include it; for Node.js `main` of "
        "`package.json`, or `index.js`.",
        json_schema_extra=allowed(
            "1 or 2 strings of 1 to 128 characters, only with artifact.type code"
        ),
    )
    container_uri: str | None = Field(
        default=None,
        max_length=1024,
        pattern=_CONTAINER_URI,
        description="Deploys this image and builds nothing.",
        json_schema_extra=allowed("an ECR image URI"),
    )

    @field_validator("container_uri")
    @classmethod
    def _ecr_has_such_names(cls, value: str | None) -> str | None:
        repository = re.split("[:@]", (value or "").partition("/")[2])[0]
        if value is not None and not (
            _SHORTEST_REPOSITORY <= len(repository) <= _LONGEST_REPOSITORY
        ):
            raise problem(
                "",
                value,
                f"a repository's name of {_SHORTEST_REPOSITORY} to {_LONGEST_REPOSITORY} characters",
            )
        return value

    @field_validator("runtime", "entry_point")
    @classmethod
    def _agentcore_has_it(cls, value: Any, info: Any) -> Any:
        # The SDK's model is loaded only by a request that needs it.
        if value is not None:
            name = {"runtime": "runtime", "entry_point": "entryPoint"}[info.field_name]
            faults = list(find_faults(code_shape().members[name], value))
            if faults:
                raise problems([(fault.path, fault.given, fault.allowed) for fault in faults])
        return value

    @model_validator(mode="after")
    def _code_has_a_runtime(self) -> Self:
        if self.package is not None:
            shown = f"s3://{self.package.bucket}/{self.package.key}"
            if self.type != "code":
                raise problem("package", shown, "only with artifact.type code")
            if self.source is not None or self.container_uri is not None:
                raise problem("package", shown, "package, source or containerUri: only one of them")
        if self.type != "code":
            for name, value in (("runtime", self.runtime), ("entryPoint", self.entry_point)):
                if value is not None:
                    raise problem(name, value, "only with artifact.type code")
        return self

    @model_validator(mode="after")
    def _one_artifact(self) -> Self:
        if self.container_uri is not None and self.source is not None:
            raise problem("containerUri", self.container_uri, "containerUri or source, not both")
        if self.container_uri is not None and self.type != "container":
            raise problem("containerUri", self.container_uri, "only with artifact.type container")
        return self
