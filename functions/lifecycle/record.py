"""The record of an environment, as models: what exists, what created it, state, lock, expiry.

`lifecycle.table` reads and writes records.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from lifecycle.doors.section import GatewayRecord
from lifecycle.names import Flow
from lifecycle.polling.schedule import Learned
from lifecycle.promotions.entry import Promoted
from lifecycle.telemetry.section import TelemetryRecord


class _Section(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, extra="ignore", defer_build=True
    )


class Lock(_Section):
    """The execution that works on the environment."""

    execution: str
    acquired_at: str


class OpenCall(_Section):
    """A call of a function that may still create or delete resources, until its deadline.

    DynamoDB keeps the calls of an environment as a set of strings, because only an element of a set can be added and
    removed without reading the others.
    """

    model_config = ConfigDict(frozen=True)

    deadline: int = Field(
        description="When Lambda ends the call at the latest, in seconds since the epoch."
    )
    handler: str
    request_id: str

    @classmethod
    def parse(cls, text: str) -> OpenCall:
        """Read an element of the set."""
        deadline, handler, request_id = text.split(" ")
        return cls(deadline=int(deadline), handler=handler, request_id=request_id)

    def __str__(self) -> str:
        """The element of the set, such as `1764158617 provision_identity 79104EXAMPLE`."""
        return f"{self.deadline} {self.handler} {self.request_id}"


class IdentityRecord(_Section):
    """The identity of an environment: what exists in Cognito, or which provider to trust. It has no secrets."""

    type: Literal["cognito", "jwt", "iam"]
    flow: Flow | None = None
    user_pool_id: str | None = None
    user_pool_arn: str | None = None
    client_id: str | None = None
    probe_client_id: str | None = Field(
        default=None, description="An app client that the runtime must refuse."
    )
    username: str | None = None
    secret_arns: dict[Flow, str] = Field(
        default_factory=dict,
        description="ARN of the caller's secret, for each flow that has been used.",
    )
    secret_version: str | None = Field(
        default=None, description="The version of the secret that Cognito has."
    )
    tagged_at: int | None = Field(
        default=None,
        description="When the lifecycle last tagged the pool or a secret, in seconds since the epoch.",
    )
    domain: str | None = None
    scope: str | None = Field(
        default=None, description="For client credentials: the scope that a caller needs."
    )
    probe_scope: str | None = Field(
        default=None, description="A scope that the runtime must refuse."
    )
    discovery_url: str | None = None
    allowed_clients: list[str] | None = None
    allowed_audience: list[str] | None = None
    allowed_scopes: list[str] | None = None
    token_secret_arn: str | None = None

    @property
    def secret_arn(self) -> str | None:
        """The secret of the flow in use, if there is one."""
        return self.secret_arns.get(self.flow) if self.flow else None


class ArtifactRecord(_Section):
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


Change = Literal["created", "updated", "unchanged", "pending"]
"""What an execution did to the runtime's configuration."""


class Deployment(_Section):
    """What one execution does to the runtime's configuration, recorded before it is done."""

    execution: str
    change: Change
    repaired: list[str] = Field(default_factory=list)


class Promotion(_Section):
    """The version that one execution moves the endpoint `live` to, recorded before it is done."""

    execution: str
    version: str
    previous_version: str | None = None
    begun: bool = Field(default=False, description="AgentCore has accepted the move.")
    tries: int = Field(default=0, description="How often the move failed in this execution.")


class Removal(_Section):
    """What one execution has removed so far, over all calls of its polling loop."""

    execution: str
    runtimes: list[str] = Field(default_factory=list, description="Ids of the runtimes to remove.")
    removed: list[str] = Field(default_factory=list)
    artifacts: list[str] = Field(
        default_factory=list,
        description="`hash/generation` of the artifacts that the environment used when the removal began.",
    )
    tried: list[str] = Field(
        default_factory=list,
        description="What AgentCore accepted a delete of; if it fails after that, the teardown fails.",
    )


class FailedSmokeTest(_Section):
    """The report of the last smoke test that failed. A stage that fails returns nothing, so the report is kept here."""

    execution: str
    report: dict[str, Any]
    of_version: bool = Field(default=False, description="The version itself is bad.")


class RuntimeRecord(_Section):
    """The runtime and its versions."""

    name: str
    id: str | None = None
    arn: str | None = None
    version: str | None = Field(
        default=None, description="The newest version, which the endpoint DEFAULT serves."
    )
    live_version: str | None = Field(default=None, description="The version that `live` serves.")
    live_endpoint_arn: str | None = None
    live_identity: IdentityRecord | None = Field(
        default=None,
        description="How callers sign in to that version, whatever was provisioned since.",
    )
    proven_version: str | None = Field(
        default=None, description="The version that last passed its smoke test."
    )
    failed_version: str | None = None
    failed_reason: str | None = None
    former_ids: list[str] = Field(
        default_factory=list,
        description="Ids of deleted runtimes that this one replaced; their log groups remain.",
    )
    artifact_type: Literal["container", "code"] | None = None
    deployed: dict[str, str] = Field(
        default_factory=dict,
        description="Digest of each part of the configuration as it was last written. A difference is drift.",
    )
    echoed: dict[str, str] = Field(
        default_factory=dict,
        description="Digest of each part as AgentCore gave it back when that deployment was ready: AgentCore's own "
        "form of what was asked is no drift.",
    )
    configured: list[list[str]] = Field(
        default_factory=list,
        description="Members that the last deployment took from `runtime.configuration` and `auth.configuration`, "
        "each as the names down to it.",
    )
    tags: dict[str, str] = Field(default_factory=dict, description="The tags last written.")
    deployment: Deployment | None = None
    promotion: Promotion | None = None
    candidate: Promotion | None = Field(
        default=None, description="The version that a rollback tests on the endpoint `candidate`."
    )
    failed_candidates: list[str] = Field(
        default_factory=list, description="Versions that failed there since another one passed."
    )


State = Literal["PROVISIONING", "READY", "FAILED", "REMOVING"]


class Record(_Section):
    """Everything that the lifecycle knows about one environment."""

    environment: str
    state: State = "PROVISIONING"
    state_reason: str | None = None
    lock: Lock | None = None
    open_calls: list[OpenCall] = Field(
        default_factory=list,
        description="Calls of functions that create or delete and have not ended, of this execution or an earlier one.",
    )
    removing: str | None = Field(
        default=None,
        description="ARN of the execution that began to delete last; it must not create anything any more.",
    )
    created_by: str | None = Field(default=None, description="ARN of the creating execution.")
    created_at: str | None = None
    updated_at: str | None = None
    expires_at: int | None = Field(default=None, description="Seconds since the epoch.")
    request: dict[str, Any] | None = Field(default=None, description="The last provision request.")
    proven_request: dict[str, Any] | None = Field(
        default=None,
        description="The last provision request that succeeded; `live` was provisioned with it.",
    )
    identity: IdentityRecord | None = None
    artifact: ArtifactRecord | None = None
    runtime: RuntimeRecord | None = None
    telemetry: TelemetryRecord | None = None
    gateway: GatewayRecord | None = None
    promotions: list[Promoted] = Field(default_factory=list, description="The newest last.")
    failed_smoke_test: FailedSmokeTest | None = None
    failed_gateway_test: FailedSmokeTest | None = None
    learned: Learned = Field(
        default_factory=dict, description="How long the environment's last runs took, by kind."
    )
    gateway_removal: Removal | None = None
    runtime_removal: Removal | None = None
    telemetry_removal: Removal | None = None
    artifact_removal: Removal | None = None
    identity_removal: Removal | None = None

    @field_validator("open_calls", mode="before")
    @classmethod
    def _parsed(cls, value: Iterable[Any]) -> list[Any]:
        parsed = (OpenCall.parse(item) if isinstance(item, str) else item for item in value)
        return sorted(parsed, key=str)

    def has_expired(self, moment: float) -> bool:
        """True when the environment's lifetime ended before a moment, in seconds since the epoch."""
        return self.expires_at is not None and self.expires_at <= moment

    @property
    def is_empty(self) -> bool:
        """True when the record lists no resource."""
        return not any((self.identity, self.artifact, self.runtime, self.telemetry, self.gateway))


def now() -> str:
    """The time in UTC, ISO 8601 with seconds, such as `2026-11-23T03:00:00Z`."""
    return timestamp(time.time())


def timestamp(seconds: float) -> str:
    """A moment, given in seconds since the epoch, in UTC and ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
