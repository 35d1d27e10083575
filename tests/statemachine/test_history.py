"""The longest input stays inside Step Functions' limit of 25,000 history events, over all its loops together.

The definition is walked, with the looks that the polling module computes. Each loop is given its whole time, which in
fact would end the execution, and each call of a loop fails once and is retried.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lifecycle.errors import InvalidRequestError
from lifecycle.evaluations import looks as evaluations
from lifecycle.gateway import looks as gateway
from lifecycle.polling.schedule import BOUNDED_UNTIL, Bounds, Span, looks
from lifecycle.request.cases.plan import MOST_BATCHES
from lifecycle.request.model import parse_request
from lifecycle.request.promotion.section import MOST_STEPS
from lifecycle.request.wait import (
    LONGEST_WITH_CANARY,
    MOST_EARLY_LOOKS,
    MOST_LOOKS,
    MOST_LOOKS_WITH_CANARY,
    Wait,
)
from tests.statemachine.history import (
    BEGIN_AND_END,
    EVENTS,
    ITERATION,
    RETRY,
    iterated,
    rounds,
    states_of,
    waits,
)

DEFINITION = json.loads(
    (Path(__file__).parents[2] / "statemachine" / "lifecycle.asl.json").read_text()
)
STATES = states_of(DEFINITION)
# Step Functions service quotas: the most events in the history of a standard workflow's execution.
MOST_EVENTS = 25_000
LONGEST = 14400
# The inputs that look most often: the narrowest gaps that are allowed, for short and long timeouts.
INPUTS = [
    {"timeoutSeconds": LONGEST},
    {"timeoutSeconds": LONGEST, "intervalSeconds": 0},
    {"timeoutSeconds": LONGEST, "maxIntervalSeconds": 765},
    {"timeoutSeconds": 1800},
    {"timeoutSeconds": 1800, "maxIntervalSeconds": 5},
    {"timeoutSeconds": MOST_EARLY_LOOKS, "intervalSeconds": 0, "maxIntervalSeconds": 1},
    {"timeoutSeconds": 638, "maxIntervalSeconds": 2},
]
KNOWN: list[list[Span]] = [
    [],
    [[56, 57]],
    [[895, 900]],
    [[880, 900]],
    [[0, 5], [LONGEST - 5, LONGEST]],
    [[13_000, 13_001]],
]


# This loop has a limit of its own for its time and its looks, the first of which is before its first round.
SPANS = "Wait for the spans"
SPAN_ROUNDS = evaluations.MOST_LOOKS - 1
# These, too.
GATEWAY = ("Wait for the gateway", "Wait for the gateway to go")
SHIFT, CLEARING = "Wait for the shift", "Wait for the canary to go"
CANARY = (SHIFT, CLEARING)
# No loop: a step waits once, and the next round is the next step.
BAKE = "Wait out the step"
CLEARED = ("Clear the canary", "Is the canary gone?")
STEP = (
    "Shift the traffic",
    "Is the traffic shifted?",
    BAKE,
    "Judge the step",
    "Is the canary over?",
)


def test_every_polling_loop_is_found() -> None:
    assert waits(DEFINITION) == [
        "Wait for the candidate",
        "Wait for the build",
        "Wait for the runtime",
        SPANS,
        SHIFT,
        BAKE,
        "Wait for the endpoint",
        CLEARING,
        *GATEWAY,
        "Wait for the deletion",
    ]
    assert rounds(DEFINITION, SPANS) == [
        [SPANS, "Evaluate the sessions", "Are the sessions evaluated?"]
    ]
    assert rounds(DEFINITION, "Wait for the endpoint") == [
        ["Wait for the endpoint", "Promote the version", "Is the version promoted?"]
    ]
    # The runtime's loop also has a round that deploys again.
    assert sorted(map(len, rounds(DEFINITION, "Wait for the runtime"))) == [3, 5]


@cache
def most_looks(seconds: int, shortest: int, longest: int | None) -> int:
    """The looks of a loop that waits for one thing, whatever was learned."""
    bounds = Bounds(shortest, longest, seconds)
    return max(sum(1 for _ in looks(seconds, runs, bounds)) for runs in KNOWN)


def cost(path: list[str], retries: int) -> int:
    """The events of one round in which each call is retried so many times."""
    kinds: list[str] = [STATES[name]["Type"] for name in path]
    events = sum(EVENTS[kind] for kind in kinds)
    return events + retries * RETRY * kinds.count("Task")


def whole(wait: Wait, retries: int, *, canary: bool = False) -> int:
    """The events of an execution whose loops all take their whole time, with those of a canary or without.

    A loop can wait for two things one after the other, and then its gaps start short again. In the runtime's loop a
    change of another must end before that; until then each round may deploy in vain.
    """
    # A canary is part of a provision, which may end in a teardown.
    either = EITHER[:1] if canary else EITHER
    return max(_whole(wait, retries, *part, canary=canary) for part in either)


# A dry run of a provision or rollback ends after its plan: it enters no loop.
PLANS = ("Plan the provision", "Plan the rollback")
BACK = ("Prepare the rollback", "Is there a version to go back to?")
# A rollback never tears down, whatever its input says: it waits for a candidate, or for a deletion nobody asked of it.
# A verification makes and removes nothing; if it fails, the version before is tested, too.
VERIFIED_LOOPS = (
    "Wait for the build",
    "Wait for the runtime",
    "Wait for the gateway to go",
    "Wait for the deletion",
)
EITHER: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("Wait for the candidate",), (*PLANS, *BACK)),
    (("Wait for the deletion", "Wait for the gateway to go"), (*PLANS, *BACK)),
    (VERIFIED_LOOPS, PLANS),
]
TESTING = (
    "Run the smoke test",
    "What follows the smoke test?",
    "Run the cases",
    "Are all cases run?",
    "Judge the cases",
    "Is there a version to promote?",
    "Record the failure",
    "Is the failure to be compensated?",
)


def _whole(
    wait: Wait,
    retries: int,
    without: tuple[str, ...],
    apart: tuple[str, ...],
    *,
    canary: bool = False,
) -> int:
    total: int = 0
    for name in waits(DEFINITION):
        if name in without or name == BAKE:
            continue
        if name == SHIFT and not canary:
            continue
        if name in CANARY:
            # What was left behind is cleared first, whatever the input asks for, and a canary itself at its end.
            loops = MOST_STEPS if name == SHIFT else 1 + canary
            path = min(rounds(DEFINITION, name), key=len)
            total += loops * gateway.MOST_LOOKS * cost(path, retries)
            continue
        costs = [cost(path, retries) for path in rounds(DEFINITION, name)]
        if name == SPANS or name in GATEWAY:
            total += (SPAN_ROUNDS if name == SPANS else gateway.MOST_LOOKS) * max(costs)
            continue
        splits = {min(BOUNDED_UNTIL, wait.timeout_seconds), wait.timeout_seconds, 0}
        splits |= {wait.timeout_seconds - split for split in splits}
        total += max(
            max(costs) * _looks(wait, split)
            + min(costs) * _looks(wait, wait.timeout_seconds - split)
            for split in splits
        )
    # Everything once, and that may be retried as often as the definition allows.
    apart = apart if canary else (*apart, *CANARY, *STEP)
    entered = [state for name, state in STATES.items() if name not in apart]
    # Clearing what was left behind asks again what is asked for.
    entered.append(STATES["What is asked for?"])
    if canary:
        entered += [STATES[name] for name in STEP] * (MOST_STEPS - 1)
        entered += [STATES[name] for name in CLEARED]
    times = 1
    if without == VERIFIED_LOOPS:
        entered += [STATES[name] for name in TESTING]
        times = 2
    total += BEGIN_AND_END + sum(EVENTS[state["Type"]] for state in entered)
    retried: list[int] = [
        retry["MaxAttempts"] for state in entered for retry in state.get("Retry", [])
    ]
    total += RETRY * sum(retried)
    # Each batch of cases; like a call of a loop, it is retried so many times. After one that cannot be run, which ends
    # in the Succeed state, nothing is promoted.
    kinds: list[str] = [state["Type"] for state in iterated(DEFINITION) if state["Type"] == "Task"]
    each = ITERATION + sum(EVENTS[kind] for kind in kinds) + retries * RETRY * kinds.count("Task")
    return total + times * MOST_BATCHES * each


def _looks(wait: Wait, seconds: int) -> int:
    return most_looks(seconds, wait.interval_seconds, wait.max_interval_seconds) if seconds else 0


@pytest.mark.parametrize("given", INPUTS, ids=json.dumps)
def test_the_longest_execution_stays_inside_the_history(
    given: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    wait = parse_request({"wait": given}).wait
    events = whole(wait, retries=1)
    with capsys.disabled():
        print(f"\nhistory: {events} events at most with wait {json.dumps(given)}")
    assert events < MOST_EVENTS


CANARY_INPUTS = [
    {"timeoutSeconds": 1800},
    {"timeoutSeconds": 300, "intervalSeconds": 0, "maxIntervalSeconds": 1},
    {"timeoutSeconds": MOST_LOOKS_WITH_CANARY, "intervalSeconds": 0, "maxIntervalSeconds": 1},
    {"timeoutSeconds": LONGEST_WITH_CANARY, "intervalSeconds": 0},
]


@pytest.mark.parametrize("given", CANARY_INPUTS, ids=json.dumps)
def test_the_longest_canary_stays_inside_the_history(
    given: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    canary = {"strategy": "canary", "steps": [1, 2, 3, 4, 5]}
    # The runtime answers only the gateway: its two states count, too.
    asked = {"gateway": {"type": "runtime", "only": True}, "promotion": canary, "wait": given}
    events = whole(parse_request(asked).wait, retries=1, canary=True)
    with capsys.disabled():
        print(f"\nhistory: {events} events at most with a canary and wait {json.dumps(given)}")
    assert events < MOST_EVENTS


@pytest.mark.parametrize("given", [*INPUTS[:3], INPUTS[4], INPUTS[5]], ids=json.dumps)
def test_waits_that_leave_no_room_for_a_canary_are_refused(given: dict[str, Any]) -> None:
    asked = {"gateway": {"type": "runtime"}, "promotion": {"strategy": "canary"}, "wait": given}
    with pytest.raises(InvalidRequestError, match=r"wait: given .* history overflows"):
        parse_request(asked)


def test_a_verification_that_rolls_back_is_not_the_longest_execution() -> None:
    wait = parse_request({"wait": INPUTS[0]}).wait
    verification, *_ = (_whole(wait, 1, *part) for part in EITHER if part[0] == VERIFIED_LOOPS)
    assert 0 < verification < whole(wait, retries=1)


def test_gaps_that_would_overflow_the_history_are_refused() -> None:
    for timeout in (MOST_EARLY_LOOKS + 1, 1800, LONGEST):
        narrow = {"timeoutSeconds": timeout, "maxIntervalSeconds": 1, "intervalSeconds": 0}
        with pytest.raises(InvalidRequestError, match="history overflows"):
            parse_request({"wait": narrow})
    unchecked = Wait.model_construct(
        interval_seconds=0, max_interval_seconds=1, timeout_seconds=MOST_LOOKS + 20
    )
    assert whole(unchecked, retries=1) > MOST_EVENTS


@pytest.mark.parametrize("timeout", [1, 60, 600, LONGEST])
def test_the_gateway_is_looked_for_until_its_limit_and_rarely(timeout: int) -> None:
    limit, waited, gaps = min(timeout, gateway.LONGEST), 0, []
    while waited < limit:
        gaps.append(gateway.wait_seconds(waited, limit))
        waited += gaps[-1]
    assert len(gaps) <= gateway.MOST_LOOKS
    assert waited == limit
    # For half a minute it is not found out later than with a look every ten seconds.
    assert all(gap <= 10 for index, gap in enumerate(gaps) if sum(gaps[:index]) < 30)


def test_evaluations_add_at_most_a_hundred_events() -> None:
    names = ("Evaluate the sessions", "Are the sessions evaluated?", SPANS)
    once = sum(EVENTS[STATES[name]["Type"]] for name in names)
    retried = sum(retry["MaxAttempts"] for retry in STATES[names[0]]["Retry"])
    (path,) = rounds(DEFINITION, SPANS)
    assert once + RETRY * retried + SPAN_ROUNDS * cost(path, retries=1) <= 100


@pytest.mark.parametrize("limit", [60, 300, 900])
@pytest.mark.parametrize("query_seconds", [0.1, 70])
def test_the_spans_are_looked_for_until_the_limit_and_no_more_than_seven_times(
    limit: int, query_seconds: float
) -> None:
    look, now, looked = None, 0.0, 0
    while True:
        looked += 1
        now += query_seconds
        if evaluations.is_last(look, limit, now):
            break
        look = evaluations.next_look(look, 0, limit, now)
        now += look.wait_seconds
    assert looked <= evaluations.MOST_LOOKS
    assert limit <= now - query_seconds + 1 or now >= limit
