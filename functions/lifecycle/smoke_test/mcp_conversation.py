"""Talk to an MCP server: initialize, list the tools, call one. JSON-RPC over the runtime's invocations URL.

Source: Model Context Protocol, revision 2025-06-18, "Lifecycle", "Streamable HTTP" and "Tools".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from lifecycle.smoke_test.answer_text import stream_events
from lifecycle.smoke_test.invocation import EVENT_STREAM, Answer, Message

PROTOCOL_VERSION = "2025-06-18"
# The limit for a server that never ends its list of tools.
_MOST_PAGES = 20

Send = Callable[[Message], Answer]


@dataclass(frozen=True)
class Conversation:
    """How a conversation ended.

    Attributes:
        answer: The last answer; if it is not a 200, the conversation ended there.
        text: The tool's result.
        problem: Why the conversation failed, if a retry will not help; otherwise None.
        session_id: The session id from the server, if any.
    """

    answer: Answer
    text: str = ""
    problem: str | None = None
    session_id: str | None = None


class _Ended(Exception):  # noqa: N818 - a signal inside this file
    def __init__(self, answer: Answer, problem: str | None = None) -> None:
        super().__init__(problem)
        self.answer = answer
        self.problem = problem


def opening() -> Message:
    """The first message of a conversation, `initialize`."""
    parameters = {
        "protocolVersion": PROTOCOL_VERSION,
        "capabilities": {},
        "clientInfo": {"name": "agentcore-lifecycle-smoke-test", "version": "1"},
    }
    return Message(_request(1, "initialize", parameters))


def converse(send: Send, prompt: str) -> Conversation:
    """Initialize, list the tools, call one of them.

    Args:
        send: Sends a message and returns the answer.
        prompt: JSON `{"tool": …, "arguments": {…}}`; anything else calls the first tool that needs no arguments.

    Returns:
        How it ended.
    """
    talk = _Talk(send)
    try:
        return talk.hold(prompt)
    except _Ended as end:
        return Conversation(end.answer, problem=end.problem, session_id=talk.session_id)


class _Talk:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._version: str | None = None
        self._id = 0
        self.session_id: str | None = None

    def hold(self, prompt: str) -> Conversation:
        agreed, _ = self._call("initialize", opening().body)
        self._version = str(agreed.get("protocolVersion", PROTOCOL_VERSION))
        self._notify("notifications/initialized")
        tools, answer = self._tools()
        name, arguments, problem = choose_tool(tools, prompt)
        if problem is not None:
            raise _Ended(answer, problem)
        result, answer = self._ask("tools/call", {"name": name, "arguments": arguments})
        text = _text_of(result)
        if result.get("isError"):
            raise _Ended(answer, f"tool {name} failed: {text}")
        return Conversation(answer, text=text, session_id=self.session_id)

    def _tools(self) -> tuple[list[dict[str, Any]], Answer]:
        tools: list[dict[str, Any]] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page, answer = self._ask("tools/list", {"cursor": cursor} if cursor else {})
            tools += page.get("tools", [])
            cursor = page.get("nextCursor")
            if not cursor:
                return tools, answer
        raise _Ended(answer, f"tools/list has more than {_MOST_PAGES} pages")

    def _ask(self, method: str, parameters: dict[str, Any]) -> tuple[dict[str, Any], Answer]:
        return self._call(method, _request(self._id + 1, method, parameters))

    def _call(self, method: str, body: bytes) -> tuple[dict[str, Any], Answer]:
        self._id += 1
        answer = self._post(body)
        if answer.status != HTTPStatus.OK:
            raise _Ended(answer)
        reply = _reply(answer, self._id)
        if reply is None:
            raise _Ended(answer, f"{method}: the answer is no JSON-RPC response")
        if "error" in reply:
            error = reply["error"] if isinstance(reply["error"], dict) else {}
            raise _Ended(answer, f"{method}: {error.get('code')} {error.get('message')}")
        result = reply.get("result")
        return result if isinstance(result, dict) else {}, answer

    def _notify(self, method: str) -> None:
        answer = self._post(json.dumps({"jsonrpc": "2.0", "method": method}).encode())
        if answer.status is None or answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise _Ended(answer)

    def _post(self, body: bytes) -> Answer:
        answer = self._send(Message(body, self.session_id, self._version))
        self.session_id = answer.mcp_session_id or self.session_id
        return answer


def choose_tool(tools: list[dict[str, Any]], prompt: str) -> tuple[str, dict[str, Any], str | None]:
    """Choose the tool to call, and its arguments.

    Args:
        tools: The server's tools.
        prompt: See `converse`.

    Returns:
        The tool's name, its arguments, and why no tool can be called (None when one can).
    """
    names = [str(tool.get("name")) for tool in tools]
    try:
        asked = json.loads(prompt)
    except ValueError:
        asked = None
    if isinstance(asked, dict) and isinstance(asked.get("tool"), str):
        name, arguments = asked["tool"], asked.get("arguments") or {}
        if name not in names:
            return name, {}, f"no tool {name}; there are: {', '.join(names) or 'none'}"
        if not isinstance(arguments, dict):
            return name, {}, f"arguments of tool {name} must be a JSON object"
        return name, arguments, None
    for tool in tools:
        if not (tool.get("inputSchema") or {}).get("required"):
            return str(tool.get("name")), {}, None
    return (
        "",
        {},
        'no tool can be called without arguments; set smokeTest.prompt to {"tool": …, "arguments": {…}}; '
        f"there are: {', '.join(names) or 'none'}",
    )


def _request(number: int, method: str, parameters: dict[str, Any]) -> bytes:
    return json.dumps(
        {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters},
        ensure_ascii=False,
    ).encode()


def _reply(answer: Answer, number: int) -> dict[str, Any] | None:
    if answer.content_type == EVENT_STREAM:
        candidates = list(stream_events(answer.body))
    else:
        try:
            candidates = [json.loads(answer.body)]
        except ValueError:
            return None
    # A stream may carry notifications before the response; an error to an unreadable request has the id null.
    for value in candidates:
        is_reply = isinstance(value, dict) and ("result" in value or "error" in value)
        if is_reply and value.get("id") in (number, None):
            found: dict[str, Any] = value
            return found
    return None


def _text_of(result: dict[str, Any]) -> str:
    content = [part for part in result.get("content", []) if isinstance(part, dict)]
    texts = [str(part.get("text", "")) for part in content if part.get("type") == "text"]
    if not texts and "structuredContent" in result:
        texts = [json.dumps(result["structuredContent"], ensure_ascii=False)]
    return "\n".join(texts)
