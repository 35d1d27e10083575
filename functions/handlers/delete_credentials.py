"""Delete the credentials: the providers, then the agent's role."""

from lifecycle.credentials import teardown
from lifecycle.entry import stage
from lifecycle.request.stage_event import StageEvent
from lifecycle.teardown import Teardown


@stage(StageEvent)
def handler(event: StageEvent) -> Teardown:
    """Run the stage; see `lifecycle.credentials.teardown.delete_credentials`."""
    return teardown.delete_credentials(event)
