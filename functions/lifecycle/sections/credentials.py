"""The section of the record about the credential providers. `lifecycle.credentials` makes what it lists."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from lifecycle.sections.base import Section

CredentialsChange = Literal["created", "updated", "unchanged"]
"""What an execution did to the credential providers and the role."""


class ProviderRecord(Section):
    """One credential provider; it is written before the provider is created.

    Attributes:
        type: `apiKey` or `oauth2`.
        name: What AgentCore calls it.
        arn: Its ARN; null until it was created.
        secret_arn: The caller's own secret.
        json_key: The member of the secret that has the value.
        discovery_url: For `oauth2`: the provider's discovery document.
        client_id: For `oauth2`: the client's id.
        scopes: For `oauth2`: the scopes that a token is asked for.
        for_agent: Whether the agent may use it. One that a target of the gateway names is the gateway's alone.
        tags: The tags last written.
        echoed: Digest of the form that AgentCore gave it back in right after it was written, if that is another one.
    """

    type: Literal["apiKey", "oauth2"]
    name: str
    arn: str | None = None
    secret_arn: str
    json_key: str
    discovery_url: str | None = None
    client_id: str | None = None
    scopes: list[str] = Field(default_factory=list)
    for_agent: bool = True
    tags: dict[str, str] = Field(default_factory=dict)
    echoed: str | None = None


class RoleRecord(Section):
    """The role that the agent of an environment with credentials runs with.

    Attributes:
        name: Its name.
        arn: Its ARN; null until it was created.
        policy: Its own policy as it was last written.
        tags: The tags last written.
        written: ARN of the execution that last made or changed it: IAM may show what was there before.
    """

    name: str
    arn: str | None = None
    policy: dict[str, Any] | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    written: str | None = None


class CredentialsDeployment(Section):
    """What one execution does to the providers and the role, recorded before it is done.

    Attributes:
        execution: Which execution.
        change: What it does, in all.
        repaired: The drift that it found and repaired, one phrase each.
        written: The providers that AgentCore took from it: one of these that fails is this execution's failure.
    """

    execution: str
    change: CredentialsChange
    repaired: list[str] = Field(default_factory=list)
    written: list[str] = Field(default_factory=list)


class CredentialsRecord(Section):
    """The credential providers of an environment, and its agent's role.

    Attributes:
        providers: The providers that were asked for last, by the names in the input.
        former: Providers that an earlier version of the agent may use; they go when another version is promoted.
        role: The agent's role.
        deployment: What the last execution did.
    """

    providers: dict[str, ProviderRecord] = Field(default_factory=dict)
    former: list[ProviderRecord] = Field(default_factory=list)
    role: RoleRecord | None = None
    deployment: CredentialsDeployment | None = None
