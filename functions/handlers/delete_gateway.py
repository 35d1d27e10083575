"""Delete the gateway: rules, targets, the gateway itself; then check that they are gone."""

from lifecycle.entry import stage
from lifecycle.gateway import teardown
from lifecycle.request.stage_event import StageEvent
from lifecycle.teardown import Teardown


@stage(StageEvent)
def handler(event: StageEvent) -> Teardown:
    """Run the stage; see `lifecycle.gateway.teardown.delete_gateway`."""
    return teardown.delete_gateway(event)
