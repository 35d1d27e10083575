"""The messages of MCP in both of its forms, and the revisions that the smoke test speaks.

Source: Model Context Protocol, revision 2026-07-28, "Versioning and Compatibility" and "Streamable HTTP"; revisions
2025-11-25 to 2025-03-26, "Lifecycle".
"""

from __future__ import annotations

import base64
import re
from typing import Any

from lifecycle.smoke_test.conversations.json_rpc import body_of
from lifecycle.smoke_test.invocation import Message

MODERN = "2026-07-28"
"""The revision without sessions: each request carries its version."""
LEGACY = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""The revisions with `initialize`, newest first. Some servers of Streamable HTTP still answer with the last."""

_CLIENT = {"name": "agentcore-lifecycle-smoke-test", "version": "1"}
_META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": _CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}
_PLAIN = re.compile(r"(?!=\?base64\?.*\?=$)[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def modern(number: int, method: str, parameters: dict[str, Any], session: str | None) -> Message:
    """A request of revision 2026-07-28, with the headers that mirror its body."""
    name = parameters.get("name") if method == "tools/call" else None
    return Message(
        body_of({"id": number, "method": method, "params": {**parameters, "_meta": _META}}),
        mcp_session_id=session,
        mcp_version=MODERN,
        mcp_method=method,
        mcp_name=None if name is None else _header(str(name)),
    )


def legacy(
    number: int,
    method: str,
    parameters: dict[str, Any],
    session: str | None = None,
    version: str | None = None,
) -> Message:
    """A request of a revision with `initialize`."""
    return Message(
        body_of({"id": number, "method": method, "params": parameters}), session, version
    )


def initialize(number: int = 1, version: str = LEGACY[0]) -> Message:
    """The first request of a revision with `initialize`; `version` is the one that is asked for."""
    parameters = {"protocolVersion": version, "capabilities": {}, "clientInfo": _CLIENT}
    return legacy(number, "initialize", parameters)


def notification(method: str, session: str | None, version: str) -> Message:
    """A notification, which gets no response."""
    return Message(body_of({"method": method}), session, version)


def supported(response: dict[str, Any] | None) -> list[str] | None:
    """The versions that a server names in a result of `server/discover` or in an error; None if it names none."""
    if response is None:
        return None
    error, result = response.get("error"), response.get("result")
    data = error.get("data") if isinstance(error, dict) else None
    versions: Any = None
    if isinstance(result, dict):
        versions = result.get("supportedVersions")
    elif isinstance(data, dict):
        versions = data.get("supported")
    if not isinstance(versions, list):
        return None
    return [version for version in versions if isinstance(version, str)]


def _header(value: str) -> str:
    """A header's value; what no header can carry is in Base64 between the marks of the revision."""
    if _PLAIN.fullmatch(value):
        return value
    return f"=?base64?{base64.b64encode(value.encode(errors='replace')).decode()}?="
