"""The input of an execution, as a model: the one table from which validation, defaults and documentation come.

`parse_request` takes what Step Functions was started with and returns a `Request` in which every default is filled in.
Field names are those of the JSON input (camelCase aliases); bounds of what is passed on to AgentCore are those of
botocore's service model.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from lifecycle.names import TAG_PREFIX, Flow
from lifecycle.request.inputs import InputModel, allowed, parse_input, problem, problems

ENVIRONMENT_PATTERN = r"^[a-z][a-z0-9-]{0,23}$"
DISCOVERY_URL_PATTERN = r"^https?://[^\s?#]+/\.well-known/openid-configuration$"
SECRET_ARN_PATTERN = r"^arn:aws(-[^:]+)?:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$"  # noqa: S105 - a pattern
CONTAINER_URI_PATTERN = (
    r"^([0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?|public\.ecr\.aws)"
    r"/(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*(?::[^:@]{1,300})?(?:@sha256:[0-9a-f]{64})?$"
)
# A poll loop of this many rounds stays well inside Step Functions' 25,000 history events.
_MOST_POLLS = 1000
# The record holds the request twice, and DynamoDB 400 KB an item; a state's input is 256 KiB at most.
_LARGEST = 100_000
_RESERVED_TAGS = ("aws:", f"{TAG_PREFIX}:")
DEFAULT_PROMPT = "今の天気はどうですか？"


class Source(InputModel):
    """Where another agent's source zip lies."""

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
        description="Version of the source zip; the latest when left out.",
        json_schema_extra=allowed("an S3 version id"),
    )


class Artifact(InputModel):
    """What is deployed."""

    type: Literal["container", "code"] = Field(
        default="container",
        description="An image in ECR, or a zip in S3 (direct code deployment).",
        json_schema_extra=allowed("container or code"),
    )
    source: Source | None = Field(
        default=None,
        description="Another agent's source zip; the bundled `agent/` when left out.",
        json_schema_extra=allowed("{bucket, key, versionId?}"),
    )
    container_uri: str | None = Field(
        default=None,
        max_length=1024,
        pattern=CONTAINER_URI_PATTERN,
        description="Deploy this image and build nothing.",
        json_schema_extra=allowed("an ECR image URI"),
    )

    @model_validator(mode="after")
    def _one_artifact(self) -> Self:
        if self.container_uri is not None and self.source is not None:
            raise problem("containerUri", self.container_uri, "containerUri or source, not both")
        if self.container_uri is not None and self.type != "container":
            raise problem("containerUri", self.container_uri, "only with artifact.type container")
        return self


class Auth(InputModel):
    """Who may call the runtime, and how the smoke test signs in."""

    type: Literal["cognito", "jwt", "iam"] = Field(
        default="cognito",
        description="Cognito provisioned here; an existing OpenID provider; SigV4.",
        json_schema_extra=allowed("cognito, jwt or iam"),
    )
    flow: Flow | None = Field(
        default=None,
        description="For `cognito`: a test user signs in (`password`, the default), or machine to machine.",
        json_schema_extra=allowed("password or clientCredentials, only for auth.type cognito"),
    )
    discovery_url: str | None = Field(
        default=None,
        max_length=2048,
        pattern=DISCOVERY_URL_PATTERN,
        description="For `jwt`: the provider's discovery document.",
        json_schema_extra=allowed("a URL that ends in /.well-known/openid-configuration"),
    )
    allowed_clients: list[Annotated[str, Field(min_length=1)]] | None = Field(
        default=None,
        min_length=1,
        description="For `jwt`: values of the claim `client_id`.",
        json_schema_extra=allowed("a list of one or more strings, only for auth.type jwt"),
    )
    allowed_audience: list[Annotated[str, Field(min_length=1)]] | None = Field(
        default=None,
        min_length=1,
        description="For `jwt`: values of the claim `aud`.",
        json_schema_extra=allowed("a list of one or more strings, only for auth.type jwt"),
    )
    allowed_scopes: (
        list[
            Annotated[
                str, Field(min_length=1, max_length=255, pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+$")
            ]
        ]
        | None
    ) = Field(
        default=None,
        min_length=1,
        description="For `jwt`: a token needs one of these scopes.",
        json_schema_extra=allowed(
            "a list of one or more scopes without spaces, only for auth.type jwt"
        ),
    )
    token_secret_arn: str | None = Field(
        default=None,
        max_length=2048,
        pattern=SECRET_ARN_PATTERN,
        description="For `jwt`: the secret with the credentials of the smoke test's own caller, JSON "
        "`{clientId, clientSecret, scope?, audience?}` for the provider's token endpoint. It must have the tag "
        "`agentcore-lifecycle:smoke-test` = `allowed`.",
        json_schema_extra=allowed(
            "the ARN of a Secrets Manager secret of this account, only for auth.type jwt"
        ),
    )

    @model_validator(mode="after")
    def _fields_fit_the_type(self) -> Self:
        for_jwt = {
            "discoveryUrl": self.discovery_url,
            "allowedClients": self.allowed_clients,
            "allowedAudience": self.allowed_audience,
            "allowedScopes": self.allowed_scopes,
            "tokenSecretArn": self.token_secret_arn,
        }
        found: list[tuple[str, Any, str]] = []
        if self.type != "jwt":
            given = {name: value for name, value in for_jwt.items() if value is not None}
            found += [(name, value, "only with auth.type jwt") for name, value in given.items()]
        else:
            missing = [n for n in ("discoveryUrl", "tokenSecretArn") if for_jwt[n] is None]
            found += [(name, None, "required with auth.type jwt") for name in missing]
            if not (self.allowed_clients or self.allowed_audience or self.allowed_scopes):
                one = "at least one of allowedClients, allowedAudience, allowedScopes"
                found.append(("allowedClients", None, one))
        if self.flow is not None and self.type != "cognito":
            found.append(("flow", self.flow, "only with auth.type cognito"))
        if found:
            raise problems(found)
        return self

    @property
    def cognito_flow(self) -> Flow:
        """How a caller of a Cognito environment gets a token."""
        return self.flow or "password"


class Network(InputModel):
    """The VPC that the runtime's network interfaces are put into."""

    subnets: list[Annotated[str, Field(pattern=r"^subnet-[0-9a-zA-Z]{8,17}$")]] = Field(
        min_length=1,
        max_length=16,
        description="Subnets of the runtime.",
        json_schema_extra=allowed("1 to 16 subnet ids"),
    )
    security_groups: list[Annotated[str, Field(pattern=r"^sg-[0-9a-zA-Z]{8,17}$")]] = Field(
        min_length=1,
        max_length=16,
        description="Security groups of the runtime.",
        json_schema_extra=allowed("1 to 16 security group ids"),
    )


class Runtime(InputModel):
    """Options that are passed on to the runtime."""

    protocol: Literal["HTTP", "MCP"] = Field(
        default="HTTP",
        description="Server protocol of the agent.",
        json_schema_extra=allowed("HTTP or MCP"),
    )
    environment_variables: dict[
        Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")],
        Annotated[str, Field(max_length=5000)],
    ] = Field(
        default_factory=dict,
        max_length=49,
        description="Environment variables of the agent. Not for secrets: they are part of the execution's input.",
        json_schema_extra=allowed(
            "an object of at most 49 names to strings of at most 5000 characters"
        ),
    )
    network: Network | None = Field(
        default=None,
        description="VPC of the runtime; public network when left out.",
        json_schema_extra=allowed("{subnets, securityGroups}"),
    )
    idle_timeout_seconds: int | None = Field(
        default=None,
        ge=60,
        le=1209600,
        description="A session without calls ends after this time; AgentCore's default when left out.",
        json_schema_extra=allowed("60 to 1209600, at most maxLifetimeSeconds"),
    )
    max_lifetime_seconds: int | None = Field(
        default=None,
        ge=60,
        le=1209600,
        description="A session ends after this time; AgentCore's default when left out.",
        json_schema_extra=allowed("60 to 1209600"),
    )
    request_headers: list[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,255}$")]] = Field(
        default_factory=list,
        max_length=20,
        description="Request headers that reach the agent.",
        json_schema_extra=allowed("a list of at most 20 header names"),
    )
    description: str | None = Field(
        default=None,
        min_length=1,
        max_length=4096,
        description="Description of the runtime.",
        json_schema_extra=allowed("1 to 4096 characters"),
    )

    @model_validator(mode="after")
    def _idle_within_lifetime(self) -> Self:
        idle, lifetime = self.idle_timeout_seconds, self.max_lifetime_seconds
        if idle is not None and lifetime is not None and idle > lifetime:
            raise problem("idleTimeoutSeconds", idle, f"at most maxLifetimeSeconds ({lifetime})")
        return self


class SmokeTest(InputModel):
    """What the gate asks, and what it wants to hear."""

    prompt: str = Field(
        default=DEFAULT_PROMPT,
        min_length=1,
        max_length=10000,
        description="What the agent is asked.",
        json_schema_extra=allowed("1 to 10000 characters"),
    )
    expect: str = Field(
        default=r"\S",
        min_length=1,
        max_length=1000,
        description="A regular expression (Python's) that the answer must match somewhere.",
        json_schema_extra=allowed("a valid regular expression of 1 to 1000 characters"),
    )
    timeout_seconds: int = Field(
        default=120,
        ge=1,
        le=600,
        description="How long the whole smoke test may take, a cold start of the agent included.",
        json_schema_extra=allowed("1 to 600"),
    )

    @field_validator("expect")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except (re.error, OverflowError, RecursionError) as error:
            raise problem("", value, f"a valid regular expression ({error})") from error
        return value


class Wait(InputModel):
    """The poll loops."""

    interval_seconds: int = Field(
        default=2,
        ge=0,
        le=300,
        description="The first wait of a poll loop; it grows by half each time, up to `maxIntervalSeconds`.",
        json_schema_extra=allowed("0 to 300, at most maxIntervalSeconds"),
    )
    max_interval_seconds: int = Field(
        default=15,
        ge=1,
        le=300,
        description="The longest wait between two polls.",
        json_schema_extra=allowed(f"1 to 300, at least timeoutSeconds / {_MOST_POLLS}"),
    )
    timeout_seconds: int = Field(
        default=1800,
        ge=1,
        le=14400,
        description="Each loop (build, runtime, promotion, deletion) gives up after this time.",
        json_schema_extra=allowed("1 to 14400"),
    )

    @model_validator(mode="after")
    def _intervals_fit(self) -> Self:
        if self.interval_seconds > self.max_interval_seconds:
            raise problem(
                "intervalSeconds",
                self.interval_seconds,
                f"at most maxIntervalSeconds ({self.max_interval_seconds})",
            )
        if self.timeout_seconds > _MOST_POLLS * self.max_interval_seconds:
            raise problem(
                "maxIntervalSeconds",
                self.max_interval_seconds,
                f"at least timeoutSeconds / {_MOST_POLLS}, or the execution's history overflows",
            )
        return self


class Request(InputModel):
    """What one execution is asked to do, with every default filled in."""

    action: Literal["provision", "teardown", "smokeTest"] = Field(
        default="provision",
        description="`provision` creates what is missing and updates what exists: run it again and it rebuilds in "
        "place.",
        json_schema_extra=allowed("provision, teardown or smokeTest"),
    )
    environment: str = Field(
        default="dev",
        pattern=ENVIRONMENT_PATTERN,
        description="Which environment.",
        json_schema_extra=allowed(
            "a lower-case letter, then up to 23 lower-case letters, digits or hyphens"
        ),
    )
    artifact: Artifact = Field(default_factory=Artifact, json_schema_extra=allowed("an object"))
    auth: Auth = Field(default_factory=Auth, json_schema_extra=allowed("an object"))
    runtime: Runtime = Field(default_factory=Runtime, json_schema_extra=allowed("an object"))
    tags: dict[
        Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[a-zA-Z0-9\s._:/=+@-]*$")],
        Annotated[str, Field(max_length=256, pattern=r"^[a-zA-Z0-9\s._:/=+@-]*$")],
    ] = Field(
        default_factory=dict,
        max_length=40,
        description="Tags of everything that is created.",
        json_schema_extra=allowed(
            "an object of at most 40 tag keys to values; not aws: and not agentcore-lifecycle:"
        ),
    )
    smoke_test: SmokeTest = Field(default_factory=SmokeTest, json_schema_extra=allowed("an object"))
    wait: Wait = Field(default_factory=Wait, json_schema_extra=allowed("an object"))
    teardown: Literal["never", "onFailure", "always"] = Field(
        default="never",
        description="When `provision` removes the whole environment again, also one that was live before: `onFailure` "
        "when it fails, `always` also when it succeeds (the round trip of build, prove, remove).",
        json_schema_extra=allowed("never, onFailure or always"),
    )
    ttl_hours: float | None = Field(
        default=None,
        gt=0,
        le=8760,
        description="The environment is torn down by the sweep when it expires.",
        json_schema_extra=allowed("a number over 0, up to 8760"),
    )
    dry_run: bool = Field(
        default=False,
        description="For `teardown`: say what would go, touch nothing.",
        json_schema_extra=allowed("true or false, true only with action teardown"),
    )

    @field_validator("tags")
    @classmethod
    def _tags_are_the_callers(cls, value: dict[str, str]) -> dict[str, str]:
        for key in value:
            if key.lower().startswith(_RESERVED_TAGS):
                raise problem(
                    "", key, "a tag key that is not reserved (aws:, agentcore-lifecycle:)"
                )
        return value

    @model_validator(mode="after")
    def _fits_into_the_record(self) -> Self:
        size = len(json.dumps(self.to_json(), ensure_ascii=False).encode())
        if size > _LARGEST:
            raise problem(
                "", f"{size} bytes as JSON with its defaults", f"at most {_LARGEST} bytes"
            )
        return self

    @model_validator(mode="after")
    def _dry_run_is_for_teardown(self) -> Self:
        if self.dry_run and self.action != "teardown":
            raise problem("dryRun", True, "true only with action teardown")
        return self

    def to_json(self) -> dict[str, Any]:
        """The request as the JSON object that travels through the state machine."""
        return self.model_dump(mode="json", by_alias=True)


def parse_request(event: Any) -> Request:
    """Validate an execution's input.

    Args:
        event: The input: an object of the fields of `Request`, or an EventBridge envelope around one.

    Returns:
        The request, with defaults filled in.

    Raises:
        InvalidRequestError: With each wrong field, what was given and what is allowed.
    """
    return parse_input(Request, event)
