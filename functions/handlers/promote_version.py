"""Promote the version: move the endpoint live to the version that has just passed."""

from lifecycle.entry import stage
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime import promotion
from lifecycle.runtime.promotion import PromotionResult


@stage(StageEvent)
def handler(event: StageEvent) -> PromotionResult:
    """Run the stage; see `lifecycle.runtime.promotion.promote_version`."""
    return promotion.promote_version(event)
