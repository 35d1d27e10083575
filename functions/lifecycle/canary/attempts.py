"""Calls that AgentCore does not take while it is busy: the next look tells how it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.runtime import agentcore


def unless_busy(call: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """Do a call that makes or changes something.

    Args:
        call: Does it.

    Returns:
        AgentCore's answer; None when it is busy and did not take the call.
    """
    try:
        return call()
    except ClientError as error:
        if agentcore.is_conflict(error):
            return None
        raise
