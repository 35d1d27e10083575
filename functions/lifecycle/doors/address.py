"""The address at which a gateway takes invocations of the environment's runtime."""

from __future__ import annotations

GATEWAY_TARGET = "live"
"""The gateway's target: the endpoint of that name. It is part of the address of an invocation."""


def invocation_address(url: str, target: str = GATEWAY_TARGET) -> str:
    """The address of an invocation through the target.

    Source: AgentCore developer guide, "Amazon Bedrock AgentCore Runtime targets": `{gateway}/{target}/invocations`.

    Args:
        url: The gateway's address as `GetGateway` gives it; an MCP gateway's ends in `/mcp`.
        target: The target's name.
    """
    return f"{url.rstrip('/').removesuffix('/mcp')}/{target}/invocations"
