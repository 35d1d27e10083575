"""Clear the canary: remove its rule, its target and its endpoint."""

from lifecycle.canary import clear
from lifecycle.canary.clear import ClearedCanary
from lifecycle.entry import stage
from lifecycle.request.stage_event import StageEvent


@stage(StageEvent)
def handler(event: StageEvent) -> ClearedCanary:
    """Run the stage; see `lifecycle.canary.clear.clear_canary`."""
    return clear.clear_canary(event)
