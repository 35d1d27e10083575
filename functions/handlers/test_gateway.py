"""Test the gateway: the calls of the smoke test, through the gateway's address."""

from lifecycle.entry import stage
from lifecycle.gateway_test import run
from lifecycle.gateway_test.run import GatewayTestResult
from lifecycle.request.stage_event import StageEvent


@stage(StageEvent)
def handler(event: StageEvent) -> GatewayTestResult:
    """Run the stage; see `lifecycle.gateway_test.run.test_gateway`."""
    return run.test_gateway(event)
