"""Errors of JSON-RPC 2.0, as MCP has them."""

from __future__ import annotations

from dataclasses import dataclass

PARSE, INVALID, NO_METHOD, BAD_PARAMS, INTERNAL = -32700, -32600, -32601, -32602, -32603
HEADER_MISMATCH, UNSUPPORTED_VERSION = -32020, -32022


@dataclass
class RpcError(Exception):
    """An error, and the HTTP status that it comes with."""

    code: int
    message: str
    status: int = 200
