"""Report the fleet: the result of each environment."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from pydantic import Field

from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.errors import FleetError
from lifecycle.fleet.orphans import Orphan
from lifecycle.fleet.select import Selection
from lifecycle.outcome.announcement import announce
from lifecycle.settings import Settings

_SHOWN = 10
_CAUSE_LENGTH = 500


class FleetReportSettings(Settings):
    """Where finished fleet executions are announced."""

    event_bus_name: str


class ItemResult(Wire):
    """The result of one environment; `error` and `cause` are those of its lifecycle execution."""

    environment: str
    execution: str | None = None
    status: Literal["SUCCEEDED", "FAILED"]
    error: str | None = None
    cause: str | None = None


class FleetReportEvent(Wire):
    """What the last state passes."""

    execution: str
    selection: Selection
    results: list[ItemResult]


class FleetReport(Wire):
    """The output of a fleet execution."""

    action: str
    dry_run: bool
    started: int
    succeeded: int
    failed: int
    environments: list[ItemResult]
    would_start: list[str] = Field(default_factory=list)
    orphans: list[Orphan] = Field(default_factory=list)


def report_fleet(event: FleetReportEvent, *, clients: Clients = CLIENTS) -> FleetReport:
    """Count what succeeded and what failed, and name the failures.

    Args:
        event: The selection, and the result of each environment.
        clients: EventBridge.

    Returns:
        The report, which is also sent as an event (`Fleet Complete` or `Fleet Failed`).

    Raises:
        FleetError: An environment failed; the message names each with its error. All environments were tried.
    """
    settings = FleetReportSettings.load()
    results = [_readable(result) for result in event.results]
    failed = [result for result in results if result.status == "FAILED"]
    report = FleetReport(
        action=event.selection.action,
        dry_run=event.selection.dry_run,
        started=len(results),
        succeeded=len(results) - len(failed),
        failed=len(failed),
        environments=results,
        would_start=[item.environment for item in event.selection.would_start],
        orphans=event.selection.orphans,
    )
    _announce(clients.events, settings.event_bus_name, event.execution, report)
    if failed:
        shown = "; ".join(
            f"{item.environment}: {item.error}: {item.cause}" for item in failed[:_SHOWN]
        )
        more = f"; and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
        raise FleetError(
            f"{event.selection.action}: {len(failed)} of {len(results)} environments failed: {shown}{more}; "
            "look at their executions"
        )
    return report


def _readable(result: ItemResult) -> ItemResult:
    """Extract the lifecycle execution's error from what startExecution.sync caught.

    Source: developer guide, "Start a new AWS Step Functions workflow": the task fails with States.TaskFailed, and its
    cause is the JSON of DescribeExecution, with `Error`, `Cause` and `ExecutionArn`.
    """
    try:
        described = json.loads(result.cause or "")
    except ValueError:
        described = None
    if not isinstance(described, dict):
        return result.model_copy(update={"cause": _line(result.cause)})
    return result.model_copy(
        update={
            "execution": described.get("ExecutionArn") or result.execution,
            "error": described.get("Error") or described.get("Status") or result.error,
            "cause": _line(described.get("Cause")),
        }
    )


def _line(text: str | None) -> str | None:
    line = re.sub(r"\s+", " ", text or "").strip()
    return line[:_CAUSE_LENGTH] or None


def _announce(events: Any, bus: str, execution: str, report: FleetReport) -> None:
    # Each environment has its own event, so this one has only the numbers.
    detail = report.model_dump(mode="json", by_alias=True, exclude={"environments"})
    kind = "Fleet Failed" if report.failed else "Fleet Complete"
    announce(events, bus, execution, kind, detail)
