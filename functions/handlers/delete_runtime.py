"""Delete the runtime: its endpoints, itself, its log groups, and see that they are gone."""

from lifecycle import runtime_teardown
from lifecycle.entry import StageEvent, stage
from lifecycle.teardown import Teardown


@stage(StageEvent)
def handler(event: StageEvent) -> Teardown:
    """Run the stage; see `lifecycle.runtime_teardown.delete_runtime`."""
    return runtime_teardown.delete_runtime(event)
