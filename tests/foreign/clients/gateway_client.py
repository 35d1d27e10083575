"""The AgentCore SDK's gateway client, as it is: makes a gateway with a target, and calls it with the official client.

Standard input: {role, authorizer, endpoint, token}. Prints the gateway's id and address, and what the client saw.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import httpx2
from bedrock_agentcore._utils.config import WaitConfig
from bedrock_agentcore.gateway import GatewayClient
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

QUICK = WaitConfig(max_wait=120, poll_interval=1)


async def _called(url: str, token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        streamable_http_client(url, http_client=http) as streams,
        ClientSession(streams[0], streams[1]) as session,
    ):
        await session.initialize()
        tools = (await session.list_tools()).tools
        result = await session.call_tool("shouter___shout", {"text": "straße"})
        [content] = result.content
        assert content.type == "text"
        return {"tools": [tool.name for tool in tools], "text": content.text}


def main() -> None:
    """Do it."""
    given = json.load(sys.stdin)
    client = GatewayClient()
    gateway = client.create_gateway_and_wait(
        QUICK,
        name="sdk",
        role_arn=given["role"],
        protocol_type="MCP",
        authorizer_type="CUSTOM_JWT",
        authorizer_configuration=given["authorizer"],
    )
    provider = {"iamCredentialProvider": {"service": "bedrock-agentcore"}}
    target = client.create_gateway_target_and_wait(
        QUICK,
        gateway_identifier=gateway["gatewayId"],
        name="shouter",
        target_configuration={"mcp": {"mcpServer": {"endpoint": given["endpoint"]}}},
        credential_provider_configurations=[
            {"credentialProviderType": "GATEWAY_IAM_ROLE", "credentialProvider": provider}
        ],
    )
    listed = client.list_gateway_targets(gateway_identifier=gateway["gatewayId"])["items"]
    found = client.get_gateway_by_name("sdk")
    json.dump(
        {
            "id": gateway["gatewayId"],
            "target": target["targetId"],
            "url": gateway["gatewayUrl"],
            "status": target["status"],
            "listed": [each["name"] for each in listed],
            "found": found["gatewayId"] if found else None,
            **asyncio.run(_called(gateway["gatewayUrl"], given["token"])),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
