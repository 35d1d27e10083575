"""Plan the rollback: say what it would do, and change nothing."""

from lifecycle.entry import stage
from lifecycle.plan import rollback
from lifecycle.plan.rollback import PlannedRollback, RollbackPlanEvent


@stage(RollbackPlanEvent)
def handler(event: RollbackPlanEvent) -> PlannedRollback:
    """Run the stage; see `lifecycle.plan.rollback.plan_rollback`."""
    return rollback.plan_rollback(event)
