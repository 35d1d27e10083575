"""Select the environments: which ones a fleet execution works on."""

from lifecycle.entry import stage
from lifecycle.fleet import select
from lifecycle.fleet.select import FleetEvent, Selection


@stage(FleetEvent)
def handler(event: FleetEvent) -> Selection:
    """Run the stage; see `lifecycle.fleet.select.select_environments`."""
    return select.select_environments(event)
