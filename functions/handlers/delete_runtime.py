"""Delete the runtime: its endpoints, the runtime itself, its log groups; then check that they are gone."""

from lifecycle.entry import stage
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime import teardown
from lifecycle.teardown import Teardown


@stage(StageEvent)
def handler(event: StageEvent) -> Teardown:
    """Run the stage; see `lifecycle.runtime.teardown.delete_runtime`."""
    return teardown.delete_runtime(event)
