"""Report the fleet: the result of each environment."""

from lifecycle.entry import stage
from lifecycle.fleet import report
from lifecycle.fleet.report import FleetReport, FleetReportEvent


@stage(FleetReportEvent)
def handler(event: FleetReportEvent) -> FleetReport:
    """Run the stage; see `lifecycle.fleet.report.report_fleet`."""
    return report.report_fleet(event)
