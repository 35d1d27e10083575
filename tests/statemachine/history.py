"""How many events of a history the states of a definition make, and which rounds its polling loops have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

# Step Functions developer guide, HistoryEvent. A task: entered, scheduled, started, succeeded, exited.
EVENTS = {
    "Task": 5,
    "Choice": 2,
    "Wait": 2,
    "Pass": 2,
    "Parallel": 4,
    "Map": 4,
    "Succeed": 2,
    "Fail": 1,
}
ITERATION = 2
"""An iteration of a Map: started, succeeded."""
BEGIN_AND_END = 2
RETRY = 3
"""A retry: scheduled, started, failed."""


def states_of(level: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every state by its name, those of branches and Maps too."""
    found = {}
    for name, state in level["States"].items():
        found[name] = state
        inner = [state["ItemProcessor"]] if "ItemProcessor" in state else []
        for branch in (*state.get("Branches", []), *inner):
            found |= states_of(branch)
    return found


def iterated(definition: dict[str, Any]) -> list[dict[str, Any]]:
    """The states inside of Maps: each is entered once an item."""
    return [
        inner
        for state in states_of(definition).values()
        if "ItemProcessor" in state
        for inner in states_of(state["ItemProcessor"]).values()
    ]


def events_of(definition: dict[str, Any], entered: Iterable[str]) -> int:
    """The events of an execution that enters these states and retries nothing."""
    states = states_of(definition)
    return BEGIN_AND_END + sum(EVENTS[states[name]["Type"]] for name in entered)


def waits(definition: dict[str, Any]) -> list[str]:
    """The Wait states: each is part of one polling loop."""
    return [name for name, state in states_of(definition).items() if state["Type"] == "Wait"]


def rounds(definition: dict[str, Any], wait: str) -> list[list[str]]:
    """The rounds of a polling loop: the states from its Wait state up to where the next round begins.

    No round takes a transition twice, and none goes through a Catch.
    """
    states = states_of(definition)
    return [path for path in _paths(states, wait, wait, ()) if path]


def _paths(
    states: dict[str, dict[str, Any]], here: str, wait: str, taken: tuple[tuple[str, str], ...]
) -> Iterator[list[str]]:
    if here == wait and taken:
        yield []
        return
    for target in _targets(states[here]):
        step = (here, target)
        if step not in taken and target not in _ONCE and states[target]["Type"] != "Succeed":
            for rest in _paths(states, target, wait, (*taken, step)):
                yield [here, *rest]


# A failed verification may roll back, once; what it then runs is no verification any more. What was left behind by a
# canary is cleared once, before anything else.
_ONCE = ("Prepare the rollback", "What is asked for?")


def _targets(state: dict[str, Any]) -> list[str]:
    found = [rule["Next"] for rule in state.get("Choices", [])]
    return found + [state[key] for key in ("Default", "Next") if key in state]
