"""Check the runtime: whether its newest version is ready on the endpoint DEFAULT."""

from lifecycle import readiness
from lifecycle.entry import StageEvent, stage
from lifecycle.readiness import Readiness


@stage(StageEvent)
def handler(event: StageEvent) -> Readiness:
    """Run the stage; see `lifecycle.readiness.check_runtime`."""
    return readiness.check_runtime(event)
