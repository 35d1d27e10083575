"""Delete the telemetry: what delivered the runtime's logs and traces."""

from lifecycle.entry import stage
from lifecycle.observability import teardown
from lifecycle.request.stage_event import StageEvent
from lifecycle.teardown import Teardown


@stage(StageEvent)
def handler(event: StageEvent) -> Teardown:
    """Run the stage; see `lifecycle.observability.teardown.delete_telemetry`."""
    return teardown.delete_telemetry(event)
