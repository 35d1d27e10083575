"""What the role of an MCP gateway may do: what its targets need, and nothing else.

Sources: AgentCore developer guide, "Gateway service role permissions" and "Set up outbound authorization for your
gateway".
"""

from __future__ import annotations

from collections.abc import Iterable

from lifecycle.gateway.mcp.resolved import Resolved
from lifecycle.names import LIVE_ENDPOINT
from lifecycle.roles.wanted import Policy, policy_of

ID_SUFFIX = "?" * 10
"""What AgentCore puts behind a gateway's name and a hyphen (botocore's model: GatewayArn), as a pattern of IAM.

`*` would also stand for the longer name of another environment's gateway.
"""
NOTHING: Policy = {"Effect": "Deny", "Action": "*", "Resource": "*"}


def rights_of(targets: Iterable[Resolved], gateway_name: str, place: str) -> Policy:
    """The policy, with exactly the functions, the runtime and the credentials of the targets.

    Args:
        targets: The targets.
        gateway_name: The gateway's name.
        place: What ARNs of AgentCore in the stack's account and Region begin with, up to the resource.
    """
    targets = list(targets)
    functions = sorted({arn for target in targets for arn in target.functions})
    runtimes = sorted({arn for target in targets for arn in target.runtimes})
    credentials = {target.outbound for target in targets if target.outbound is not None}
    statements = []
    if functions:
        statements.append(_allow(["lambda:InvokeFunction"], functions))
    if runtimes:
        ends = [f"{arn}/runtime-endpoint/{LIVE_ENDPOINT}" for arn in runtimes]
        statements.append(_allow(["bedrock-agentcore:InvokeAgentRuntime"], [*runtimes, *ends]))
    if credentials:
        directory = f"{place}workload-identity-directory/default"
        identities = [directory, f"{directory}/workload-identity/{gateway_name}-{ID_SUFFIX}"]
        statements.append(_allow(["bedrock-agentcore:GetWorkloadAccessToken"], identities))
        vault = f"{place}token-vault/default"
        # One statement for each action: IAM takes 10,240 characters at most.
        for action in sorted({one.action for one in credentials}):
            resources = sorted({one.resource for one in credentials if one.action == action})
            statements.append(_allow([action], [*identities, vault, *resources]))
        secrets = sorted({one.secret_arn for one in credentials if one.secret_arn})
        if secrets:
            statements.append(_allow(["secretsmanager:GetSecretValue"], secrets))
    # IAM takes no policy without a statement.
    return policy_of(*statements) if statements else policy_of(NOTHING)


def _allow(actions: list[str], resources: list[str]) -> Policy:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}
