"""The official MCP client, unmodified, calls the tools of an MCP runtime with a bearer token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError


@pytest.fixture(scope="module")
def url(invocations: Callable[..., str]) -> str:
    return invocations("mcp", protocolConfiguration={"serverProtocol": "MCP"})


async def use(url: str, headers: dict[str, str]) -> tuple[list[str], Any]:
    """List the tools and call one."""
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30.0, trust_env=False) as http,
        streamable_http_client(url, http_client=http) as streams,
        ClientSession(streams[0], streams[1]) as session,
    ):
        await session.initialize()
        tools = [tool.name for tool in (await session.list_tools()).tools]
        result = await session.call_tool("shout", {"text": "straße"})
        return tools, result.content[0].model_dump()["text"]


def test_tools_are_listed_and_called(url: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert asyncio.run(use(url, headers)) == (["shout", "count"], "STRASSE")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer a.b.c"}])
def test_without_a_good_token_nothing_is_initialised(url: str, headers: dict[str, str]) -> None:
    statuses = []

    async def note(response: httpx2.Response) -> None:
        statuses.append(response.status_code)

    async def start() -> None:
        hooks: Any = {"response": [note]}
        async with (
            httpx2.AsyncClient(headers=headers, event_hooks=hooks, trust_env=False) as http,
            streamable_http_client(url, http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            with pytest.raises(MCPError):
                await session.initialize()

    asyncio.run(start())
    assert statuses
    assert set(statuses) <= {401, 403}
