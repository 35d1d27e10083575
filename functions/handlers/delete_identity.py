"""Delete the identity: user pool and secret go, and are looked for again."""

from lifecycle import identity_teardown
from lifecycle.entry import StageEvent, stage
from lifecycle.identity_teardown import IdentityRemoval, IdentityRemovalPlan


@stage(StageEvent)
def handler(event: StageEvent) -> IdentityRemoval | IdentityRemovalPlan:
    """Run the stage; see `lifecycle.identity_teardown.delete_identity`."""
    return identity_teardown.delete_identity(event)
