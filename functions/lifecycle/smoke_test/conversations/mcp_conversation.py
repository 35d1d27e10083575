"""Talk to an MCP server: agree on a revision, list the tools, call one. JSON-RPC over the runtime's invocations URL.

A server speaks revision 2026-07-28, which has no `initialize`, or an earlier one, or both. `server/discover` tells:
a server that does not know it gets `initialize` (see `mcp_messages` for the sources).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from lifecycle.smoke_test.conversations import mcp_messages
from lifecycle.smoke_test.conversations.conversation import Conversation, Ended, Send
from lifecycle.smoke_test.conversations.json_rpc import response_in, short
from lifecycle.smoke_test.conversations.mcp_messages import LEGACY, MODERN
from lifecycle.smoke_test.invocation import Answer, Message
from lifecycle.smoke_test.untrusted import json_value

# The limit for a server that never ends its list of tools.
_MOST_PAGES = 20
# These say nothing about the server's revisions: the runtime is busy, starting or refuses the caller.
_NOT_THE_SERVER = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
# Streamable HTTP: a session id is visible ASCII. AgentCore takes at most 256 characters.
_SESSION_ID = re.compile(r"[\x21-\x7e]{1,256}")


def opening() -> Message:
    """The first message of a conversation with a server of an earlier revision, `initialize`."""
    return mcp_messages.initialize()


def converse(
    send: Send,
    prompt: str,
    lacks: Callable[[list[dict[str, Any]]], str | None] = lambda _tools: None,
) -> Conversation:
    """Agree on a revision, list the tools, call one of them.

    Args:
        send: Sends a message and returns the answer.
        prompt: JSON `{"tool": …, "arguments": {…}}`; anything else calls the first tool that needs no arguments.
        lacks: Says what a list of tools lacks; None if nothing.

    Returns:
        How it ended.
    """
    talk = _Talk(send, lacks)
    try:
        return talk.hold(prompt)
    except Ended as end:
        return Conversation(end.answer, problem=end.problem, session_id=talk.session_id)


class _Talk:
    def __init__(self, send: Send, lacks: Callable[[list[dict[str, Any]]], str | None]) -> None:
        self._send = send
        self._lacks = lacks
        self._version = MODERN
        self._id = 0
        self.session_id: str | None = None

    def hold(self, prompt: str) -> Conversation:
        if not self._is_modern():
            self._initialize()
        tools, answer = self._tools()
        lack = self._lacks(tools)
        if lack is not None:
            raise Ended(answer, lack)
        name, arguments, problem = choose_tool(tools, prompt)
        if problem is not None:
            raise Ended(answer, problem)
        result, answer = self._ask("tools/call", {"name": name, "arguments": arguments})
        if result.get("resultType") == "input_required":
            raise Ended(
                answer, f"tool {name} asks for more input; name another in smokeTest.prompt"
            )
        text = _text_of(result)
        if result.get("isError"):
            raise Ended(answer, f"tool {name} failed: {text}")
        return Conversation(answer, text=text, session_id=self.session_id)

    def _is_modern(self) -> bool:
        self._id += 1
        answer = self._post(mcp_messages.modern(self._id, "server/discover", {}, self.session_id))
        versions = mcp_messages.supported(response_in(answer, self._id))
        if versions is None:
            if answer.status is None or answer.status in _NOT_THE_SERVER:
                raise Ended(answer)
            return False
        if MODERN not in versions and not set(versions) & set(LEGACY):
            raise Ended(answer, _no_common(versions))
        return MODERN in versions

    def _initialize(self) -> None:
        asked = list(LEGACY[:-1])
        while True:
            self._version = asked.pop(0)
            self._id += 1
            answer = self._post(mcp_messages.initialize(self._id, self._version))
            response = response_in(answer, self._id)
            refused = response is not None and "error" in response
            if not asked or not (refused or answer.status == HTTPStatus.BAD_REQUEST):
                break
            versions = mcp_messages.supported(response)
            if versions is not None:
                asked = [version for version in LEGACY if version in versions]
                if not asked or self._version in asked:
                    raise Ended(answer, _no_common(versions))
        result = self._result("initialize", answer, response)
        agreed = result.get("protocolVersion")
        if agreed not in LEGACY:
            raise Ended(answer, _no_common([agreed]))
        self._version = agreed
        answer = self._post(
            mcp_messages.notification("notifications/initialized", self.session_id, agreed)
        )
        if answer.status is None or answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise Ended(answer)

    def _tools(self) -> tuple[list[dict[str, Any]], Answer]:
        tools: list[dict[str, Any]] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page, answer = self._ask("tools/list", {"cursor": cursor} if cursor else {})
            found = page.get("tools")
            if not isinstance(found, list) or not all(isinstance(tool, dict) for tool in found):
                raise Ended(answer, f"tools/list: tools is no list of objects: {short(found)}")
            tools += found
            cursor = page.get("nextCursor")
            if not cursor:
                return tools, answer
            if not isinstance(cursor, str):
                raise Ended(answer, f"tools/list: nextCursor is no text: {short(cursor)}")
        raise Ended(answer, f"tools/list has more than {_MOST_PAGES} pages")

    def _ask(self, method: str, parameters: dict[str, Any]) -> tuple[dict[str, Any], Answer]:
        self._id += 1
        if self._version == MODERN:
            message = mcp_messages.modern(self._id, method, parameters, self.session_id)
        else:
            message = mcp_messages.legacy(
                self._id, method, parameters, self.session_id, self._version
            )
        answer = self._post(message)
        return self._result(method, answer, response_in(answer, self._id)), answer

    def _result(
        self, method: str, answer: Answer, response: dict[str, Any] | None
    ) -> dict[str, Any]:
        # Revision 2026-07-28 gives an error a status of its own: 400 or 404.
        is_error = response is not None and "error" in response
        if answer.status != HTTPStatus.OK and not (is_error and self._version == MODERN):
            raise Ended(answer)
        if response is None:
            raise Ended(answer, f"{method}: the answer is no JSON-RPC response")
        if is_error:
            error = response["error"] if isinstance(response["error"], dict) else {}
            raise Ended(answer, f"{method}: {error.get('code')} {error.get('message')}")
        result = response["result"]
        if not isinstance(result, dict):
            raise Ended(answer, f"{method}: the result is no object: {short(result)}")
        return result

    def _post(self, message: Message) -> Answer:
        answer = self._send(message)
        if answer.mcp_session_id and _SESSION_ID.fullmatch(answer.mcp_session_id):
            self.session_id = answer.mcp_session_id
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
        asked = json_value(prompt)
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
        schema = tool.get("inputSchema")
        if not (isinstance(schema, dict) and schema.get("required")):
            return str(tool.get("name")), {}, None
    return (
        "",
        {},
        'no tool can be called without arguments; set smokeTest.prompt to {"tool": …, "arguments": {…}}; '
        f"there are: {', '.join(names) or 'none'}",
    )


def _no_common(versions: list[Any]) -> str:
    return f"the server speaks MCP {short(versions)}; the smoke test speaks {MODERN}, {', '.join(LEGACY)}"


def _text_of(result: dict[str, Any]) -> str:
    content = result.get("content")
    parts = (
        [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    )
    texts = [str(part.get("text", "")) for part in parts if part.get("type") == "text"]
    if not texts and "structuredContent" in result:
        texts = [json.dumps(result["structuredContent"], ensure_ascii=False)]
    return "\n".join(texts)
