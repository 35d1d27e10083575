"""Select the environments: which ones a fleet execution works on."""

from lifecycle import fleet
from lifecycle.entry import stage
from lifecycle.fleet import FleetEvent, Selection


@stage(FleetEvent)
def handler(event: FleetEvent) -> Selection:
    """Run the stage; see `lifecycle.fleet.select_environments`."""
    return fleet.select_environments(event)
