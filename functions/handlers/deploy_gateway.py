"""Deploy the gateway: make it in front of the runtime, repair it, or remove it if it is switched off."""

from lifecycle.entry import stage
from lifecycle.gateway import deploy
from lifecycle.gateway.deploy import GatewayResult
from lifecycle.request.stage_event import StageEvent


@stage(StageEvent)
def handler(event: StageEvent) -> GatewayResult:
    """Run the stage; see `lifecycle.gateway.deploy.deploy_gateway`."""
    return deploy.deploy_gateway(event)
