"""What a canary consists of besides its endpoint: a second target of the gateway, and a rule that splits the calls.

Source: AgentCore developer guide, "Gateway rules"; botocore's model, `CreateGatewayRule`.
"""

from __future__ import annotations

from typing import Any

from lifecycle.canary.report import CanaryReport
from lifecycle.doors.address import GATEWAY_TARGET
from lifecycle.doors.target import credential_type, runtime_target
from lifecycle.gateway import calls
from lifecycle.names import CANDIDATE_ENDPOINT
from lifecycle.request.stage_event import StageEvent
from lifecycle.sections.canary import CanaryRecord

CANARY_TARGET = "canary"
"""The gateway's second target. It leads to the endpoint `candidate`; the target of that name is a closed runtime's."""
_ALL = 100
_FIRST_PRIORITY = 1


class CanaryEvent(StageEvent):
    """What the state machine passes to the stages of a canary.

    Attributes:
        step: The number of the step, from 0.
        canary: What the steps before it have reported; null before the first.
    """

    step: int = 0
    canary: CanaryReport | None = None


def target_of(runtime_arn: str, authorizer: str, *, by_role: bool = False) -> dict[str, Any]:
    """What `CreateGatewayTarget` gets. It passes on what the caller signs in with, as the target `live` does.

    Args:
        runtime_arn: The runtime.
        authorizer: The gateway's `authorizerType`.
        by_role: The gateway calls the runtime with its own role instead.
    """
    credentials = credential_type(iam=authorizer == "AWS_IAM", by_role=by_role)
    return runtime_target(CANARY_TARGET, runtime_arn, CANDIDATE_ENDPOINT, credentials)


def rule_of(weight: int) -> dict[str, Any]:
    """The conditions and actions of the rule: calls of `live` are split by weight.

    Args:
        weight: The share of the new version, in percent.
    """
    split = [
        {"name": CANARY_TARGET, "targetName": CANARY_TARGET, "weight": weight},
        {"name": GATEWAY_TARGET, "targetName": GATEWAY_TARGET, "weight": _ALL - weight},
    ]
    return {
        "conditions": [{"matchPaths": {"anyOf": [f"/{GATEWAY_TARGET}/*"]}}],
        "actions": [{"routeToTarget": {"weightedRoute": {"trafficSplit": split}}}],
    }


def weight_of(rule: dict[str, Any]) -> int | None:
    """The share of the calls that a rule gives to the target of the canary; None when it gives it none."""
    for action in rule.get("actions", []):
        route = action.get("routeToTarget") or {}
        for entry in (route.get("weightedRoute") or {}).get("trafficSplit", []):
            if entry["targetName"] == CANARY_TARGET:
                return int(entry["weight"])
        if (route.get("staticRoute") or {}).get("targetName") == CANARY_TARGET:
            return _ALL
    return None


def rules_there(control: Any, note: CanaryRecord) -> list[dict[str, Any]]:
    """All rules of the canary's gateway, the recorded one first, whether it is listed or not."""
    known = [note.rule_id] if note.rule_id is not None else []
    return calls.rules_of(control, note.gateway_id, known)


def own_rules(rules: list[dict[str, Any]], note: CanaryRecord) -> list[dict[str, Any]]:
    """The rules of a canary among those of its gateway: the recorded one, and all that lead to its target."""
    return [r for r in rules if r["ruleId"] == note.rule_id or weight_of(r) is not None]


def rule_label_of(note: CanaryRecord) -> str:
    """What the rule is called as long as its id is not known."""
    return f"the canary's rule of gateway {note.gateway_id}"


def free_priority(rules: list[dict[str, Any]]) -> int:
    """The first priority that no rule has: a smaller number comes first."""
    taken = {rule["priority"] for rule in rules}
    return next(number for number in range(_FIRST_PRIORITY, len(taken) + 2) if number not in taken)


def targets_of(control: Any, note: CanaryRecord) -> list[dict[str, Any]]:
    """The targets of a canary that are there: the recorded one, and that of the name. The list may be late."""
    listed = calls.list_targets(control, note.gateway_id)
    ids = [item["targetId"] for item in listed if item["name"] == CANARY_TARGET]
    if note.target_id is not None:
        ids = [note.target_id, *ids]
    found = (calls.get_target(control, note.gateway_id, one) for one in dict.fromkeys(ids))
    return [one for one in found if one is not None]
