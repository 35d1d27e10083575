"""Delete the identity: user pool and secret go, and are looked for again."""

from lifecycle import identity_teardown
from lifecycle.entry import StageEvent, stage
from lifecycle.teardown import Teardown


@stage(StageEvent)
def handler(event: StageEvent) -> Teardown:
    """Run the stage; see `lifecycle.identity_teardown.delete_identity`."""
    return identity_teardown.delete_identity(event)
