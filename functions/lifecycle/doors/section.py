"""The section of the record about the gateway. `lifecycle.gateway` makes what it lists."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import Field

from lifecycle.doors.address import invocation_address
from lifecycle.doors.caller import CallingRole
from lifecycle.doors.mcp import McpRecord
from lifecycle.sections.base import Section

AUTHORIZER_PART, ROLE_PART, TARGET_PART = "authorizer", "role", "target"
_MEMBERS = {
    AUTHORIZER_PART: ("authorizerType", "authorizerConfiguration"),
    TARGET_PART: ("name", "targetConfiguration", "credentialProviderConfigurations"),
}

GatewayChange = Literal["created", "updated", "unchanged"]
"""What an execution did to the gateway and its target."""


class GatewayDeployment(Section):
    """What one execution does to the gateway and its target, recorded before it is done.

    Attributes:
        execution: Which execution.
        change: What it does, in all.
        repaired: The drift that it found and repaired, one phrase each.
        written: The parts that AgentCore took from it: one of these that fails is this execution's failure.
    """

    execution: str
    change: GatewayChange
    repaired: list[str] = Field(default_factory=list)
    written: list[str] = Field(default_factory=list)


class GatewayRecord(Section):
    """The gateway in front of the environment's runtime, and its target.

    It is written before the gateway is created.

    Attributes:
        name: The gateway's name.
        id: What AgentCore calls it; null until it was created.
        arn: Its ARN.
        url: Its address as `GetGateway` gives it; null until it was ready once.
        target_id: What AgentCore calls its target; null until that was created.
        candidate_begun: Whether a target for the version under test, which only a closed runtime has, may exist.
        candidate_id: What AgentCore calls that target.
        deployed: Digest of each part as it was last written. Another one that is found is drift.
        echoed: Digest of each part that AgentCore gave back in another form than it was written in, in that form.
        tags: The tags last written.
        deployment: What the last execution that deployed it did.
        proven: Its last test passed, and nothing was changed since.
        mcp: What only an MCP gateway has; null for one in front of the runtime.
        caller: The role with which it calls the runtime; null for one that passes on what its callers sign in with.
    """

    name: str
    id: str | None = None
    arn: str | None = None
    url: str | None = None
    target_id: str | None = None
    candidate_begun: bool = False
    candidate_id: str | None = None
    deployed: dict[str, str] = Field(default_factory=dict)
    echoed: dict[str, str] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    deployment: GatewayDeployment | None = None
    proven: bool = False
    mcp: McpRecord | None = None
    caller: CallingRole | None = None

    @property
    def endpoint(self) -> str | None:
        """The address that callers use; None until the gateway was ready once."""
        if self.url is None:
            return None
        return self.url if self.mcp is not None else invocation_address(self.url)

    @property
    def calls_by_itself(self) -> bool:
        """Whether its targets are called with its own role."""
        return self.caller is not None and not self.caller.idle

    @property
    def has_own_role(self) -> bool:
        """Whether the environment may have a role for its gateway alone."""
        return self.mcp is not None or self.caller is not None

    @property
    def is_intended(self) -> bool:
        """Whether a gateway may have been created whose id was never recorded."""
        began = self.deployment is not None and self.deployment.change == "created"
        return began and not self.deployed

    def is_echo(self, part: str, observed: dict[str, Any]) -> bool:
        """Whether a part is in the form that AgentCore gave it back in right after it was written.

        Args:
            part: The authorizer or the target.
            observed: The answer of `GetGateway` or `GetGatewayTarget`.
        """
        return part in self.deployed and self.echoed.get(part) == echo_of(part, observed)


def echo_of(part: str, observed: dict[str, Any]) -> str:
    """The digest of a part as AgentCore gives it back, whatever the order of its lists.

    Args:
        part: The authorizer or the target.
        observed: The answer of `GetGateway` or `GetGatewayTarget`.
    """
    # Every part but the authorizer is a target's.
    members = _MEMBERS.get(part, _MEMBERS[TARGET_PART])
    form = _sorted({name: observed.get(name) for name in members})
    return hashlib.sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()


def is_form_of(ours: Any, theirs: Any) -> bool:
    """Whether a value may be another form of ours: it lacks members or has more of them, or lists in another order."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return all(is_form_of(ours[name], theirs[name]) for name in ours.keys() & theirs.keys())
    if isinstance(ours, list) and isinstance(theirs, list):
        pairs = zip(_sorted(ours), _sorted(theirs), strict=False)
        return len(ours) == len(theirs) and all(is_form_of(one, other) for one, other in pairs)
    return bool(ours == theirs)


def _sorted(value: Any) -> Any:
    """A value with its lists in one order: none of them has an order that counts."""
    if isinstance(value, dict):
        return {name: _sorted(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted(map(_sorted, value), key=lambda item: json.dumps(item, sort_keys=True))
    return value
