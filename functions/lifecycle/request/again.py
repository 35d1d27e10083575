"""The input that provisions an environment once more as its last provision did."""

from __future__ import annotations

import time
from typing import Any

from lifecycle.record import Record
from lifecycle.request.limits.environment import SHORTEST_LIFETIME

_SECONDS_AN_HOUR = 3600


def input_again(record: Record) -> dict[str, Any] | None:
    """Return the input of the last provision, for another one.

    Args:
        record: The environment's record.

    Returns:
        The input; `None` if there was no provision, or the environment is being removed or about to expire.
    """
    last = record.request
    if last is None or record.state == "REMOVING":
        return None
    again = dict(last) | {
        "action": "provision",
        "environment": record.environment,
        # A rebuild that fails must not remove the live version.
        "teardown": "never",
        # The record says when an environment expires, not the request: a rollback brings an older one back.
        "ttlHours": None,
    }
    if record.expires_at is not None:
        # A rebuild does not extend an environment's lifetime.
        left = (record.expires_at - time.time()) / _SECONDS_AN_HOUR
        # The input takes no shorter lifetime.
        if left < SHORTEST_LIFETIME:
            return None
        again["ttlHours"] = left
    return again
