"""The revision 2026-07-28 of MCP: each request says by itself what it is, and there is no hello.

Sources: Model Context Protocol 2026-07-28, "Transports" and "Discovery"; AgentCore developer guide, "List available
tools".
"""

from __future__ import annotations

import base64
from typing import Any

from werkzeug import Request

from local.agentcore.data.gateways.rpc import HEADER_MISMATCH, RpcError

_META_VERSION = "io.modelcontextprotocol/protocolVersion"
_META_SERVER = "io.modelcontextprotocol/serverInfo"
_CACHED = ("tools/list", "server/discover")
"""What a client may keep. Here it may not: the list of a gateway's tools can change with each call."""


def check_request(request: Request, version: str, message: dict[str, Any]) -> None:
    """Check that the headers of a request say what its body says.

    Args:
        request: The request.
        version: The version in its header.
        message: Its body.

    Raises:
        RpcError: They do not.
    """
    method, params = message["method"], message.get("params") or {}
    meta = params.get("_meta")
    if not isinstance(meta, dict) or meta.get(_META_VERSION) != version:
        raise _mismatch("MCP-Protocol-Version", f"_meta['{_META_VERSION}']")
    if request.headers.get("Mcp-Method") != method:
        raise _mismatch("Mcp-Method", "method")
    if method == "tools/call" and _read(request.headers.get("Mcp-Name")) != params.get("name"):
        raise _mismatch("Mcp-Name", "params.name")


def completed(method: str, name: str, result: dict[str, Any]) -> dict[str, Any]:
    """Return a result with what this revision wants of every one.

    Args:
        method: What was asked.
        name: The gateway's name.
        result: The result as earlier revisions have it.
    """
    kept = {"ttlMs": 0, "cacheScope": "private"} if method in _CACHED else {}
    server = {_META_SERVER: {"name": name, "version": "1.0.0"}}
    return {"_meta": server, **result, "resultType": "complete", **kept}


def _read(value: str | None) -> str | None:
    """Return a header's value, which is in Base64 if no header can hold it."""
    if value is None or not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode()
    except ValueError:
        return None


def _mismatch(header: str, member: str) -> RpcError:
    return RpcError(HEADER_MISMATCH, f"The header {header} must be the same as {member}.", 400)
