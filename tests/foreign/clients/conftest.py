"""Clients that others wrote, against one `lifecycle local up` for this folder."""

from __future__ import annotations

from tests.local.clients.conftest import (
    aws,
    caller,
    code,
    environment,
    invocations,
    outputs,
    request_of,
    token,
    up,
)

__all__ = [
    "aws",
    "caller",
    "code",
    "environment",
    "invocations",
    "outputs",
    "request_of",
    "token",
    "up",
]
