"""The record of an environment, as models: what exists, what created it, state, lock, expiry.

`lifecycle.table` reads and writes records.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator

from lifecycle.doors.section import GatewayRecord
from lifecycle.polling.schedule import Learned
from lifecycle.promotions.entry import Promoted
from lifecycle.sections.artifact import ArtifactRecord
from lifecycle.sections.base import Section
from lifecycle.sections.canary import CanaryRecord
from lifecycle.sections.credentials import CredentialsRecord
from lifecycle.sections.identity import IdentityRecord
from lifecycle.sections.runtime import RuntimeRecord
from lifecycle.telemetry.section import TelemetryRecord


class Lock(Section):
    """The execution that works on the environment."""

    execution: str
    acquired_at: str


class OpenCall(Section):
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


class Removal(Section):
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


class FailedSmokeTest(Section):
    """The report of the last smoke test that failed. A stage that fails returns nothing, so the report is kept here."""

    execution: str
    report: dict[str, Any]
    of_version: bool = Field(default=False, description="The version itself is bad.")


State = Literal["PROVISIONING", "READY", "FAILED", "REMOVING"]


class Record(Section):
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
    credentials: CredentialsRecord | None = None
    canary: CanaryRecord | None = None
    promotions: list[Promoted] = Field(default_factory=list, description="The newest last.")
    failed_smoke_test: FailedSmokeTest | None = None
    failed_gateway_test: FailedSmokeTest | None = None
    learned: Learned = Field(
        default_factory=dict, description="How long the environment's last runs took, by kind."
    )
    gateway_removal: Removal | None = None
    credentials_removal: Removal | None = None
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
        parts = (self.identity, self.artifact, self.runtime, self.telemetry, self.gateway)
        return not any((*parts, self.credentials))


def now() -> str:
    """The time in UTC, ISO 8601 with seconds, such as `2026-11-23T03:00:00Z`."""
    return timestamp(time.time())


def timestamp(seconds: float) -> str:
    """A moment, given in seconds since the epoch, in UTC and ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
