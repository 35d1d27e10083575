"""An execution of a definition: what it entered, where it went from there, and what no execution did."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Edge = tuple[str, str, str]
"""State, next state, `next` or `catch`."""


@dataclass
class Run:
    """What an execution did."""

    description: dict[str, Any]
    history: list[dict[str, Any]]

    def entered(self) -> list[str]:
        return [
            e["stateEnteredEventDetails"]["name"]
            for e in self.history
            if "stateEnteredEventDetails" in e
        ]

    def edges(self) -> set[Edge]:
        """(state, next state, "catch" or "next"), as the chain of previous events has it."""
        by_id = {event["id"]: event for event in self.history}
        found = set()
        for event in self.history:
            if "stateEnteredEventDetails" not in event:
                continue
            before = by_id.get(event.get("previousEventId", 0))
            if before is None or "stateExitedEventDetails" not in before:
                continue
            reason = by_id[before["previousEventId"]]["type"]
            kind = "catch" if reason.endswith(("Failed", "TimedOut")) else "next"
            name = before["stateExitedEventDetails"]["name"]
            found.add((name, event["stateEnteredEventDetails"]["name"], kind))
        return found


def follow(client: Any, arn: str, seconds: float = 120) -> Run:
    """Wait for the end of an execution."""
    deadline = time.monotonic() + seconds
    while (description := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline, f"{arn} still runs"
        time.sleep(0.1)
    return Run(description, history(client, arn))


def follow_map(client: Any, run: Run) -> list[Run]:
    """Return the executions of a finished execution's map runs; each is an item of a Distributed Map."""
    found = []
    for map_run in client.list_map_runs(executionArn=run.description["executionArn"])["mapRuns"]:
        pages = client.get_paginator("list_executions").paginate(mapRunArn=map_run["mapRunArn"])
        for item in [item for page in pages for item in page["executions"]]:
            arn = item["executionArn"]
            found.append(Run(client.describe_execution(executionArn=arn), history(client, arn)))
    return found


def history(client: Any, arn: str) -> list[dict[str, Any]]:
    """Return all events of an execution, oldest first."""
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


def uncovered(definition: dict[str, Any], runs: Iterable[Run]) -> tuple[set[str | Edge], int]:
    """The states that no run entered and the transitions that none took; and how many there are of both."""
    runs = list(runs)
    seen: set[str | Edge] = {name for run in runs for name in run.entered()}
    seen |= {edge for run in runs for edge in run.edges()}
    wanted: set[str | Edge] = {name for name, _ in _states(definition)}
    wanted |= {edge for name, state in _states(definition) for edge in _edges(name, state)}
    return wanted - seen, len(wanted)


def _states(level: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in level["States"].items():
        yield name, state
        inner = [state["ItemProcessor"]] if "ItemProcessor" in state else []
        for branch in (*state.get("Branches", []), *inner):
            yield from _states(branch)


def _edges(name: str, state: dict[str, Any]) -> Iterator[Edge]:
    targets = [rule["Next"] for rule in state.get("Choices", [])]
    assert len(targets) == len(set(targets)), "a rule is told from another by where it leads"
    targets += [state[key] for key in ("Default", "Next") if key in state]
    yield from ((name, target, "next") for target in targets)
    yield from ((name, catch["Next"], "catch") for catch in state.get("Catch", []))
