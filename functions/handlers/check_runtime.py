"""Check the runtime: whether its newest version is ready on the endpoint DEFAULT."""

from lifecycle.entry import stage
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime import readiness
from lifecycle.runtime.readiness import Readiness


@stage(StageEvent)
def handler(event: StageEvent) -> Readiness:
    """Run the stage; see `lifecycle.runtime.readiness.check_runtime`."""
    return readiness.check_runtime(event)
