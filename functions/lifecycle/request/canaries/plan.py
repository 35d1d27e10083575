"""Plan a canary: its steps, or why the version is promoted directly instead."""

from __future__ import annotations

from lifecycle.entry import Wire
from lifecycle.record import Record
from lifecycle.request.model import Request

FIRST = "live serves no version yet, so there is nothing to split calls with"
NO_GATEWAY = "the environment has no gateway in front of the runtime that was finished yet"
OTHER_SIGN_IN = "the sign-in changes, so callers of the old version could not call the new one"
OTHER_PROTOCOL = "the protocol changes, so callers of the old version could not call the new one"


class CanaryPlan(Wire):
    """What the state machine knows of a canary.

    Attributes:
        steps: The weight of each step, in percent.
        bake_seconds: How long each step takes before it is judged.
        direct: Why the version is promoted directly all the same; null when it is not.
    """

    steps: list[int]
    bake_seconds: int
    direct: str | None = None


def plan_canary(request: Request, record: Record) -> CanaryPlan | None:
    """Say how a version is to be tried by callers; None when nobody asked for a canary.

    Args:
        request: Of the provision.
        record: The environment as it is.
    """
    promotion = request.promotion
    if request.action != "provision" or promotion is None or promotion.strategy == "direct":
        return None
    return CanaryPlan(
        steps=promotion.weights, bake_seconds=promotion.bake, direct=why_direct(request, record)
    )


def why_direct(request: Request, record: Record) -> str | None:
    """Why the calls cannot be split; None when they can."""
    runtime, gateway = record.runtime, record.gateway
    if runtime is None or runtime.live_version is None:
        return FIRST
    if gateway is None or gateway.url is None or gateway.target_id is None:
        return NO_GATEWAY
    if record.proven_request is None:
        return FIRST
    before = Request.model_validate({**record.proven_request, "wait": {}})
    if before.auth != request.auth:
        return OTHER_SIGN_IN
    if before.runtime.protocol != request.runtime.protocol:
        return OTHER_PROTOCOL
    return None
