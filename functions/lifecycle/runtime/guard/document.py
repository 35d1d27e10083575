"""The resource policy by which a runtime answers only one role.

Sources: AgentCore developer guide, "Restrict IAM (SigV4) inbound invocation to your gateway" and "Resource-based
policies for Amazon Bedrock AgentCore" (supported actions; the exact ARN in `Resource`).
"""

from __future__ import annotations

import json
from typing import Any

from lifecycle import names

PASSED_ON = ["bedrock-agentcore:GetAgentCard", "bedrock-agentcore:InvokeAgentRuntime"]
"""What a gateway may do to the runtime behind it: it passes on calls of `/TARGET/invocations` and the paths below.

The card of an A2A agent is at one of these. Which right AWS asks for then is not documented, so the gateway has both.
"""
# All that reaches an agent. The lifecycle and whoever else may do so still manage the runtime and stop its sessions.
_DENIED = [
    "bedrock-agentcore:GetAgentCard",
    "bedrock-agentcore:InvokeAgentRuntime",
    "bedrock-agentcore:InvokeAgentRuntimeCommand",
    "bedrock-agentcore:InvokeAgentRuntimeCommandShell",
    "bedrock-agentcore:InvokeAgentRuntimeForUser",
    "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",
    "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStreamForUser",
]


def policy_for(runtime_arn: str, role_arn: str) -> dict[str, Any]:
    """The policy. Only to allow the role would close nothing: within an account, a caller's own policies are enough.

    Args:
        runtime_arn: The runtime. Its policy counts for a call of any of its endpoints.
        role_arn: The only role that may call it.
    """
    others = {"ArnNotEquals": {"aws:PrincipalArn": role_arn}}
    statements = [
        {
            "Sid": "AllowTheGatewaysRole",
            "Effect": "Allow",
            "Principal": {"AWS": role_arn},
            "Action": PASSED_ON,
            "Resource": runtime_arn,
        },
        {
            "Sid": "DenyEverybodyElse",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": _DENIED,
            "Resource": runtime_arn,
            "Condition": others,
        },
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def is_policy(text: str, wanted: dict[str, Any]) -> bool:
    """Whether a policy, as AgentCore gives it back, is the wanted one, in whatever form IAM writes the same."""
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return bool(_normal(found) == _normal(wanted))


def digest_of(text: str | None) -> str | None:
    """A digest of a policy, the same for each form of it; None for none."""
    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    return names.digest(_normal(found))


def _normal(value: Any) -> Any:
    """A value with its lists sorted, a list of one item as that item, and `{"AWS": "*"}` as `*`."""
    if isinstance(value, dict):
        if value == {"AWS": "*"} or value == {"AWS": ["*"]}:
            return "*"
        return {name: _normal(item) for name, item in value.items()}
    if isinstance(value, list):
        items = sorted(map(_normal, value), key=lambda item: json.dumps(item, sort_keys=True))
        return items[0] if len(items) == 1 else items
    return value
