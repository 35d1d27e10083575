"""The gate of an MCP runtime: initialize, list, call one tool."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from lifecycle.errors import SmokeTestError
from lifecycle.identity.provision import provision_identity
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.conversations.mcp_conversation import choose_tool
from lifecycle.smoke_test.run import SmokeTestReport, run_smoke_test
from tests.functions.lifecycle.smoke_test.fake_runtime import reply

SESSION = "mcp-session-0123456789-0123456789-0123456789"
TOOLS = [
    {"name": "add", "inputSchema": {"type": "object", "required": ["a", "b"]}},
    {"name": "weather", "inputSchema": {"type": "object", "properties": {}}},
]


class McpServer:
    """A stateless MCP server behind the runtime; `stream` answers as server-sent events."""

    def __init__(self, *, stream: bool = False, pages: int = 1) -> None:
        self.stream = stream
        self.pages = pages
        self.methods: list[str] = []
        self.error: dict[str, Any] | None = None
        self.result: dict[str, Any] | None = None

    def __call__(self, payload: dict[str, Any], headers: dict[str, str]) -> Any:
        assert {"application/json", "text/event-stream"} <= set(headers["accept"].split(", "))
        method = payload["method"]
        self.methods.append(method)
        if method == "server/discover":
            # A server of an earlier revision knows no such request without a session.
            return 400, {"content-type": "text/plain"}, b"Bad Request: Missing session ID"
        if method != "initialize":
            assert headers["mcp-session-id"] == SESSION
            assert headers["mcp-protocol-version"] == "2025-03-26"
        if method == "notifications/initialized":
            assert "id" not in payload
            return 202, {}, b""
        value = {"jsonrpc": "2.0", "id": payload["id"], **self._outcome(method, payload)}
        named = {"mcp-session-id": SESSION}
        if self.stream:
            note = {"jsonrpc": "2.0", "method": "notifications/message", "params": {}}
            events = "".join(f"event: message\ndata: {json.dumps(v)}\n\n" for v in (note, value))
            return 200, {**named, "content-type": "text/event-stream"}, events.encode()
        return 200, {**named, "content-type": "application/json"}, json.dumps(value).encode()

    def _outcome(self, method: str, payload: dict[str, Any]) -> dict[str, Any]:
        if method == "initialize":
            return {"result": {"protocolVersion": "2025-03-26", "capabilities": {}}}
        if method == "tools/list":
            page = int(payload["params"].get("cursor", 1))
            more = {"nextCursor": str(page + 1)} if page < self.pages else {}
            return {"result": {"tools": TOOLS if page == self.pages else [], **more}}
        if self.error is not None:
            return {"error": self.error}
        said = f"{payload['params']['name']} {payload['params']['arguments']} 晴れ"
        return {"result": self.result or {"content": [{"type": "text", "text": said}]}}


@pytest.fixture(params=["cognito", "iam"])
def mcp(smoke: Any, request: pytest.FixtureRequest) -> Any:
    if request.param == "iam":
        smoke.deploy(IdentityRecord(type="iam"))
    else:
        provision_identity(smoke.world.event(), clients=smoke.world.clients)
        smoke.deploy()
    smoke.runtime.agent = McpServer()
    return smoke


def run(smoke: Any, **smoke_test: Any) -> SmokeTestReport:
    event = smoke.world.event(runtime={"protocol": "MCP"}, smokeTest=smoke_test)
    return run_smoke_test(event, clients=smoke.clients, sleep=smoke.pauses.append).smoke_test


@pytest.mark.parametrize("stream", [False, True])
def test_the_first_tool_without_required_arguments_is_called(mcp: Any, stream: bool) -> None:
    mcp.runtime.agent = McpServer(stream=stream)
    report = run(mcp, expect="晴れ")
    assert report.answer == "weather {} 晴れ"
    assert mcp.runtime.agent.methods == [
        "server/discover",
        "initialize",
        "notifications/initialized",
        "tools/list",
        "tools/call",
    ]
    assert report.checks[-1].seen == "200 OK"


def test_the_prompt_names_tool_and_arguments(mcp: Any) -> None:
    report = run(mcp, prompt='{"tool": "add", "arguments": {"a": 1, "b": 2}}')
    assert report.answer == "add {'a': 1, 'b': 2} 晴れ"


def test_tools_of_every_page_count(mcp: Any) -> None:
    mcp.runtime.agent = McpServer(pages=3)
    assert run(mcp).answer == "weather {} 晴れ"


class ModernServer:
    """A server of revision 2026-07-28 alone: no `initialize`, each request is checked for itself."""

    supported = ("2026-07-28",)

    def __init__(self, tool: str = "weather") -> None:
        self.tool = tool
        self.methods: list[str] = []

    def __call__(self, payload: dict[str, Any], headers: dict[str, str]) -> Any:
        method, number = payload["method"], payload["id"]
        self.methods.append(method)
        meta = payload["params"].get("_meta", {})
        named = headers.get("mcp-name", "")
        if named.startswith("=?base64?"):
            named = base64.b64decode(named[9:-2]).decode()
        mirrored = (
            headers.get("mcp-protocol-version")
            == meta.get("io.modelcontextprotocol/protocolVersion")
            and headers.get("mcp-method") == method
            and named == payload["params"].get("name", "")
            and "io.modelcontextprotocol/clientCapabilities" in meta
        )
        if not mirrored:
            return reply(400, {"jsonrpc": "2.0", "id": number, "error": {"code": -32020}})
        if "2026-07-28" not in self.supported:
            data = {"supported": list(self.supported), "requested": "2026-07-28"}
            error = {"code": -32022, "message": "Unsupported protocol version", "data": data}
            return reply(400, {"jsonrpc": "2.0", "id": number, "error": error})
        results: dict[str, Any] = {
            "server/discover": {"supportedVersions": list(self.supported), "capabilities": {}},
            "tools/list": {"tools": [{"name": self.tool, "inputSchema": {"type": "object"}}]},
            "tools/call": {"content": [{"type": "text", "text": f"{self.tool}: 晴れ"}]},
        }
        if method not in results:
            error = {"code": -32601, "message": "Method not found"}
            return reply(404, {"jsonrpc": "2.0", "id": number, "error": error})
        result = {"resultType": "complete", **results[method]}
        return reply(200, {"jsonrpc": "2.0", "id": number, "result": result})


@pytest.mark.parametrize("tool", ["weather", "天気", " padded ", "=?base64?literal?="])
def test_a_server_without_initialize_is_understood(mcp: Any, tool: str) -> None:
    mcp.runtime.agent = ModernServer(tool)
    assert run(mcp, expect="晴れ").answer == f"{tool}: 晴れ"
    assert mcp.runtime.agent.methods == ["server/discover", "tools/list", "tools/call"]


def test_a_server_of_revisions_to_come_is_named(mcp: Any) -> None:
    mcp.runtime.agent = ModernServer()
    mcp.runtime.agent.supported = ("2030-01-01",)
    with pytest.raises(SmokeTestError, match=r'speaks MCP \["2030-01-01"\]; the smoke test speaks'):
        run(mcp)


def test_a_modern_server_s_error_is_shown(mcp: Any) -> None:
    class Refusing(ModernServer):
        def __call__(self, payload: dict[str, Any], headers: dict[str, str]) -> Any:
            if payload["method"] == "tools/call":
                error = {"code": -32602, "message": "bad arguments"}
                return reply(400, {"jsonrpc": "2.0", "id": payload["id"], "error": error})
            return super().__call__(payload, headers)

    mcp.runtime.agent = Refusing()
    with pytest.raises(SmokeTestError, match="tools/call: -32602 bad arguments"):
        run(mcp)
    assert mcp.pauses == []


@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("status", [200, 400])
def test_an_older_revision_is_agreed_on(mcp: Any, names: bool, status: int) -> None:
    asked: list[str] = []

    class Old(McpServer):
        def __call__(self, payload: dict[str, Any], headers: dict[str, str]) -> Any:
            if payload["method"] == "initialize":
                asked.append(payload["params"]["protocolVersion"])
                if asked[-1] != "2025-03-26":
                    data = {"data": {"supported": ["2025-03-26"]}} if names else {}
                    error = {"code": -32602, "message": "Unsupported protocol version", **data}
                    return reply(status, {"jsonrpc": "2.0", "id": payload["id"], "error": error})
            return super().__call__(payload, headers)

    mcp.runtime.agent = Old()
    assert run(mcp).passed
    assert asked == ["2025-11-25", *([] if names else ["2025-06-18"]), "2025-03-26"]


def test_an_answer_424_to_an_unknown_request_is_followed_by_initialize(mcp: Any) -> None:
    # AgentCore may report an agent's refusal as 424.
    mcp.runtime.script["good"] = [(424, {"x-amzn-errortype": "RuntimeClientError"}, b"{}")]
    assert run(mcp).passed
    assert mcp.pauses == []


def test_a_server_that_never_stops_paging_fails(mcp: Any) -> None:
    mcp.runtime.agent = McpServer(pages=10**6)
    with pytest.raises(SmokeTestError, match="tools/list has more than 20 pages"):
        run(mcp)


def test_both_sessions_are_stopped(mcp: Any) -> None:
    report = run(mcp)
    assert {call.session for call in mcp.runtime.stopped} == {report.session_id, SESSION}


def test_probes_that_must_be_refused_send_initialize(mcp: Any) -> None:
    run(mcp)
    probes = [call for call in mcp.runtime.invoked if call.kind != "good"]
    assert probes
    assert {call.payload["method"] for call in probes} == {"initialize"}


def test_a_json_rpc_error_fails_at_once(mcp: Any) -> None:
    mcp.runtime.agent.error = {"code": -32602, "message": "bad arguments"}
    with pytest.raises(SmokeTestError, match="tools/call: -32602 bad arguments"):
        run(mcp)
    assert mcp.pauses == []


def test_a_tool_that_fails_fails(mcp: Any) -> None:
    mcp.runtime.agent.result = {
        "isError": True,
        "content": [{"type": "text", "text": "no data"}],
    }
    with pytest.raises(SmokeTestError, match="tool weather failed: no data"):
        run(mcp)


def test_a_result_that_does_not_match_fails(mcp: Any) -> None:
    with pytest.raises(SmokeTestError, match="does not match; the answer is: weather"):
        run(mcp, expect="雪")


def test_structured_results_match_too(mcp: Any) -> None:
    mcp.runtime.agent.result = {"content": [], "structuredContent": {"天気": "雪"}}
    assert run(mcp, expect="雪").passed


def test_a_server_that_is_not_there_yet_is_asked_again(mcp: Any) -> None:
    mcp.runtime.script["good"] = [(504, {}, b""), (429, {}, b"")]
    assert run(mcp).passed
    assert len(mcp.pauses) == 2


def test_an_answer_that_is_no_json_rpc_fails(mcp: Any) -> None:
    mcp.runtime.agent = lambda payload, headers: (200, {"content-type": "text/html"}, b"<html>")
    with pytest.raises(SmokeTestError, match="initialize: the answer is no JSON-RPC response"):
        run(mcp)


@pytest.mark.parametrize(
    ("prompt", "name", "problem"),
    [
        ("今の天気はどうですか？", "weather", None),
        ('{"tool": "weather"}', "weather", None),
        ('{"tool": "snow"}', "snow", "no tool snow; there are: add, weather"),
        (
            '{"tool": "add", "arguments": [1]}',
            "add",
            "arguments of tool add must be a JSON object",
        ),
    ],
)
def test_choosing_a_tool(prompt: str, name: str, problem: str | None) -> None:
    chosen, _, why = choose_tool(TOOLS, prompt)
    assert (chosen, why) == (name, problem)


def test_no_tool_can_be_called_blindly() -> None:
    _, _, why = choose_tool(TOOLS[:1], "hello")
    assert why is not None
    assert "set smokeTest.prompt" in why
