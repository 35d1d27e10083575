"""Promote the version: move the endpoint live to the version that has just passed."""

from lifecycle import promotion
from lifecycle.entry import StageEvent, stage
from lifecycle.promotion import PromotionResult


@stage(StageEvent)
def handler(event: StageEvent) -> PromotionResult:
    """Run the stage; see `lifecycle.promotion.promote_version`."""
    return promotion.promote_version(event)
