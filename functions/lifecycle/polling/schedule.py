"""When a polling loop looks next: computed from what it has waited and from how long earlier runs took.

A loop waits for one thing that AWS does, such as a build. Times are in seconds since AWS began with it. Up to 900 s the
loop looks at every multiple of ten, so it never finds out later than a loop that looks every ten seconds, whatever was
learned. Between these it looks often early, when a look costs little, and around the moment at which earlier runs were
ready. After 900 s the gaps grow, because a history of Step Functions has at most 25,000 events.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

Kind = Literal["build", "create", "update", "promote", "deleteEndpoints", "delete"]
"""What a loop waits for, as far as its durations are learned."""

Span = list[int]
"""How long a run took, in whole seconds: two numbers, when it was not ready yet and when it was."""

Learned = dict[str, list[Span]]
"""The last runs of each kind, the newest last. An older version of the product ignores kinds that it does not know."""

RUNS = 5
"""How many runs of a kind are kept. When the narrowest of them drops out, the loop looks a little earlier again."""

BOUNDED_UNTIL = 900
"""Until then no gap is longer than ten seconds."""

# (until, gap): from two to three minutes the gap is ten seconds, which pays for the early looks.
_STRETCHES = ((4, 1), (10, 2), (120, 5), (180, 10), (BOUNDED_UNTIL, 5))
_TEN = 10
_LATE_SHARE = 15  # after that, a gap is this fraction of what was waited
_WINDOW_LOOKS = 4
_WIDEST_WINDOW = 20
_AFTER_WINDOW = (1, 2, 4, 8)
_LONGEST_PROOF = 5  # a run that was found after a longer sleep was ready some time before
_ASSUMED = 2


class Look(BaseModel):
    """One look of a loop, and when to look again. The state machine keeps it and passes it to the next call.

    Attributes:
        kind: What the loop waits for; null when its duration says nothing about other runs.
        since: When AWS began with it, in seconds since the epoch.
        at: When this look was, in seconds since the epoch.
        wait_seconds: How long to wait before the next look.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, extra="ignore", defer_build=True
    )

    kind: Kind | None
    since: float
    at: float
    wait_seconds: int


@dataclass(frozen=True)
class Bounds:
    """What the caller allows.

    Attributes:
        shortest: The shortest gap, in seconds.
        longest: The longest gap, in seconds; None for no limit.
        deadline: When the loop gives up, in seconds since AWS began; None for never. It is always the last look.
    """

    shortest: float = 1
    longest: float | None = None
    deadline: float | None = None


def wait_seconds(waited: float, runs: list[Span], bounds: Bounds) -> int:
    """How long a loop waits before its next look.

    Args:
        waited: Seconds since AWS began.
        runs: How long earlier runs took, from `Learned`; may be empty.
        bounds: What the caller allows.

    Returns:
        Whole seconds, at least one.
    """
    moment = _next_moment(waited, expected(runs))
    if bounds.longest is not None:
        moment = min(moment, waited + bounds.longest)
    moment = max(moment, waited + bounds.shortest)
    if bounds.deadline is not None:
        moment = min(moment, bounds.deadline)
    # A Wait state takes whole seconds. A poll just before that moment would find nothing.
    return max(math.ceil(moment - waited), 1)


def looks(seconds: float, runs: list[Span], bounds: Bounds) -> Iterator[int]:
    """The moments of all looks until a moment, for calls that take no time.

    Args:
        seconds: The last look is at this moment or the first one after it.
        runs: How long earlier runs took.
        bounds: What the caller allows.

    Yields:
        Seconds since AWS began.
    """
    moment = 0
    while moment < seconds:
        moment += wait_seconds(moment, runs, bounds)
        yield moment


def learn(learned: Learned, look: Look | None, now: float, ended: float | None = None) -> Learned:
    """Add a run that is done to what was learned.

    Args:
        learned: What was learned before.
        look: The look before this one; None, or one without a kind, teaches nothing.
        now: When the run was found done, in seconds since the epoch.
        ended: When it was done, if AWS says so, in seconds since the epoch. Without it, a loop that once slept too
            long would learn its own sleep.

    Returns:
        What is known now.
    """
    if look is None or look.kind is None:
        return learned
    before, found = math.floor(look.at - look.since), math.ceil(now - look.since)
    # Clocks differ: a moment outside the run says nothing.
    if ended is not None and look.since < ended <= now:
        found = math.ceil(ended - look.since)
        before = found - 1
    span = [max(min(before, found - 1), 0), max(found, 1)]
    return {**learned, look.kind: [*learned.get(look.kind, []), span][-RUNS:]}


def expected(runs: list[Span]) -> tuple[int, int] | None:
    """When the next run is expected to be ready, if it takes as long as the earlier ones.

    Returns:
        After the first and at or before the second moment: where all runs agree, else where any of them was ready;
        None without runs.
    """
    if not runs:
        return None
    spans = [(low if high - low <= _LONGEST_PROOF else high - _ASSUMED, high) for low, high in runs]
    low, high = max(low for low, _ in spans), min(high for _, high in spans)
    if low < high:
        return low, high
    return min(low for low, _ in spans), max(high for _, high in spans)


def _next_moment(waited: float, window: tuple[int, int] | None) -> float:
    unknown = _moment_without_knowledge(waited)
    if window is None:
        return unknown
    begin, end = window
    regular = _multiple_after(waited, _TEN) if waited < BOUNDED_UNTIL else unknown
    if waited < end:
        return min(regular, _moment_in_window(waited, begin, end))
    for more in _AFTER_WINDOW:
        if waited < end + more:
            return min(regular, end + more)
    return unknown


def _moment_in_window(waited: float, begin: int, end: int) -> float:
    if end - begin > _WIDEST_WINDOW:
        return _moment_without_knowledge(max(waited, begin))
    gap = math.ceil((end - begin) / _WINDOW_LOOKS)
    return min(begin + _multiple_after(max(waited - begin, 0), gap), end)


def _moment_without_knowledge(waited: float) -> float:
    begin = 0
    for until, gap in _STRETCHES:
        if waited < until:
            return begin + _multiple_after(waited - begin, gap)
        begin = until
    return waited + waited / _LATE_SHARE


def _multiple_after(value: float, step: int) -> int:
    return (math.floor(value / step) + 1) * step
