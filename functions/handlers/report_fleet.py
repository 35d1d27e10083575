"""Report the fleet: what became of each environment."""

from lifecycle import fleet_report
from lifecycle.entry import stage
from lifecycle.fleet_report import FleetReport, FleetReportEvent


@stage(FleetReportEvent)
def handler(event: FleetReportEvent) -> FleetReport:
    """Run the stage; see `lifecycle.fleet_report.report_fleet`."""
    return fleet_report.report_fleet(event)
