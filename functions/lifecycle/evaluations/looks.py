"""When the loop that waits for spans looks, and when it gives up."""

from __future__ import annotations

import math

from lifecycle.entry import Wire

MOST_LOOKS = 7
"""How often the loop looks at most, whatever the limit of time is.

Each look after the first adds nine events to the history, twelve if it is retried (tests/statemachine/test_history.py).
"""


class SpanLook(Wire):
    """One look for spans. The state machine keeps it and passes it to the next call.

    Attributes:
        number: Which look it was, from 1.
        since: When the first look was, in seconds since the epoch.
        records: How many spans and event records were there.
        wait_seconds: How long to wait before the next look.
    """

    number: int
    since: float
    records: int
    wait_seconds: int


def is_last(look: SpanLook | None, limit: int, now: float) -> bool:
    """Whether a look is the last one.

    Args:
        look: The look before it; None for the first.
        limit: `smokeTest.evaluationSeconds`.
        now: Seconds since the epoch.
    """
    if look is None:
        return False
    return look.number + 1 >= MOST_LOOKS or now >= look.since + limit


def next_look(look: SpanLook | None, records: int, limit: int, now: float) -> SpanLook:
    """The look that is made now, with the wait until the next.

    The looks are spread evenly over the limit: the first at once, as the cases may have taken minutes, and the last
    when the limit is over. With 300 seconds the gaps are 50 seconds. AWS's guide says that spans take 2 to 5 minutes.

    Args:
        look: The look before it; None for the first.
        records: How many spans and event records are there now.
        limit: `smokeTest.evaluationSeconds`.
        now: Seconds since the epoch.
    """
    number = look.number + 1 if look else 1
    since = look.since if look else now
    moment = since + limit * number / (MOST_LOOKS - 1)
    # A Wait state takes whole seconds; a slow query may have taken the moment already.
    wait = max(math.ceil(moment - now), 1)
    return SpanLook(number=number, since=since, records=records, wait_seconds=wait)
