"""The test of an MCP gateway lists every target's tools and calls one; a tool that fails is asked again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lifecycle.gateway_test.mcp.address import ToMcpGateway
from lifecycle.gateway_test.mcp.blame import McpDoor
from lifecycle.gateway_test.mcp.conversation import missing_tools, protocol_of
from lifecycle.smoke_test.conversations.conversation import Conversation, Line
from lifecycle.smoke_test.invocation import JSON_TYPE, Answer, Message

PROMPT = json.dumps({"tool": "orders___get", "arguments": {"id": "7"}})


class Server:
    """An MCP gateway that lists some tools, and whose tool fails a number of times."""

    def __init__(self, *tools: str, failures: int = 0) -> None:
        self.tools = [{"name": tool, "inputSchema": {"type": "object"}} for tool in tools]
        self.failures = failures
        self.called: list[Any] = []
        self.waits = 0

    def send(self, message: Message) -> Answer:
        asked = json.loads(message.body)
        if "id" not in asked:
            return Answer(202, "Accepted")
        result, error = self._result(asked)
        body = {"id": asked["id"], **({"error": error} if error else {"result": result})}
        return Answer(200, "OK", json.dumps({"jsonrpc": "2.0", **body}), JSON_TYPE)

    def wait(self, _tries: int) -> bool:
        self.waits += 1
        return True

    def talk(self, wanted: dict[str, int]) -> Conversation:
        return protocol_of(wanted).converse(Line(self.send, self.wait), PROMPT)

    def _result(self, asked: dict[str, Any]) -> tuple[Any, Any]:
        if asked["method"] == "initialize":
            return {"protocolVersion": asked["params"]["protocolVersion"]}, None
        if asked["method"] == "tools/list":
            return {"tools": self.tools}, None
        if asked["method"] != "tools/call":
            return None, {"code": -32601, "message": "Method not found"}
        self.called.append(asked["params"])
        failed = len(self.called) <= self.failures
        text = "An internal error occurred." if failed else '{"state": "shipped"}'
        return {"isError": failed, "content": [{"type": "text", "text": text}]}, None


def test_the_tool_is_called_with_its_arguments() -> None:
    server = Server("orders___get", "other___add")
    talk = server.talk({"orders": 1, "other": 1})
    assert (talk.problem, talk.text) == (None, '{"state": "shipped"}')
    assert server.called == [{"name": "orders___get", "arguments": {"id": "7"}}]
    assert server.waits == 0


def test_a_role_that_is_not_seen_yet_heals() -> None:
    server = Server("orders___get", failures=2)
    assert server.talk({"orders": 1}).problem is None
    assert server.waits == 2


def test_a_tool_that_never_answers_fails_with_what_it_said() -> None:
    server = Server("orders___get", failures=100)
    problem = server.talk({"orders": 1}).problem
    assert problem == "tool orders___get failed: An internal error occurred."
    assert len(server.called) == 8


def test_a_target_without_its_tools_fails_although_the_tool_would_answer() -> None:
    server = Server("orders___get")
    problem = server.talk({"orders": 1, "other": 2}).problem
    assert problem == "tools/list has 0 tools of the target other, not 2"
    assert server.called == []


@pytest.mark.parametrize(
    ("names", "lacks"),
    [
        (["a___x", "a___y"], None),
        (["a___x"], "tools/list has 1 tools of the target a, not 2"),
        (["ab___x", "ab___y"], "tools/list has 0 tools of the target a, not 2"),
    ],
)
def test_tools_are_counted_by_their_targets(names: list[str], lacks: str | None) -> None:
    assert missing_tools({"a": 2}, [{"name": name} for name in names]) == lacks


@pytest.mark.parametrize("url", ["https://gw.example.com", "https://gw.example.com/mcp"])
def test_every_call_goes_to_the_mcp_address(url: str) -> None:
    target = ToMcpGateway("arn", "live", "session", gateway_url=url)
    assert (
        target.url("https://elsewhere.example.com", "invocations") == "https://gw.example.com/mcp"
    )


def test_the_cause_names_the_role_and_who_refused() -> None:
    door = McpDoor("the-role", "orders___get")
    assert "look at the trust policy of the gateway's role the-role" in door.unexpected
    refused = door.hint(Conversation(Answer(401, "Unauthorized")))
    assert refused.startswith("the gateway refused the caller")
