"""Delete the artifact: the environment's images and objects; then check that they are gone."""

from lifecycle.artifact import teardown
from lifecycle.entry import stage
from lifecycle.request.stage_event import StageEvent
from lifecycle.teardown import Teardown


@stage(StageEvent)
def handler(event: StageEvent) -> Teardown:
    """Run the stage; see `lifecycle.artifact.teardown.delete_artifact`."""
    return teardown.delete_artifact(event)
