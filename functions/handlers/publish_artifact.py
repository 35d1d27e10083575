"""Publish the artifact: build the agent if its source is new, and pin what the runtime is to run."""

from lifecycle import artifact
from lifecycle.artifact import Publication
from lifecycle.entry import StageEvent, stage


@stage(StageEvent)
def handler(event: StageEvent) -> Publication:
    """Run the stage; see `lifecycle.artifact.publish_artifact`."""
    return artifact.publish_artifact(event)
