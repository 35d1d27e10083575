"""Plan the provision: say what it would do, and change nothing."""

from lifecycle.entry import stage
from lifecycle.plan import provision
from lifecycle.plan.provision import PlannedProvision
from lifecycle.request.stage_event import StageEvent


@stage(StageEvent)
def handler(event: StageEvent) -> PlannedProvision:
    """Run the stage; see `lifecycle.plan.provision.plan_provision`."""
    return provision.plan_provision(event)
