"""Deploy the runtime: create it, or write back what differs from the request."""

from lifecycle import deployment
from lifecycle.deployment import DeployResult
from lifecycle.entry import StageEvent, stage


@stage(StageEvent)
def handler(event: StageEvent) -> DeployResult:
    """Run the stage; see `lifecycle.deployment.deploy_runtime`."""
    return deployment.deploy_runtime(event)
