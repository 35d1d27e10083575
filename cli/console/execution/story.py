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
        gateway_checks: The checks of its gateway.
        evaluations: What the evaluators of its smoke test said.
        fleet: Whether it is of the fleet.
    """

    told: dict[str, Any]
    running: bool
    rows: list[Row]
    cause: Failure | None
    current: list[str]
    checks: list[dict[str, Any]]
    gateway_checks: list[dict[str, Any]]
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
    smoke_test = (told["output"] or {}).get("smokeTest") or {}
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
        checks=smoke_test.get("checks") or _checks(timeline),
        gateway_checks=((told["output"] or {}).get("gateway") or {}).get("checks") or [],
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


def _checks(timeline: Timeline) -> list[dict[str, Any]]:
    """Return the checks of a smoke test that has ended in an execution that has not."""
    payload = payload_of(timeline.result_of("Run the smoke test"))
    report = payload.get("smokeTest", payload) if isinstance(payload, dict) else None
    checks = report.get("checks") if isinstance(report, dict) else None
    return checks if isinstance(checks, list) else []


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
