"""The conversation, held with a server of the MCP Python SDK, so with a reading of the protocol that is not ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from mcp.server.mcpserver import MCPServer

from lifecycle.smoke_test.conversations.conversation import Conversation
from lifecycle.smoke_test.conversations.mcp_conversation import converse
from lifecycle.smoke_test.invocation import Answer, Message


def weather() -> str:
    """Say the weather."""
    return "東京は晴れです"


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def broken() -> str:
    """Fail."""
    raise RuntimeError("no data")


@pytest.fixture(scope="module", params=[False, True], ids=["event-stream", "json"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    server = MCPServer("test")
    for tool in (add, weather, broken):
        server.add_tool(tool)
    app = server.streamable_http_app(stateless_http=True, json_response=request.param)
    uvicorn_server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws="none")
    )
    thread = threading.Thread(target=uvicorn_server.run)
    thread.start()
    deadline = time.monotonic() + 10
    while not uvicorn_server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    port = uvicorn_server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/mcp"
    uvicorn_server.should_exit = True
    thread.join()


def talk(url: str, prompt: str) -> Conversation:
    def send(message: Message) -> Answer:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "Mcp-Session-Id": message.mcp_session_id,
            "Mcp-Protocol-Version": message.mcp_version,
            "Mcp-Method": message.mcp_method,
            "Mcp-Name": message.mcp_name,
        }
        sent = {key: value for key, value in headers.items() if value is not None}
        response = httpx.post(url, content=message.body, headers=sent, trust_env=False)
        return Answer(
            response.status_code,
            response.reason_phrase,
            response.text,
            response.headers.get("content-type", "").partition(";")[0],
            response.headers.get("mcp-session-id"),
        )

    return converse(send, prompt)


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("今の天気はどうですか？", "東京は晴れです"),
        ('{"tool": "add", "arguments": {"a": 123, "b": 456}}', "579"),
    ],
)
def test_a_tool_is_called(url: str, prompt: str, text: str) -> None:
    conversation = talk(url, prompt)
    assert (conversation.answer.status, conversation.problem) == (200, None)
    assert conversation.text == text


@pytest.mark.parametrize(
    "prompt", ['{"tool": "broken"}', '{"tool": "add", "arguments": {"a": "x"}}']
)
def test_a_tool_that_fails_is_a_problem(url: str, prompt: str) -> None:
    assert "failed" in str(talk(url, prompt).problem)
