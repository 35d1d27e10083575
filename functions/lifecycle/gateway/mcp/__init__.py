"""MCP gateways: a role of the gateway's own, the gateway, and a target for each source of tools."""
