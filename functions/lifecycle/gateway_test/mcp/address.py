"""A call of an MCP gateway: its address, and what it is allowed on."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle.smoke_test.invocation import Target


@dataclass(frozen=True)
class ToMcpGateway(Target):
    """The gateway to call; `arn` is its ARN.

    Attributes:
        gateway_url: Its address as `GetGateway` gives it.
    """

    gateway_url: str

    def url(self, endpoint: str, path: str) -> str:
        """The URL of a call: the gateway is one MCP server, whatever the path.

        Source: AgentCore developer guide, "Use a gateway": `{gateway}/mcp`.

        Args:
            endpoint: Not used.
            path: Not used.
        """
        return f"{self.gateway_url.rstrip('/').removesuffix('/mcp')}/mcp"

    def resource_of(self, operation: str) -> str:
        """The ARN of what an operation is allowed on: the gateway."""
        return self.arn
