"""Deliver the telemetry: the runtime's logs and traces to CloudWatch, or nothing any more."""

from lifecycle.entry import stage
from lifecycle.observability import deliver
from lifecycle.observability.deliver import DeliveryResult
from lifecycle.request.stage_event import StageEvent


@stage(StageEvent)
def handler(event: StageEvent) -> DeliveryResult:
    """Run the stage; see `lifecycle.observability.deliver.deliver_telemetry`."""
    return deliver.deliver_telemetry(event)
