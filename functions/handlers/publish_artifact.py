"""Publish the artifact: build the agent if its source is new, and pin what the runtime is to run."""

from lifecycle.artifact import publish
from lifecycle.artifact.publish import Publication
from lifecycle.entry import stage
from lifecycle.request.stage_event import StageEvent


@stage(StageEvent)
def handler(event: StageEvent) -> Publication:
    """Run the stage; see `lifecycle.artifact.publish.publish_artifact`."""
    return publish.publish_artifact(event)
