"""The section of the record about the identity."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lifecycle.sections.base import Section
from lifecycle.sections.flow import Flow


class IdentityRecord(Section):
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
    only_gateway: str | None = Field(
        default=None,
        description="ARN of the only gateway that callers reach the runtime through; null for an open one.",
    )

    @property
    def secret_arn(self) -> str | None:
        """The secret of the flow in use, if there is one."""
        return self.secret_arns.get(self.flow) if self.flow else None
