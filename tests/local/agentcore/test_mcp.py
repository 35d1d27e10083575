"""An MCP server as runtime, called by the official client with a bearer token."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from werkzeug import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.local.agentcore.conftest import World

SERVER = """
import os
from mcp.server.mcpserver import MCPServer

server = MCPServer("sums")

@server.tool()
def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b

server.run(transport="streamable-http", host="0.0.0.0", port=8000,
           stateless_http=os.environ["STATELESS"] == "yes")
"""


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def issuer(key: rsa.RSAPrivateKey, serve: Callable[[Any], str]) -> str:
    """Serve the provider's documents, and return its issuer."""
    urls: list[str] = []

    def app(environ: Any, start_response: Any) -> Any:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
        document: dict[str, Any] = {"issuer": urls[0], "jwks_uri": f"{urls[0]}/keys"}
        if Request(environ).path == "/keys":
            document = {"keys": [public | {"kid": "one"}]}
        return Response(json.dumps(document), mimetype="application/json")(environ, start_response)

    urls.append(serve(app))
    return urls[0]


@pytest.fixture(params=["yes", "no"], ids=["stateless", "stateful"])
def url(
    world: World, issuer: str, serve: Callable[[Any], str], request: pytest.FixtureRequest
) -> str:
    """Return the URL of an MCP runtime, as its clients know it."""
    authorizer = {
        "discoveryUrl": f"{issuer}/.well-known/openid-configuration",
        "allowedClients": ["client"],
    }
    runtime = world.ready(
        uri=world.add_image("sums", SERVER, STATELESS=request.param),
        protocolConfiguration={"serverProtocol": "MCP"},
        authorizerConfiguration={"customJWTAuthorizer": authorizer},
    )
    arn = quote(runtime["agentRuntimeArn"], safe="")
    return f"{serve(world.core.data)}/runtimes/{arn}/invocations?qualifier=DEFAULT"


@pytest.fixture
def token(world: World, issuer: str, key: rsa.RSAPrivateKey) -> str:
    claims = {"iss": issuer, "client_id": "client", "exp": world.clock() + 3600}
    return jwt.encode(claims, key, "RS256", headers={"kid": "one"})


def test_the_official_client_lists_and_calls_tools(world: World, url: str, token: str) -> None:
    async def use() -> tuple[list[str], str]:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=20.0) as http,
            streamable_http_client(url, http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            tools = [tool.name for tool in (await session.list_tools()).tools]
            result = await session.call_tool("add", {"a": 2, "b": 40})
            return tools, str(result.content[0].model_dump()["text"])

    assert asyncio.run(use()) == (["add"], "42")
    # Every request of the client went into one session.
    assert len(world.core.sessions.running()) == 1


def rpc(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


INITIALIZE = rpc(
    "initialize",
    protocolVersion="2025-06-18",
    capabilities={},
    clientInfo={"name": "test", "version": "1"},
)


def test_the_mcp_session_id_leads_back_to_the_session(
    world: World, url: str, token: str, http: httpx.Client
) -> None:
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json, text/event-stream",
    }
    first = http.post(url, json=INITIALIZE, headers=headers)
    assert first.status_code == 200
    assert "sums" in first.text
    session = first.headers["mcp-session-id"]
    second = http.post(
        url,
        json={"jsonrpc": "2.0", "method": "notifications/initialized"},
        headers=headers | {"Mcp-Session-Id": session, "Mcp-Protocol-Version": "2025-06-18"},
    )
    assert second.status_code == 202
    assert second.headers["mcp-session-id"] == session
    assert len(world.core.sessions.running()) == 1


def test_an_idle_session_ends_though_its_server_cannot_be_asked(
    world: World, url: str, token: str, http: httpx.Client
) -> None:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    assert http.post(url, json=INITIALIZE, headers=headers).status_code == 200
    (session,) = world.core.sessions.running()
    process = session.process()
    assert process is not None
    assert process.alive()
    # The server leaves the session only after the client has its answer.
    deadline = time.monotonic() + 20
    while session.users:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    # An HTTP agent would be asked for /ping; an MCP server has no such path.
    world.clock.pass_(1000)
    world.core.sessions.sweep()
    assert world.core.sessions.running() == []
    assert not process.alive()


def test_a_refusal_is_json_rpc(world: World, url: str, http: httpx.Client) -> None:
    answer = http.post(url, json=INITIALIZE)
    assert answer.status_code == 401
    assert "resource_metadata=" in answer.headers["www-authenticate"]
    assert answer.json()["error"]["message"] == "Missing Authentication Token"
    assert world.core.sessions.running() == []


def test_what_the_server_refuses_is_passed_on(url: str, token: str, http: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    # MCP: a server says 406 to a client that cannot read its answers.
    answer = http.post(url, json=INITIALIZE, headers=headers | {"Accept": "text/html"})
    assert answer.status_code == 406
    assert http.put(url, headers=headers).status_code == 404
