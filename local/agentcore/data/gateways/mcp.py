"""A gateway with the protocol MCP: one MCP server whose tools are Lambda functions.

Sources: Model Context Protocol, "Transports" and "Tools"; AgentCore developer guide, "Use a gateway" and "Lambda
targets".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from werkzeug import Request, Response

from local.agentcore.control.gateways.checks import MCP_VERSIONS
from local.agentcore.control.gateways.records import USABLE, Gateway, Target
from local.agentcore.control.gateways.store import GatewayStore
from local.agentcore.data.gateways.rights import OutboundRights
from local.agentcore.model.errors import ServiceError
from local.edge.iam.permission import Permission

_VERSION_HEADER = "MCP-Protocol-Version"
_GENERIC = "An internal error occurred. Please retry later."
_PARSE, _INVALID, _NO_METHOD, _BAD_PARAMS = -32700, -32600, -32601, -32602


@dataclass
class _RpcError(Exception):
    """An error of JSON-RPC 2.0, and the HTTP status that it comes with."""

    code: int
    message: str
    status: int = 200


class McpServer:
    """Answers MCP requests; it keeps no sessions.

    Args:
        store: The account's gateways.
        rights: With which rights a function is called.
        clients: The local AWS.
    """

    def __init__(
        self, store: GatewayStore, rights: OutboundRights, clients: Callable[[str], Any]
    ) -> None:
        self._store = store
        self._rights = rights
        self._clients = clients

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
        except _RpcError as error:
            body = {"code": error.code, "message": error.message}
            return _json({"jsonrpc": "2.0", "id": identity, "error": body}, error.status)
        if identity is None:
            return Response(status=202)
        return _json({"jsonrpc": "2.0", "id": identity, "result": result}, 200)

    def _result(self, request: Request, gateway: Gateway, message: dict[str, Any]) -> Any:
        method, params = message["method"], message.get("params") or {}
        versions = _versions(gateway)
        if method == "initialize":
            asked = params.get("protocolVersion")
            return {
                "protocolVersion": asked if asked in versions else versions[0],
                "capabilities": {"tools": {"listChanged": False}},
                "serverInfo": {"name": gateway.name, "version": "1.0.0"},
                **_instructions(gateway),
            }
        version = request.headers.get(_VERSION_HEADER)
        if version is not None and version not in versions:
            raise _RpcError(_BAD_PARAMS, f"Unsupported protocol version: {version}", 400)
        if method == "ping" or method.startswith("notifications/"):
            return {}
        if method == "tools/list":
            return {"tools": [{**tool, "name": name} for name, _, tool in self._tools(gateway)]}
        if method == "tools/call":
            return self._call(request, gateway, params)
        raise _RpcError(_NO_METHOD, f"Method not found: {method}")

    def _tools(self, gateway: Gateway) -> Iterator[tuple[str, Target, dict[str, Any]]]:
        with self._store.using():
            targets = [each for each in gateway.targets.values() if each.status in USABLE]
        for target in targets:
            for tool in target.settings["toolSchema"]["inlinePayload"]:
                yield f"{target.name}___{tool['name']}", target, tool

    def _call(self, request: Request, gateway: Gateway, params: dict[str, Any]) -> dict[str, Any]:
        name, arguments = params.get("name"), params.get("arguments", {})
        found = next((target for known, target, _ in self._tools(gateway) if known == name), None)
        if found is None:
            raise _RpcError(_BAD_PARAMS, f"Unknown tool: {name}")
        function = found.settings["lambdaArn"]
        try:
            wanted = [Permission("lambda:InvokeFunction", function)]
            self._rights.check(request, gateway, found, wanted)
            answered = self._invoke(function, str(name), arguments)
        except (ServiceError, ClientError, BotoCoreError) as error:
            detailed = gateway.members.get("exceptionLevel") == "DEBUG"
            return _said(str(error) if detailed else _GENERIC, failed=True)
        payload = answered["Payload"].read().decode()
        return _said(payload, failed="FunctionError" in answered)

    def _invoke(self, function: str, tool: str, arguments: Any) -> Any:
        context = {"custom": {"bedrockAgentCoreToolName": tool}}
        return self._clients("lambda").invoke(
            FunctionName=function,
            Payload=json.dumps(arguments).encode(),
            ClientContext=base64.b64encode(json.dumps(context).encode()).decode(),
        )


def _message(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _RpcError(_PARSE, "Parse error", 400) from error
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        raise _RpcError(_INVALID, "Invalid Request", 400)
    if not isinstance(message.get("params", {}), dict):
        raise _RpcError(_BAD_PARAMS, "Invalid params", 400)
    return message


def _versions(gateway: Gateway) -> tuple[str, ...]:
    configured = gateway.members.get("protocolConfiguration", {}).get("mcp", {})
    chosen = configured.get("supportedVersions")
    return tuple(sorted(chosen, reverse=True)) if chosen else MCP_VERSIONS


def _instructions(gateway: Gateway) -> dict[str, str]:
    configured = gateway.members.get("protocolConfiguration", {}).get("mcp", {})
    return {"instructions": configured["instructions"]} if "instructions" in configured else {}


def _said(text: str, *, failed: bool) -> dict[str, Any]:
    return {"isError": failed, "content": [{"type": "text", "text": text}]}


def _json(document: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(document), status, mimetype="application/json")
