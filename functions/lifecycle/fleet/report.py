"""Report the fleet: the result of each environment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.errors import FleetError
from lifecycle.fleet.failures import Failures, ItemResult
from lifecycle.fleet.files import Location, folder
from lifecycle.fleet.gauges import measure_verification
from lifecycle.fleet.orphans import Orphan
from lifecycle.fleet.results import read_results
from lifecycle.fleet.select import Selection
from lifecycle.outcome.announcement import announce
from lifecycle.settings import Settings

_SHOWN = 10
_COUNTS = {"action", "selected", "started", "succeeded", "failed"}


class FleetReportSettings(Settings):
    """Where finished fleet executions are announced, and where their files are kept."""

    event_bus_name: str
    artifact_bucket: str


class FleetReportEvent(Wire):
    """What the last state passes.

    Attributes:
        execution: The fleet execution's ARN.
        selection: What the first state returned.
        results: The manifest of the result files; none if nothing was started.
    """

    execution: str
    selection: Selection
    results: Location | None = None


class FleetReport(Wire):
    """The output of a fleet execution. Its size does not depend on the number of environments."""

    action: str
    dry_run: bool
    selected: int
    started: int
    succeeded: int
    failed: int
    results: Location | None = None
    report: Location | None = None
    failures: list[ItemResult] = Field(default_factory=list)
    would_start: list[str] = Field(default_factory=list)
    orphan_count: int = 0
    orphans: list[Orphan] = Field(default_factory=list)
    orphan_list: Location | None = None


def report_fleet(event: FleetReportEvent, *, clients: Clients = CLIENTS) -> FleetReport:
    """Count what succeeded and what failed, name the first failures, and write a file that names all of them.

    Args:
        event: The selection, and where the results are.
        clients: S3 and EventBridge.

    Returns:
        The report, which is also sent as an event (`Fleet Complete` or `Fleet Failed`).

    Raises:
        FleetError: An environment failed; the message names the first ten with their errors, and the file. All were
            tried.
    """
    settings = FleetReportSettings.load()
    selection = event.selection
    succeeded, failures = _count(
        read_results(clients.s3, event.results) if event.results is not None else ()
    )
    failed = len(failures)
    report = FleetReport(
        action=selection.action,
        dry_run=selection.dry_run,
        selected=selection.selected,
        started=succeeded + failed,
        succeeded=succeeded,
        failed=failed,
        results=selection.items if selection.dry_run else event.results,
        failures=failures.first(_SHOWN),
        would_start=selection.would_start,
        orphan_count=selection.orphan_count,
        orphans=selection.orphans,
        orphan_list=selection.orphan_list,
    )
    if event.results is not None:
        place = Location(
            bucket=settings.artifact_bucket, key=f"{folder(event.execution)}/report.json"
        )
        counts = report.model_dump(by_alias=True, include=_COUNTS)
        head = {"execution": event.execution, **counts}
        report.report = failures.write(clients.s3, place, head)
    if report.action == "verify" and not report.dry_run:
        measure_verification(failed)
    _announce(clients.events, settings.event_bus_name, event.execution, report)
    if failed:
        raise FleetError(_sentence(report))
    return report


def _count(results: Iterable[ItemResult]) -> tuple[int, Failures]:
    """Count the successes, and collect the failures."""
    succeeded, failures = 0, Failures()
    for result in results:
        if result.status == "SUCCEEDED":
            succeeded += 1
        else:
            failures.add(result)
    return succeeded, failures


def _sentence(report: FleetReport) -> str:
    shown = "; ".join(f"{item.environment}: {item.error}: {item.cause}" for item in report.failures)
    more = report.failed - len(report.failures)
    rest = f"; and {more} more" if more else ""
    place = report.report
    where = f" (all are listed in s3://{place.bucket}/{place.key})" if place else ""
    return (
        f"{report.action}: {report.failed} of {report.started} environments failed: {shown}{rest}; "
        f"look at their executions{where}"
    )


def _announce(events: Any, bus: str, execution: str, report: FleetReport) -> None:
    kind = "Fleet Failed" if report.failed else "Fleet Complete"
    announce(events, bus, execution, kind, report.model_dump(mode="json", by_alias=True))
