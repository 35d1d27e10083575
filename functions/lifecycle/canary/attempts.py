"""Calls that AgentCore does not take while it is busy: the next look tells how it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.runtime import agentcore


def attempt(call: Callable[[], Any]) -> bool:
    """Do a call, and tell whether AgentCore took it; it does not while it is busy."""
    try:
        call()
    except ClientError as error:
        if agentcore.is_conflict(error):
            return False
        raise
    return True


def made(call: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """The answer of a create; None when AgentCore is busy."""
    try:
        return call()
    except ClientError as error:
        if agentcore.is_conflict(error):
            return None
        raise
