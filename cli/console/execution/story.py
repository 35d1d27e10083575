"""What the page of an execution tells: facts, stages, the cause of its failure, the smoke test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cli.console.execution.visits import Visit
from cli.console.execution.watched import Watched
from cli.environments.moments import iso_of
from cli.execution.follow import RUNNING, Result, result_of
from cli.execution.timeline import Failure, Stage, Timeline, payload_of
from cli.perform.account import account

WIDTH = 1000.0
"""How wide the bars are drawn, in units of the picture."""
_NARROWEST = 3.0
_SMOKE_TEST, _GATEWAY_TEST = "Run the smoke test", "Test the gateway"
_CANARY = ("Shift the traffic", "Judge the step")


@dataclass(frozen=True)
class Bar:
    """A stretch of a stage on the time axis: `x` and `width` in units of `WIDTH`; `look` is `work` or `wait`."""

    x: float
    width: float
    look: str


@dataclass(frozen=True)
class Row:
    """One stage: what `lifecycle history --json` says of it, its status, and its bars."""

    told: dict[str, Any]
    status: str
    bars: list[Bar]


@dataclass(frozen=True)
class Story:
    """An execution as its page shows it.

    Attributes:
        told: What `lifecycle history --json` says, see `cli.perform.account.account`.
        running: Whether it still runs.
        rows: Its stages.
        cause: Why it failed, in full; `None` if it did not.
        current: The names of the stages that run now.
        checks: The checks of its smoke test.
        gateway: What the output says of the gateway, with the `checks` of its test; empty for none.
        canary: What the output says of the canary; empty for none.
        evaluations: What the evaluators of its smoke test said.
        fleet: Whether it is of the fleet.
    """

    told: dict[str, Any]
    running: bool
    rows: list[Row]
    cause: Failure | None
    current: list[str]
    checks: list[dict[str, Any]]
    gateway: dict[str, Any]
    canary: dict[str, Any]
    evaluations: list[dict[str, Any]]
    fleet: bool


def story(description: dict[str, Any], watched: Watched, *, fleet: bool) -> Story:
    """Tell an execution.

    Args:
        description: What DescribeExecution returns.
        watched: Its history, as far as it was read.
        fleet: Whether it is of the fleet.
    """
    timeline = watched.timeline
    running = description["status"] in RUNNING
    result = None if running else result_of(description, timeline)
    told = account(description, timeline, result, of_fleet=fleet)
    output = told["output"] or {}
    smoke_test = output.get("smokeTest") or _of_stages(timeline, "smokeTest", _SMOKE_TEST)
    now = datetime.now(UTC)
    begun, end = description["startDate"], description.get("stopDate") or now
    whole = max((end - begun).total_seconds(), 0.001)
    return Story(
        told=told,
        running=running,
        rows=[
            Row(
                one,
                _status(stage, one),
                _bars(stage, watched.visits.of(stage.state), begun, whole, end),
            )
            for stage, one in zip(timeline.stages, told["stages"], strict=True)
        ],
        cause=_cause(result),
        current=[stage.state for stage in timeline.running] if running else [],
        checks=smoke_test.get("checks") or [],
        gateway=output.get("gateway") or _of_stages(timeline, "gateway", _GATEWAY_TEST),
        canary=output.get("canary") or _of_stages(timeline, "canary", *_CANARY),
        evaluations=smoke_test.get("evaluations") or [],
        fleet=fleet,
    )


def moment_of(visit: Visit) -> dict[str, Any]:
    """Return a visit's times as a page shows them."""
    return {"entered": iso_of(visit.entered), "seconds": visit.seconds(datetime.now(UTC))}


def _status(stage: Stage, told: dict[str, Any]) -> str:
    return "waiting" if stage.waiting_since else str(told["outcome"])


def _cause(result: Result | None) -> Failure | None:
    if result is None or result.failure is None:
        return None
    return Failure(result.failure.error, result.failure.message)


def _of_stages(timeline: Timeline, section: str, *states: str) -> dict[str, Any]:
    """Return what the last of some stages that has ended said of a section, in an execution that has not ended.

    A stage returns the section, or what belongs in it.
    """
    for stage in reversed(timeline.stages):
        payload = payload_of(stage.result) if stage.state in states else None
        report = payload.get(section, payload) if isinstance(payload, dict) else None
        if isinstance(report, dict):
            return report
    return {}


def _bars(
    stage: Stage, visits: list[Visit], begun: datetime, whole: float, end: datetime
) -> list[Bar]:
    """Return where a stage worked, and between that, where it waited for its next round."""
    last = stage.ended or end
    inside = [one for one in visits if stage.started <= one.entered <= last]
    bars, at = [], stage.started
    for visit in inside:
        if visit.entered > at:
            bars.append(_bar(at, visit.entered, begun, whole, "wait"))
        at = visit.left or end
        bars.append(_bar(visit.entered, at, begun, whole, "work"))
    if stage.waiting_since:
        bars.append(_bar(stage.waiting_since, end, begun, whole, "wait"))
    return bars


def _bar(start: datetime, stop: datetime, begun: datetime, whole: float, look: str) -> Bar:
    x = (start - begun).total_seconds() / whole * WIDTH
    width = (stop - start).total_seconds() / whole * WIDTH
    x = min(max(x, 0.0), WIDTH - _NARROWEST)
    return Bar(round(x, 1), round(min(max(width, _NARROWEST), WIDTH - x), 1), look)
