"""The targets of an MCP gateway in the input, and the call that proves them.

The limits of names, ARNs and schemas are those of botocore's model of `CreateGatewayTarget`.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic.alias_generators import to_camel

from lifecycle.request.artifact import Source
from lifecycle.request.case import KEPT, can_be_kept, checked_pattern
from lifecycle.request.gateway.tools import refuse_tools
from lifecycle.request.inputs import InputModel, allowed, is_unicode, problem, problems
from lifecycle.request.service.urls import has_valid_host

SEPARATOR = "___"
"""What stands between the name of a target and that of its tool."""
# botocore's model: LambdaFunctionArn, TargetName.
_LAMBDA_ARN = (
    r"^arn:aws[a-zA-Z-]*:lambda:[a-z]{2}(-gov)?-[a-z]+-\d:\d{12}:function:[a-zA-Z0-9_.-]+"
    r"(:(\$LATEST|[a-zA-Z0-9_-]+))?$"
)
_TARGET_NAME = r"^([0-9a-zA-Z]-?)+$"
_S3_WORDS = {
    "bucket": "bucket name",
    "key": "key of 1 to 1024 bytes",
    "versionId": "version id",
}
LONGEST_SCOPE = 64
"""The longest scope of a target (botocore's model: OAuthScope)."""
_MOST_ARGUMENTS = 10_000
_KINDS = "lambda, openApi, mcpServer, runtime"
_TAKES_CREDENTIAL = "only with openApi, mcpServer or runtime"


class Document(InputModel):
    """A document in the input itself, or an object in S3."""

    bucket: str | None = Field(
        default=None,
        description="Bucket of the document.",
        json_schema_extra=allowed("an S3 bucket name; inline, or bucket and key"),
    )
    key: str | None = Field(
        default=None,
        description="Key of the document.",
        json_schema_extra=allowed("an S3 key of 1 to 1024 bytes, only with bucket"),
    )
    version_id: str | None = Field(
        default=None,
        description="Version of the document. Default: the latest version.",
        json_schema_extra=allowed("an S3 version id, only with bucket"),
    )

    @property
    def source(self) -> Source | None:
        """The object in S3; None for a document in the input itself."""
        if self.bucket is None:
            return None
        return Source.model_validate(
            {"bucket": self.bucket, "key": self.key, "versionId": self.version_id}
        )

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        inline = getattr(self, "inline", None)
        if (inline is None) == (self.bucket is None):
            raise problem("", sorted(self.model_fields_set), "inline, or bucket and key")
        if (self.bucket is None) != (self.key is None):
            raise problem("key", self.key, "an S3 key, with bucket")
        if self.bucket is None and self.version_id is not None:
            raise problem("versionId", self.version_id, "only with bucket")
        return self

    @field_validator("bucket", "key", "version_id")
    @classmethod
    def _is_in_s3(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None:
            field = to_camel(str(info.field_name))
            try:
                Source.model_validate({"bucket": "aaa", "key": "a", field: value})
            except ValidationError:
                raise problem("", value, f"an S3 {_S3_WORDS[field]}") from None
        return value


class ToolSchema(Document):
    """The tools of a Lambda function."""

    inline: list[dict[str, Any]] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="The tools that the function offers. An object in S3 has such a list as JSON.",
        json_schema_extra=allowed("a list of 1 to 100 tools {name, description, inputSchema}"),
    )

    @field_validator("inline")
    @classmethod
    def _are_tools(cls, value: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
        if value is not None:
            refuse_tools(value)
        return value


class LambdaTarget(InputModel):
    """A Lambda function, and the tools that it offers."""

    lambda_arn: str = Field(
        min_length=1,
        max_length=170,
        pattern=_LAMBDA_ARN,
        description="The function. The stack's parameter `GatewayFunctions` must have its ARN.",
        json_schema_extra=allowed("the ARN of a Lambda function"),
    )
    tool_schema: ToolSchema = Field(
        json_schema_extra=allowed("{inline}, or {bucket, key, versionId?}"),
    )


class OpenApi(Document):
    """An OpenAPI document in JSON."""

    inline: str | None = Field(
        default=None,
        min_length=2,
        max_length=40_000,
        description="An OpenAPI document. The stack's parameter `GatewayHosts` must have the hosts of its servers.",
        json_schema_extra=allowed("an OpenAPI 3 document in JSON, as a string"),
    )


class McpServer(InputModel):
    """An MCP server of somebody else."""

    endpoint: str = Field(
        max_length=2048,
        pattern=r"^https://[!-~]+$",
        description="An MCP server. The stack's parameter `GatewayHosts` must have its host.",
        json_schema_extra=allowed("a URL that begins with https://"),
    )

    @field_validator("endpoint")
    @classmethod
    def _host_is_valid(cls, value: str) -> str:
        if not has_valid_host(value):
            raise problem("", value, "a URL with a valid host name")
        return value


class McpTarget(InputModel):
    """One target of an MCP gateway."""

    name: str = Field(
        min_length=1,
        max_length=100,
        pattern=_TARGET_NAME,
        description="Name of the target. Its tools are called `<name>___<tool>`.",
        json_schema_extra=allowed("letters and digits, single hyphens between; at most 100"),
    )
    function: LambdaTarget | None = Field(
        default=None,
        alias="lambda",
        json_schema_extra=allowed("{lambdaArn, toolSchema}"),
    )
    open_api: OpenApi | None = Field(
        default=None,
        json_schema_extra=allowed("{inline}, or {bucket, key, versionId?}"),
    )
    mcp_server: McpServer | None = Field(
        default=None,
        json_schema_extra=allowed("{endpoint}"),
    )
    runtime: Literal[True] | None = Field(
        default=None,
        description="The environment's own runtime at `live`, which must speak MCP.",
        json_schema_extra=allowed("true, only with runtime.protocol MCP"),
    )
    credential: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="What the gateway signs in to the target with: the name of one of the input's `credentials`.",
        json_schema_extra=allowed(f"a name of credentials, {_TAKES_CREDENTIAL}"),
    )
    scopes: list[Annotated[str, Field(min_length=1, max_length=LONGEST_SCOPE)]] = Field(
        default_factory=list,
        max_length=100,
        description="The scopes that the gateway asks the credential's provider for.",
        json_schema_extra=allowed("a list of at most 100 scopes, only with credential"),
    )
    header: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$",
        description="The request header that carries an API key. Default: `X-API-Key`.",
        json_schema_extra=allowed("a header name, only with a credential of type apiKey"),
    )
    scheme: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}$",
        description="The word before the API key in its header, such as `Bearer`. Default: none.",
        json_schema_extra=allowed("a word, only with a credential of type apiKey"),
    )

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        found: list[tuple[str, Any, str]] = []
        kinds = [self.function, self.open_api, self.mcp_server, self.runtime]
        if sum(kind is not None for kind in kinds) != 1:
            found.append(("", sorted(self.model_fields_set), f"exactly one of {_KINDS}"))
        if self.credential is not None and self.function is not None:
            # AgentCore developer guide, "Set up outbound authorization for your gateway".
            found.append(("credential", self.credential, _TAKES_CREDENTIAL))
        if self.scopes and self.credential is None:
            found.append(("scopes", self.scopes, "only with credential"))
        if found:
            raise problems(found)
        return self


class McpTest(InputModel):
    """The call of a tool that proves the gateway: a list of tools proves nothing of its role."""

    tool: str = Field(
        min_length=1,
        max_length=256,
        pattern=r"^[0-9a-zA-Z-]+___[!-~]+$",
        description="The tool that the gateway's test calls. It must change nothing.",
        json_schema_extra=allowed("a target's name, ___, and the name of a tool of it"),
    )
    arguments: dict[str, Any] = Field(
        default_factory=dict,
        description="The arguments of the call. Do not put secrets here.",
        json_schema_extra=allowed("an object of at most 10000 characters as JSON"),
    )
    expect: str = Field(
        default=r"\S",
        min_length=1,
        max_length=1000,
        description="A Python regular expression that must match somewhere in the answer.",
        json_schema_extra=allowed("a valid regular expression of 1 to 1000 characters"),
    )

    @field_validator("arguments")
    @classmethod
    def _is_short(cls, value: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps(value, ensure_ascii=False)
        if not (can_be_kept(value) and is_unicode(text)):
            raise problem("", value, KEPT)
        size = len(text)
        if size > _MOST_ARGUMENTS:
            raise problem("", size, f"at most {_MOST_ARGUMENTS} characters as JSON")
        return value

    @field_validator("expect")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return checked_pattern(value)
