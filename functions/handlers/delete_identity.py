"""Delete the identity: the user pool and the secret; then check that they are gone."""

from lifecycle.entry import stage
from lifecycle.identity import teardown
from lifecycle.request.stage_event import StageEvent
from lifecycle.teardown import Teardown


@stage(StageEvent)
def handler(event: StageEvent) -> Teardown:
    """Run the stage; see `lifecycle.identity.teardown.delete_identity`."""
    return teardown.delete_identity(event)
