"""How many AWS API calls a first provision and an unchanged rebuild make, by function, in one run on one local AWS.

Run as `python -m benchmarks.api_calls` in the project's root. Prints a table for each of the two executions: the
calls of each function by operation, the total, and its bound. Ends with status 1 when a bound is not kept.

Two kinds of calls have a number of their own. Those of polls: a poll is a call of a stage that began nothing and still
had to wait, and how many there are depends on how long a build and AgentCore take. And those that the smoke test
sends without a signature, with a bearer token or with nothing: they are what it proves. Both are outside the bounds.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.executions import history_of, succeed, tasks
from local.agentcore.settings import Delays
from local.edge.calls import Call
from local.embedded import EmbeddedAws

BOUNDS = {"first": 70, "rebuild": 30}
"""The most signed calls of an execution's functions, polls apart."""
_ONLY_LOOKS = frozenset({"CheckRuntimeFunction"})
"""Stages whose first call begins nothing either: the stage before has begun what they wait for."""
_DELAYS = Delays(create=0.1, update=0.1, delete=0.1, endpoint=0.05)


@dataclass(frozen=True)
class Counted:
    """The calls of one execution.

    Attributes:
        signed: Calls of functions, by function and operation, polls apart.
        unsigned: The smoke test's calls without a signature, by operation.
        polls: How many polls there were.
        poll_calls: Calls of the polls.
    """

    signed: dict[str, Counter[str]]
    unsigned: Counter[str]
    polls: int
    poll_calls: int

    @property
    def total(self) -> int:
        """Signed calls, polls apart."""
        return sum(operations.total() for operations in self.signed.values())

    def lines(self, name: str) -> str:
        """For the output: what each function calls, and how often if more than once."""
        rows = [
            [function, found.total(), _in_words(found)]
            for function, found in sorted(self.signed.items())
        ]
        bound = BOUNDS[name]
        kept = "kept" if self.total <= bound else "missed"
        return (
            f"{name}: {self.total} calls (bound {bound}: {kept}); apart from these {self.unsigned.total()} of the "
            f"smoke test without a signature, and {self.poll_calls} of {self.polls} polls\n"
            + "\n".join(f"  {function:<26}{count:>3}  {words}" for function, count, words in rows)
        )


def _in_words(calls: Counter[str]) -> str:
    operations = ((name.partition(":")[2], times) for name, times in calls.items())
    return ", ".join(f"{times} {name}" if times > 1 else name for name, times in operations)


@dataclass(frozen=True)
class _Visit:
    function: str
    began: float
    waits: bool


def counted(calls: Iterable[Call], history: list[dict[str, Any]], stack: str) -> Counted:
    """Count the calls of an execution.

    Args:
        calls: The call log while it ran, and nothing else did.
        history: The execution's events, as `GetExecutionHistory` has them.
        stack: The stack's name, which the functions' names begin with.
    """
    visits = _visits(history, stack)
    again = [visit for number, visit in enumerate(visits) if _is_poll(visits, number)]
    signed: dict[str, Counter[str]] = {}
    unsigned: Counter[str] = Counter()
    polled = 0
    for call in calls:
        if call.caller is None and call.service == "bedrock-agentcore":
            unsigned[str(call.operation)] += 1
        if call.caller is None or call.caller.kind != "function":
            continue
        name = call.caller.name
        mine = [visit for visit in visits if visit.function == name and visit.began <= call.at]
        if mine and mine[-1] in again:
            polled += 1
        else:
            operation = f"{call.service}:{call.operation}"
            signed.setdefault(name, Counter())[operation] += 1
    return Counted(signed, unsigned, len(again), polled)


def _is_poll(visits: list[_Visit], number: int) -> bool:
    visit = visits[number]
    called = {before.function for before in visits[:number]} | _ONLY_LOOKS
    return visit.waits and visit.function in called


def _visits(history: list[dict[str, Any]], stack: str) -> list[_Visit]:
    """Which functions the execution called, in order, and which of them have to be called again."""
    visits = []
    for scheduled, event in tasks(history):
        if event["type"] != "TaskSucceeded":
            continue
        result = json.loads(event["taskSucceededEventDetails"]["output"])["Payload"]
        asked = json.loads(scheduled["taskScheduledEventDetails"]["parameters"])
        # A name is the stack's, the logical id, and a random part.
        name = asked["FunctionName"].rpartition(":")[2].removeprefix(f"{stack}-")
        began = scheduled["timestamp"].timestamp()
        visits.append(_Visit(name.rpartition("-")[0], began, result.get("done") is False))
    return sorted(visits, key=lambda visit: visit.began)


def provision(aws: EmbeddedAws) -> Counted:
    """Provision the bundled agent in environment `dev`, and count.

    Raises:
        RuntimeError: The execution failed.
    """
    before = time.time()
    history = history_of(aws, succeed(aws, {}))
    return counted(aws.calls.calls(since=before), history, aws.stack.name)


def main() -> int:
    """Measure and print; returns the exit status."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedAws.start(state_dir=Path(folder), delays=_DELAYS) as aws,
    ):
        figures = {name: provision(aws) for name in BOUNDS}
    for name, found in figures.items():
        sys.stdout.write(found.lines(name) + "\n")
    return int(any(found.total > BOUNDS[name] for name, found in figures.items()))


if __name__ == "__main__":
    sys.exit(main())
