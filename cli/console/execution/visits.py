"""Each entry into a state of an execution: when, with what, and how it ended. Made from the history's events."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from cli.execution.history import Event
from cli.execution.timeline import Failure

Status = Literal["running", "waiting", "done", "failed", "aborted"]


@dataclass
class Visit:
    """One entry into a state.

    Attributes:
        id: The number of the event of its entry.
        state: The state's name.
        kind: Its type, such as `Task`.
        entered: When it was entered.
        given: JSON text of its input; of a Task that calls a function, what the function was given.
        left: When it was left; `None` while it runs.
        output: JSON text of its output.
        attempts: How many times its task was scheduled.
        failures: The errors of its task, the last one last.
        caught: Whether it was left after an error that its task did not get over.
        stopped: Whether it was ended from outside.
    """

    id: int
    state: str
    kind: str
    entered: datetime
    given: str | None = None
    left: datetime | None = None
    output: str | None = None
    attempts: int = 0
    failures: list[Failure] = field(default_factory=list)
    caught: bool = False
    stopped: bool = False
    _broken: bool = False

    @property
    def status(self) -> Status:
        """The state that it is in."""
        if self.caught or self.kind == "Fail":
            return "failed"
        if self.stopped:
            return "aborted"
        if self.left is not None or self.kind == "Succeed":
            return "done"
        return "waiting" if self.kind == "Wait" else "running"

    def seconds(self, now: datetime) -> float:
        """Return how many seconds it took, or has taken until now."""
        return max(((self.left or now) - self.entered).total_seconds(), 0.0)


class Visits:
    """The visits of one execution, built event by event.

    Attributes:
        all: Every visit, in the order in which they began.
    """

    def __init__(self) -> None:
        self.all: list[Visit] = []
        self._open: dict[str, list[Visit]] = {}
        self._of_event: dict[int, Visit] = {}
        self._latest: dict[str, Visit] = {}

    def add(self, events: Iterable[Event]) -> None:
        """Add new events, in order."""
        for event in events:
            if event.type.endswith("StateEntered"):
                self._enter(event)
            elif event.type.startswith("Execution") and event.type != "ExecutionStarted":
                self._end(event)
            elif (visit := self._visit_of(event)) is not None:
                self._of_event[event.id] = visit
                self._note(visit, event)

    def of(self, state: str) -> list[Visit]:
        """Return the visits of a state."""
        return [visit for visit in self.all if visit.state == state]

    def at(self, event: int) -> Visit | None:
        """Return the visit that an event is part of, by the event's number."""
        return self._of_event.get(event)

    def statuses(self) -> dict[str, Status]:
        """Return the status of each state that was entered: that of its last visit, or of one that still runs."""
        found = {name: visit.status for name, visit in self._latest.items()}
        return found | {name: visits[-1].status for name, visits in self._open.items() if visits}

    def _enter(self, event: Event) -> None:
        visit = Visit(
            event.id,
            event.details["name"],
            event.type.removesuffix("StateEntered"),
            event.at,
            event.details.get("input"),
        )
        self.all.append(visit)
        self._of_event[event.id] = self._latest[visit.state] = visit
        self._open.setdefault(visit.state, []).append(visit)

    def _visit_of(self, event: Event) -> Visit | None:
        found = self._of_event.get(event.previous)
        if not event.type.endswith(("StateExited", "StateAborted", "StateSucceeded")):
            return found
        name = event.details.get("name") or (found.state if found else "")
        if found is not None and found.state == name:
            return found
        # The end of a Parallel or a Map follows an event of what it ran.
        still = self._open.get(name)
        return still[0] if still else None

    def _note(self, visit: Visit, event: Event) -> None:
        if event.type.endswith(("StateExited", "StateAborted")):
            self._leave(visit, event)
        elif "error" in event.details:
            failure = Failure(event.details["error"], event.details.get("cause") or "")
            visit.failures.append(failure)
            visit._broken = True
        elif event.type.endswith("Scheduled"):
            visit.attempts += 1
            visit._broken = False
            visit.given = _payload(event.details) or visit.given

    def _leave(self, visit: Visit, event: Event) -> None:
        visit.left = event.at
        visit.output = event.details.get("output")
        visit.caught = visit._broken
        visit.stopped = event.type.endswith("StateAborted")
        self._close(visit)

    def _close(self, visit: Visit) -> None:
        still = self._open.get(visit.state, [])
        if visit in still:
            still.remove(visit)

    def _end(self, event: Event) -> None:
        for visit in [one for visits in self._open.values() for one in visits]:
            self._close(visit)
            if visit.kind in ("Fail", "Succeed"):
                visit.left = event.at
                continue
            visit.left = event.at
            visit.caught = visit._broken
            visit.stopped = not visit._broken


def _payload(details: dict[str, Any]) -> str | None:
    """Return what a function was given: the member `Payload` of what the task was called with."""
    try:
        called = json.loads(details.get("parameters") or details.get("input") or "null")
    except ValueError:
        return None
    if not isinstance(called, dict) or "Payload" not in called:
        return None
    return json.dumps(called["Payload"], ensure_ascii=False)
