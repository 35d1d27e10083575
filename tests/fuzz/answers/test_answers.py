"""An agent's and an MCP server's answers end with a report or SmokeTestError, and show nothing of the token."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import SecretStr

from lifecycle.clients import Clients
from lifecycle.errors import SmokeTestError
from lifecycle.request.model import Request, parse_request
from lifecycle.smoke_test import gate as gate_module
from lifecycle.smoke_test.callers.bearer import BearerCaller
from lifecycle.smoke_test.gate import Gate
from lifecycle.smoke_test.invocation import Target
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.probes import Probe
from tests.fuzz.grammar.bodies import bodies, http_headers
from tests.fuzz.grammar.mutation import mutated
from tests.fuzz.grammar.values import values
from tests.fuzz.profile import tries
from tests.fuzz.tally import ANSWERS, TALLY, LetThrough

Headers = list[tuple[bytes, bytes]]
Reply = tuple[int, Headers, bytes]
Draw = Callable[[SearchStrategy[Any]], Any]

TOKEN = (
    "eyJraWQiOiJvbmUiLCJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI3NzcxIiwiY2xpZW50X2lkIjoicm9ib3QiLCJleHAi"
    "OjE3OTU3MDA1OTN9.Q7xP0aVb3nKd9LmTz2YcRw8EjHs5UoFi1GtNqXlBvMkCpWySeDrAhJu4Z6fOgI"
)
TARGET = Target(
    "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/name-abcdefghij", "DEFAULT", "s" * 33
)
ANSWER = {"result": "東京は晴れです", "stopReason": "end_turn", "usage": {"tokens": 12}}
JSON: Headers = [(b"content-type", b"application/json")]
_STATUSES = st.sampled_from(
    [200, 200, 200, 200, 200, 202, 204, 301, 400, 401, 403, 404, 424, 500, 504]
)
# The agent's log is read by tests/functions/lifecycle/agent_log.
SILENT: Any = SimpleNamespace(explain=lambda *_: "its log says nothing")
# So many characters in a row, whatever the case and what stands between them, are a part of the token.
_CUT = 24


class Agent(Clients):
    """Clients whose data plane is an agent that answers by a script; its last answer is repeated."""

    def __init__(self, replies: list[Reply]) -> None:
        super().__init__()
        self._replies = replies
        self.asked = 0
        endpoint = "https://bedrock-agentcore.us-east-1.amazonaws.com"
        self.__dict__["agentcore"] = SimpleNamespace(meta=SimpleNamespace(endpoint_url=endpoint))

    def http(self, seconds: float, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        def give(request: httpx.Request) -> httpx.Response:
            status, headers, body = self._replies[min(self.asked, len(self._replies) - 1)]
            self.asked += 1
            assert self.asked <= 200, "the conversation does not end"
            said = json.loads(request.content or b"null")
            number = said.get("id") if isinstance(said, dict) else None
            body = body.replace(b'"id": "asked"', b'"id": %s' % json.dumps(number).encode())
            return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

        return httpx.Client(transport=httpx.MockTransport(give), trust_env=False)


class Once(Patience):
    """Asks once, for as long as a busy machine takes."""

    def __init__(self) -> None:
        super().__init__(60.0)

    def wait(self, tries: int) -> bool:
        """Do not ask again."""
        return False


@pytest.fixture(autouse=True, scope="module")
def no_process_for_each_match() -> Iterator[None]:
    # The match runs in a process of its own, which takes long to start; test_pattern.py is about it.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate_module, "matches", lambda _pattern, text, _seconds: bool(text.strip()))
        yield


def request(protocol: str, prompt: str = "hello") -> Request:
    return parse_request({"runtime": {"protocol": protocol}, "smokeTest": {"prompt": prompt}})


def check(replies: list[Reply], asked: Request, *, answered: bool = True) -> None:
    """Ask as the smoke test does, and look at everything that it would show."""
    with TALLY.trying(ANSWERS):
        clients = Agent(replies)
        gate = Gate(TARGET, asked, Once(), [TOKEN], SILENT)
        probe = Probe("A call", BearerCaller(clients, SecretStr(TOKEN)), answered=answered)
        shown = []
        try:
            gate.ask(probe)
        except SmokeTestError as error:
            shown.append(str(error))
            assert len(shown[0]) <= 4000
        shown += [gate.answer, *(check.model_dump_json() for check in gate.checks)]
        for text in shown:
            assert text.encode() is not None
            _check_that_it_hides_the_token(text)


def _check_that_it_hides_the_token(text: str) -> None:
    plain = "".join(filter(str.isalnum, text)).lower()
    token = "".join(filter(str.isalnum, TOKEN)).lower()
    for start in range(len(token) - _CUT + 1):
        if token[start : start + _CUT] in plain:
            raise LetThrough(f"a part of the token: {text[:500]}")


@st.composite
def replies(draw: Draw, document: SearchStrategy[Any]) -> Reply:
    return draw(_STATUSES), draw(http_headers), draw(bodies(document))


@tries(few=80, full=3_000)
@given(replies(st.one_of(mutated(st.just(ANSWER)), values)), st.booleans())
@example((200, JSON, b'"\\ud800"'), True)
@example((200, JSON, b'{"a":' * 5000 + b"1" + b"}" * 5000), True)
@example((424, JSON, b"[" * 100_000), True)
@example((200, JSON, b"1e400"), True)
@example((200, JSON, b"1" * 5000), True)
@example((200, JSON, b'{"a": 1, "a": 2}'), True)
@example((403, [(b"x-amzn-errortype", b"#")], b""), False)
@example((500, [(b"x-amzn-errortype", b"\xff\n")], b""), False)
@example((200, JSON, b'{"__type": {"a": 1}}'), False)
@example((418, JSON, b'{"code": ["\\ud800"]}'), False)
@example((999, JSON, b"x" * 3_000_000), True)
@example((301, [(b"location", b"AccessDenied:http://internal/")], b""), True)
@example((301, [(b"location", b"https://xn--99999999999/")], b""), True)
def test_answers_of_an_agent(reply: Reply, answered: bool) -> None:
    check([reply], request("HTTP"), answered=answered)


_TOOLS = {
    "tools": [
        {"name": "add", "inputSchema": {"type": "object", "required": ["a"]}},
        {"name": "weather", "inputSchema": {"type": "object", "properties": {}}},
    ]
}
_RESULTS: list[Any] = [
    {"supportedVersions": ["2026-07-28"], "capabilities": {}},
    {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "a"}},
    _TOOLS,
    {**_TOOLS, "nextCursor": "2"},
    {"content": [{"type": "text", "text": "晴れ"}], "isError": False},
    {"structuredContent": {"a": 1}},
    {"resultType": "input_required"},
]


def response(result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": "asked", "result": result}


_REFUSALS = [
    {"jsonrpc": "2.0", "id": "asked", "error": {"code": -32601, "message": "no"}},
    {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": -32022, "message": "no", "data": {"supported": ["2025-06-18"]}},
    },
]
_MESSAGES = st.sampled_from([*(response(result) for result in _RESULTS), *_REFUSALS])


def conversation(last: Any) -> list[Reply]:
    """What a good server of the earlier revisions answers, and then something else."""
    good: list[Any] = [_REFUSALS[0], response(_RESULTS[1]), {}, response(_TOOLS)]
    return [(200, JSON, json.dumps(message).encode()) for message in [*good, last]]


@tries(few=60, full=2_500)
@given(
    st.lists(
        st.one_of(
            replies(st.one_of(mutated(_MESSAGES), values)),
            _MESSAGES.map(lambda message: (200, JSON, json.dumps(message).encode())),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["hello", '{"tool": "add", "arguments": {"a": 1}}', '{"tool": "\u3042\\n"}']),
)
@example([(200, JSON, json.dumps(response({"tools": None})).encode())], "hello")
@example([(200, JSON, json.dumps(response(None)).encode())], "hello")
@example([(200, JSON, b'{"id": "asked", "result": {"supportedVersions": [{}, [], 1]}}')], "hello")
@example([(200, JSON, b'{"id": "asked", "error": []}')], "hello")
@example([(400, JSON, b'{"id": null, "error": {"data": {"supported": {}}}}')], "hello")
@example([(200, [(b"mcp-session-id", b"\xff")], b"{}")], "hello")
def test_answers_of_an_mcp_server(script: list[Reply], prompt: str) -> None:
    check(script, request("MCP", prompt))


@tries(few=24, full=800)
@given(
    st.sampled_from(_RESULTS).flatmap(lambda result: mutated(st.just(result))), st.integers(0, 4)
)
@example({"tools": [{"name": {}}]}, 3)
@example({"tools": [{"name": "a" * 100_000, "inputSchema": {"required": 1}}]}, 3)
@example({"tools": [{"name": "\ud800"}]}, 3)
@example({"tools": [], "nextCursor": {"a": 1}}, 3)
@example({"content": [{"type": "text", "text": {"\ud800": 1}}]}, 4)
@example({"content": {"type": "text"}}, 4)
@example({"structuredContent": "\ud800"}, 4)
@example({"protocolVersion": ["2025-06-18"]}, 1)
@example({"protocolVersion": {"a": 1}}, 1)
def test_a_wrong_answer_within_a_good_conversation(result: Any, place: int) -> None:
    script = conversation(response(_RESULTS[4]))
    script[place] = (200, JSON, json.dumps(response(result)).encode())
    check(script, request("MCP"))


_CUTS: list[Callable[[str], str]] = [
    str,
    str.upper,
    str.swapcase,
    lambda text: text[::-1][::-1],
    lambda text: "\n".join(text[at : at + 76] for at in range(0, len(text), 76)),
    lambda text: "\r\n  ".join(text[at : at + 20] for at in range(0, len(text), 20)),
    " ".join,
    "\u200b".join,
    "\0".join,
    "<br>".join,
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.b64encode(f"xy{text}".encode()).decode(),
    lambda text: text.encode().hex(),
    lambda text: text.encode().hex(" "),
    lambda text: urllib.parse.quote(text, safe=""),
    lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    lambda text: "".join(f"\\u{ord(character):04x}" for character in text),
    lambda text: "".join(f"&#{ord(character)};" for character in text),
    lambda text: json.dumps(json.dumps({"a": text})),
]


@tries(few=40, full=1_500)
@given(
    st.sampled_from(_CUTS),
    st.integers(0, len(TOKEN) - _CUT),
    st.integers(_CUT, len(TOKEN)),
    st.text(max_size=20),
    st.sampled_from([200, 424, 500, 400]),
    st.sampled_from(["plain", "json", "events"]),
)
def test_an_answer_with_a_part_of_the_token(
    cut: Callable[[str], str], start: int, length: int, around: str, status: int, form: str
) -> None:
    text = f"{around}{cut(TOKEN[start : start + length])}{around}"
    if form == "events":
        lines = [
            f"data: {json.dumps({'data': text[at : at + 10]})}" for at in range(0, len(text), 10)
        ]
        reply = (status, [(b"content-type", b"text/event-stream")], "\n\n".join(lines).encode())
    elif form == "json":
        reply = (status, JSON, json.dumps({"result": text}).encode())
    else:
        reply = (status, [(b"content-type", b"text/plain")], text.encode(errors="replace"))
    check([reply], request("HTTP"))
    check([reply], request("MCP"))
