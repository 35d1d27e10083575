"""Deploy the runtime: create it, or update what differs from the request."""

from lifecycle.entry import stage
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime import deploy
from lifecycle.runtime.deploy import DeployResult


@stage(StageEvent)
def handler(event: StageEvent) -> DeployResult:
    """Run the stage; see `lifecycle.runtime.deploy.deploy_runtime`."""
    return deploy.deploy_runtime(event)
