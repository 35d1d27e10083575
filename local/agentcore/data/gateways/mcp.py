"""A gateway with the protocol MCP: one MCP server whose tools are those of its targets.

Sources: Model Context Protocol, "Transports" and "Tools"; AgentCore developer guide, "Use a gateway" and "List
available tools".
"""

from __future__ import annotations

import base64
import json
from typing import Any

from werkzeug import Request, Response

from local.agentcore.control.gateways.checks import MCP_STATELESS, MCP_VERSIONS
from local.agentcore.control.gateways.records import Gateway
from local.agentcore.control.gateways.targets.synchronizing import ServerError
from local.agentcore.data.gateways import stateless
from local.agentcore.data.gateways.rpc import (
    BAD_PARAMS,
    INTERNAL,
    INVALID,
    NO_METHOD,
    PARSE,
    UNSUPPORTED_VERSION,
    RpcError,
)
from local.agentcore.data.gateways.tools import Tools, told

_VERSION_HEADER = "MCP-Protocol-Version"
PAGE = 100
"""Tools in one answer to `tools/list`. That it comes in pages is documented, how large they are is not."""


class McpServer:
    """Answers MCP requests; it keeps no sessions.

    Args:
        tools: The tools of gateways.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def answer(self, request: Request, gateway: Gateway) -> Response:
        """Answer a request whose caller was let in."""
        if request.method != "POST":
            # The transport lets a server that opens no stream and keeps no session say so.
            return Response(status=405, headers={"Allow": "POST"})
        identity = None
        try:
            message = _message(request.get_data())
            identity = message.get("id")
            result = self._result(request, gateway, message)
        except RpcError as error:
            body = {"code": error.code, "message": error.message}
            return _json({"jsonrpc": "2.0", "id": identity, "error": body}, error.status)
        if identity is None:
            return Response(status=202)
        return _json({"jsonrpc": "2.0", "id": identity, "result": result}, 200)

    def _result(self, request: Request, gateway: Gateway, message: dict[str, Any]) -> Any:
        method, params = message["method"], message.get("params") or {}
        versions = _versions(gateway)
        version = request.headers.get(_VERSION_HEADER)
        if version == MCP_STATELESS and version in versions:
            stateless.check_request(request, version, message)
            result = self._asked(gateway, method, params, versions)
            if result is None:
                raise RpcError(NO_METHOD, f"Method not found: {method}", 404)
            return stateless.completed(method, gateway.name, result)
        greeted = [each for each in versions if each != MCP_STATELESS]
        if method == "initialize":
            return _hello(gateway, greeted, params)
        if version is not None and version not in greeted:
            raise RpcError(BAD_PARAMS, f"Unsupported protocol version: {version}", 400)
        result = {} if method == "ping" else self._asked(gateway, method, params, ())
        if result is None:
            raise RpcError(NO_METHOD, f"Method not found: {method}")
        return result

    def _asked(
        self, gateway: Gateway, method: str, params: dict[str, Any], versions: tuple[str, ...]
    ) -> dict[str, Any] | None:
        """Return the result of a method; `None` if there is no such method.

        Args:
            gateway: The gateway.
            method: The method.
            params: Its parameters.
            versions: What `server/discover` lists; with none there is no such method.
        """
        if method.startswith("notifications/"):
            return {}
        if method == "tools/list":
            return self._list(gateway, params)
        if method == "tools/call":
            return self._call(gateway, params)
        if method == "server/discover" and versions:
            return {"supportedVersions": [*versions], **_able(gateway)}
        return None

    def _list(self, gateway: Gateway, params: dict[str, Any]) -> dict[str, Any]:
        try:
            listed = self._tools.listed(gateway)
        except ServerError as error:
            raise RpcError(INTERNAL, told(gateway, error)) from error
        if _configured(gateway).get("disableMcpListToolsPagination"):
            return {"tools": listed}
        start = _start(params.get("cursor"))
        more = {"nextCursor": _cursor(start + PAGE)} if len(listed) > start + PAGE else {}
        return {"tools": listed[start : start + PAGE], **more}

    def _call(self, gateway: Gateway, params: dict[str, Any]) -> dict[str, Any]:
        name, arguments = params.get("name"), params.get("arguments") or {}
        if not isinstance(name, str) or not isinstance(arguments, dict):
            raise RpcError(BAD_PARAMS, "Invalid params")
        result = self._tools.call(gateway, name, arguments)
        if result is None:
            raise RpcError(BAD_PARAMS, f"Unknown tool: {name}")
        return result


def _message(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RpcError(PARSE, "Parse error", 400) from error
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        raise RpcError(INVALID, "Invalid Request", 400)
    if not isinstance(message.get("params", {}), dict):
        raise RpcError(BAD_PARAMS, "Invalid params", 400)
    return message


def _versions(gateway: Gateway) -> tuple[str, ...]:
    chosen = _configured(gateway).get("supportedVersions")
    return tuple(sorted(chosen, reverse=True)) if chosen else MCP_VERSIONS


def _hello(gateway: Gateway, versions: list[str], params: dict[str, Any]) -> dict[str, Any]:
    if not versions:
        raise RpcError(UNSUPPORTED_VERSION, f"This gateway speaks {MCP_STATELESS} only.", 400)
    asked = params.get("protocolVersion")
    return {
        "protocolVersion": asked if asked in versions else versions[0],
        "serverInfo": {"name": gateway.name, "version": "1.0.0"},
        **_able(gateway),
    }


def _able(gateway: Gateway) -> dict[str, Any]:
    return {"capabilities": {"tools": {"listChanged": False}}, **_instructions(gateway)}


def _instructions(gateway: Gateway) -> dict[str, str]:
    configured = _configured(gateway)
    return {"instructions": configured["instructions"]} if "instructions" in configured else {}


def _configured(gateway: Gateway) -> dict[str, Any]:
    found: dict[str, Any] = gateway.members.get("protocolConfiguration", {}).get("mcp", {})
    return found


def _cursor(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode()


def _start(cursor: Any) -> int:
    if cursor is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(str(cursor).encode()))
    except ValueError:
        raise RpcError(BAD_PARAMS, "Invalid cursor") from None


def _json(document: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(document), status, mimetype="application/json")
