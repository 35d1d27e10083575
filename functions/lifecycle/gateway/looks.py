"""When the two loops of a gateway look: a third of the time waited after the last look.

They are the last of many loops, and a history of Step Functions has at most 25,000 events. A gateway takes seconds, and
a third of that is no longer than a look every ten seconds would take to find out.
"""

from __future__ import annotations

import math
import time
from typing import Any

from lifecycle.polling.schedule import Look
from lifecycle.request.stage_event import StageEvent

LONGEST = 600
"""How long a loop takes at most, in seconds, whatever the request says."""
MOST_LOOKS = 21
"""How often a loop looks at most, after the first time."""
_SHARE = 3


def seconds(event: StageEvent) -> int:
    """When a loop gives up, in seconds after it began."""
    return min(event.request.wait.timeout_seconds, LONGEST)


def is_last(event: StageEvent) -> bool:
    """Whether the deadline has come: this look is the last one."""
    return event.deadline is not None and _waited(event, time.time()) >= seconds(event)


def looked(event: StageEvent, *, done: bool) -> dict[str, Any]:
    """The members of `Polled` after a look. Nothing is learned: what is short need not be known before.

    Args:
        event: The stage's event; the deadline is the loop's.
        done: The loop ends.
    """
    now = time.time()
    if done:
        return {"done": True, "look": None, "learned": event.learned}
    waited = _waited(event, now)
    wait = wait_seconds(waited, seconds(event))
    look = Look(kind=None, since=now - waited, at=now, wait_seconds=wait)
    return {"done": False, "look": look, "learned": event.learned}


def wait_seconds(waited: float, limit: float) -> int:
    """How long to wait before the next look, in whole seconds.

    Args:
        waited: Since the loop began, seconds.
        limit: When the loop gives up, in seconds after it began.
    """
    moment = min(waited + math.ceil(waited / _SHARE), limit)
    return max(math.ceil(moment - waited), 1)


def _waited(event: StageEvent, now: float) -> float:
    """How long the loop has been going on: the state machine sets its deadline when it begins."""
    if event.deadline is None:
        return 0
    return max(now - (event.deadline - event.request.wait.timeout_seconds), 0)
