"""Derives stages from history events: when each started, waited, was retried and ended.

A stage is a Task state. If a loop returns to the same Task (with only Wait, Choice and Pass states in between), it is
one stage with several rounds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cli.execution.history import Event

# Step Functions enters the next state at once. A branch that has been still for so long has ended with its last Task.
_STILL = timedelta(seconds=2)
_ENDS = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionAborted": "ABORTED",
    "ExecutionTimedOut": "TIMED_OUT",
}


class Outcome(StrEnum):
    """The state that a stage is in."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    ABORTED = "aborted"


@dataclass(frozen=True)
class Failure:
    """An error and its cause, as Step Functions reports them."""

    error: str
    cause: str

    @property
    def message(self) -> str:
        """The cause with its line breaks; of a Lambda function's JSON, only its message."""
        try:
            parsed = json.loads(self.cause)
        except ValueError:
            return self.cause
        if isinstance(parsed, dict) and "errorMessage" in parsed:
            return str(parsed["errorMessage"])
        return self.cause

    @property
    def reason(self) -> str:
        """The message in one line."""
        return " ".join(self.message.split())


@dataclass
class Stage:
    """One stage of an execution.

    Attributes:
        state: The Task state's name.
        started: When its first round began.
        ended: When its last round ended; `None` while it runs.
        rounds: How many times in a row the state was entered.
        retries: How many times a round was retried after an error.
        waiting_since: When it began to wait for its next round; `None` if it does not wait.
        failure: Its last error; with outcome `FAILED` the one that ended it.
        outcome: The state that it is in.
        result: What its last successful task returned, parsed.
    """

    state: str
    started: datetime
    ended: datetime | None = None
    rounds: int = 1
    retries: int = 0
    waiting_since: datetime | None = None
    failure: Failure | None = None
    outcome: Outcome = Outcome.RUNNING
    result: Any = None

    def seconds(self, now: datetime) -> float:
        """Return how many seconds it took, or has taken until now."""
        end = self.ended if self.ended and not self.waiting_since else now
        return (end - self.started).total_seconds()


class Change(StrEnum):
    """What happened to a stage."""

    STARTED = "started"
    WAITING = "waiting"
    ROUND = "round"
    RETRYING = "retrying"
    ENDED = "ended"


@dataclass(frozen=True)
class Moment:
    """A change of a stage, and when it happened."""

    change: Change
    stage: Stage
    at: datetime


@dataclass
class _Visit:
    """One entry into a state. `path` names its branch; `failure` is its last error so far."""

    state: str
    kind: str
    path: tuple[int, ...]
    stage: Stage | None = None
    attempts: int = 0
    failure: Failure | None = None
    open: bool = True


@dataclass
class Timeline:
    """The stages of an execution, built event by event.

    Attributes:
        stages: The stages, in the order in which they started.
        ended: The status at the end of the history (`SUCCEEDED`, `FAILED`, `ABORTED`, `TIMED_OUT`), or `None`.
        output: JSON text of the execution's output, if it succeeded.
        failure: Error and cause of the execution, if it failed and the history contains them.
    """

    stages: list[Stage] = field(default_factory=list)
    ended: str | None = None
    output: str | None = None
    failure: Failure | None = None
    _visits: list[_Visit] = field(default_factory=list)
    _visit_of: dict[int, _Visit] = field(default_factory=dict)
    # The last Task of each open branch. A branch is named by the events that opened it, outermost first.
    _open: dict[tuple[int, ...], _Visit] = field(default_factory=dict)
    # When a branch left a Task, if it has entered nothing since.
    _left: dict[tuple[int, ...], datetime] = field(default_factory=dict)

    @property
    def running(self) -> list[Stage]:
        """The stages that run, or wait for their next round."""
        return [stage for stage in self.stages if stage.ended is None or stage.waiting_since]

    def add(self, events: Iterable[Event]) -> list[Moment]:
        """Add new events, in order, and return the changes that they made."""
        return [moment for event in events for moment in self._still(event) + self._add(event)]

    def result_of(self, state: str) -> Any:
        """Return the result of the last stage with this name; `None` if it has none."""
        return next((s.result for s in reversed(self.stages) if s.state == state), None)

    def _still(self, event: Event) -> list[Moment]:
        """End the stages of inner branches that have been still when another branch goes on."""
        still = [path for path, at in self._left.items() if path and event.at - at > _STILL]
        return [moment for path in still for moment in self._close(path, self._left.pop(path))]

    def _add(self, event: Event) -> list[Moment]:
        if event.type in _ENDS:
            return self._end(event)
        if event.type.endswith("StateEntered"):
            return self._enter(event)
        if (visit := self._visit_of_event(event)) is None:
            return []
        self._visit_of[event.id] = visit
        if event.type.endswith(("StateExited", "StateAborted")):
            return self._leave(visit, event)
        return self._note(visit, event)

    def _visit_of_event(self, event: Event) -> _Visit | None:
        visit = self._visit_of.get(event.previous)
        name = event.details.get("name")
        if event.type.endswith("StateExited") and (visit is None or visit.state != name):
            # The end of a Parallel follows an event of one of its branches.
            return next((v for v in self._visits if v.open and v.state == name), None)
        if event.type.startswith(("ParallelState", "MapState")) and visit is not None:
            outer = [v for v in self._visits if v.open and visit.path[: len(v.path)] == v.path]
            return next((v for v in reversed(outer) if v.kind in ("Parallel", "Map")), visit)
        return visit

    def _enter(self, event: Event) -> list[Moment]:
        previous = self._visit_of.get(event.previous)
        path = () if previous is None else previous.path
        if previous is not None and previous.kind in ("Parallel", "Map") and previous.open:
            path = (*previous.path, event.id)
        moments = []
        if previous is not None and previous.open and previous.path == path:
            # A caught error can lead to the next state without an exit event.
            moments += self._leave(previous, event)
        visit = _Visit(event.details["name"], event.type.removesuffix("StateEntered"), path)
        self._visits.append(visit)
        self._visit_of[event.id] = visit
        return moments + self._begin(visit, event.at)

    def _begin(self, visit: _Visit, at: datetime) -> list[Moment]:
        last = self._open.get(visit.path)
        stage = last.stage if last else None
        self._left.pop(visit.path, None)
        if visit.kind == "Wait" and stage is not None:
            stage.waiting_since = at
            return [Moment(Change.WAITING, stage, at)]
        if visit.kind in ("Succeed", "Fail", "Parallel", "Map"):
            return self._close(visit.path, at)
        if visit.kind != "Task":
            return []
        self._open[visit.path] = visit
        if stage is not None and stage.state == visit.state:
            stage.rounds += 1
            stage.waiting_since = stage.ended = None
            visit.stage = stage
            return [Moment(Change.ROUND, stage, at)]
        moments = [] if last is None else self._finish(last, at)
        visit.stage = Stage(visit.state, at)
        self.stages.append(visit.stage)
        return [*moments, Moment(Change.STARTED, visit.stage, at)]

    def _note(self, visit: _Visit, event: Event) -> list[Moment]:
        stage = visit.stage
        if "error" in event.details:
            visit.failure = _failure(event)
            if stage is not None:
                stage.failure = visit.failure
        elif event.type.endswith("Scheduled"):
            visit.attempts += 1
            if visit.attempts > 1 and stage is not None:
                stage.retries += 1
                visit.failure = None
                return [Moment(Change.RETRYING, stage, event.at)]
        elif event.type in ("TaskSucceeded", "LambdaFunctionSucceeded") and stage is not None:
            stage.result = json.loads(event.details.get("output") or "null")
        return []

    def _leave(self, visit: _Visit, event: Event) -> list[Moment]:
        visit.open = False
        moments: list[Moment] = []
        if visit.kind in ("Parallel", "Map"):
            moments += self._close(visit.path, event.at, inside=True)
        if visit.stage is None:
            return moments
        # Another round can follow a successful one; a failed one ends the stage.
        if visit.failure is not None or event.type.endswith("StateAborted"):
            self._open.pop(visit.path, None)
            return [*moments, *self._finish(visit, event.at)]
        visit.stage.ended = self._left[visit.path] = event.at
        return moments

    def _close(self, path: tuple[int, ...], at: datetime, *, inside: bool = False) -> list[Moment]:
        """End the open stages of a branch and of its inner branches (with `inside`: only of the inner branches)."""
        depth = len(path)
        paths = [p for p in self._open if p[:depth] == path and (len(p) > depth or not inside)]
        return [moment for p in paths for moment in self._finish(self._open.pop(p), at)]

    def _finish(self, visit: _Visit, at: datetime) -> list[Moment]:
        stage = visit.stage
        if stage is None or stage.outcome is not Outcome.RUNNING:
            return []
        stage.waiting_since = None
        ended = Outcome.ABORTED if stage.ended is None else Outcome.DONE
        stage.outcome = ended if visit.failure is None else Outcome.FAILED
        stage.ended = stage.ended or at
        return [Moment(Change.ENDED, stage, stage.ended)]

    def _end(self, event: Event) -> list[Moment]:
        self.ended = _ENDS[event.type]
        self.output = event.details.get("output")
        self.failure = _failure(event) if "error" in event.details else None
        return self._close((), event.at)


def payload_of(result: Any) -> Any:
    """Return what a function returned, from the result of its task; `None` if that is no object.

    A task that calls a function through `lambda:invoke` returns its result in `Payload`.
    """
    return result.get("Payload", result) if isinstance(result, dict) else None


def _failure(event: Event) -> Failure:
    return Failure(event.details["error"], event.details.get("cause") or "")
