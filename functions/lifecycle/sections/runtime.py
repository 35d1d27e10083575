"""The section of the record about the runtime and its versions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lifecycle.sections.base import Section
from lifecycle.sections.identity import IdentityRecord

Change = Literal["created", "updated", "unchanged", "pending"]
"""What an execution did to the runtime's configuration."""


class Deployment(Section):
    """What one execution does to the runtime's configuration, recorded before it is done."""

    execution: str
    change: Change
    repaired: list[str] = Field(default_factory=list)


class Promotion(Section):
    """The version that one execution moves the endpoint `live` to, recorded before it is done."""

    execution: str
    version: str
    previous_version: str | None = None
    begun: bool = Field(default=False, description="AgentCore has accepted the move.")
    tries: int = Field(default=0, description="How often the move failed in this execution.")


class Guard(Section):
    """The resource policy of a runtime that answers only its gateway's role. It is written before the policy is put."""

    runtime_arn: str
    role_arn: str
    written: bool = Field(default=False, description="AgentCore took it.")
    execution: str | None = Field(
        default=None,
        description="Which execution last wrote it: its reads may show what was there before.",
    )
    replaced: str | None = Field(
        default=None,
        description="Digest of the policy that it took the place of; null without one.",
    )


class RuntimeRecord(Section):
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
    guard: Guard | None = Field(
        default=None,
        description="For callers with IAM: the resource policy that closes the runtime, all its versions at once.",
    )
    failed_candidates: list[str] = Field(
        default_factory=list, description="Versions that failed there since another one passed."
    )

    @property
    def is_guarded(self) -> bool:
        """Whether the runtime has the resource policy, so that it refuses every direct call."""
        guard = self.guard
        return guard is not None and guard.written and guard.runtime_arn == self.arn
