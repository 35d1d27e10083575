"""Delete the artifact: the environment's images and objects, and see that they are gone."""

from lifecycle import artifact_teardown
from lifecycle.entry import StageEvent, stage
from lifecycle.teardown import Teardown


@stage(StageEvent)
def handler(event: StageEvent) -> Teardown:
    """Run the stage; see `lifecycle.artifact_teardown.delete_artifact`."""
    return artifact_teardown.delete_artifact(event)
