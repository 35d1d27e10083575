"""A gateway as the client of an MCP server: it says hello, asks one thing, and leaves, for each thing that it asks.

Sources: AgentCore developer guide, "MCP servers targets"; Model Context Protocol, "Transports", "Lifecycle", "Tools".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from local.agentcore.control.gateways.checks import MCP_VERSIONS
from local.agentcore.control.gateways.records import Gateway, Target
from local.agentcore.control.gateways.targets.synchronizing import ServerError
from local.agentcore.data.gateways.outgoing import Outgoing, SendError
from local.agentcore.data.proxy import MCP_SESSION_HEADER, SESSION_HEADER
from local.agentcore.model.errors import ServiceError

MOST_TOOLS = 10_000
"""Tools of one target (awslabs/agentcore-samples, "Refreshing tool definitions of your MCP servers")."""

_CLIENT = {"name": "bedrock-agentcore-gateway", "version": "1.0.0"}


class Servers:
    """Asks MCP servers.

    Args:
        outgoing: Sends requests.
        end_session: Ends the session of a runtime of this local AWS, by the id that it was given.
    """

    def __init__(self, outgoing: Outgoing, end_session: Callable[[str], None]) -> None:
        self._outgoing = outgoing
        self._end_session = end_session

    def tools(self, gateway: Gateway, target: Target) -> list[Any]:
        """Return the tools of a server.

        Raises:
            ServerError: It cannot be asked, or answers what no server should.
        """
        with self._conversation(gateway, target) as talk:
            found: list[Any] = []
            cursor: dict[str, Any] = {}
            while True:
                result = talk.ask("tools/list", cursor)
                listed = result.get("tools")
                if not isinstance(listed, list):
                    raise ServerError("The MCP server's answer to tools/list has no tools.")
                found += listed
                if len(found) > MOST_TOOLS:
                    raise ServerError(f"The MCP server has more than {MOST_TOOLS} tools.")
                if not result.get("nextCursor") or not listed:
                    return found
                cursor = {"cursor": result["nextCursor"]}

    def call(
        self, gateway: Gateway, target: Target, tool: str, arguments: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the result of a tool, as the server gives it.

        Raises:
            ServerError: It cannot be asked, or answers with an error.
        """
        with self._conversation(gateway, target) as talk:
            return talk.ask("tools/call", {"name": tool, "arguments": arguments})

    @contextmanager
    def _conversation(self, gateway: Gateway, target: Target) -> Iterator[_Conversation]:
        # A session of a runtime would wait for more; the next call begins one anew, on the version that serves then.
        session = f"gateway-{uuid.uuid4()}"
        try:
            talk = _Conversation(self._outgoing, gateway, target, session)
            talk.begin()
            yield talk
        except (ServiceError, SendError) as error:
            raise ServerError(str(error)) from error
        finally:
            self._end_session(session)


class _Conversation:
    """One session with a server."""

    def __init__(self, outgoing: Outgoing, gateway: Gateway, target: Target, session: str) -> None:
        self._outgoing = outgoing
        self._gateway = gateway
        self._target = target
        self._headers = {
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
        }
        if outgoing.is_runtime(target.settings["endpoint"]):
            self._headers[SESSION_HEADER] = session
        self._asked = 0

    def begin(self) -> None:
        """Say hello, and keep what the server answers: its version and the session."""
        hello = {
            "protocolVersion": self._version(),
            "capabilities": {},
            "clientInfo": _CLIENT,
        }
        result = self.ask("initialize", hello)
        version, able = result.get("protocolVersion"), result.get("capabilities")
        if version not in MCP_VERSIONS:
            raise ServerError(
                f"The MCP server speaks the version {version!r}, which is not supported."
            )
        if not isinstance(able, dict) or "tools" not in able:
            raise ServerError("The MCP server has no tools.")
        self._headers["MCP-Protocol-Version"] = version
        self._post({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Ask, and return the result.

        Raises:
            ServerError: The answer is an error, or no answer to this.
        """
        self._asked += 1
        message = {"jsonrpc": "2.0", "id": self._asked, "method": method, "params": params}
        answer = self._post(message)
        session = answer.headers.get(MCP_SESSION_HEADER)
        if session is not None:
            self._headers[MCP_SESSION_HEADER] = session
        found = next((one for one in _messages(answer) if one.get("id") == self._asked), {})
        error = found.get("error")
        if isinstance(error, dict):
            raise ServerError(f"The MCP server refused {method}: {error.get('message')}")
        result = found.get("result")
        if not isinstance(result, dict):
            raise ServerError(f"The MCP server did not answer {method}.")
        return result

    def _post(self, message: dict[str, Any]) -> httpx.Response:
        url, body = self._target.settings["endpoint"], json.dumps(message).encode()
        answer = self._outgoing.send(
            self._gateway, self._target, "POST", url, self._headers, None, body
        )
        if not answer.is_success:
            raise ServerError(f"{url} answered {message['method']} with {answer.status_code}.")
        return answer

    def _version(self) -> str:
        configured = self._gateway.members.get("protocolConfiguration", {}).get("mcp", {})
        chosen = configured.get("supportedVersions", MCP_VERSIONS)
        # A later version has no such hello.
        return max((one for one in chosen if one in MCP_VERSIONS), default=MCP_VERSIONS[0])


def _messages(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    """Yield the messages of an answer, which is one in JSON or a stream of events."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if kind != "text/event-stream":
        texts = [answer.text]
    else:
        texts = [
            "\n".join(
                line.removeprefix("data:").removeprefix(" ")
                for line in event.splitlines()
                if line.startswith("data:")
            )
            for event in answer.text.replace("\r\n", "\n").split("\n\n")
        ]
    for text in texts:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield found
