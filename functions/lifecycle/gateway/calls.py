"""Calls to AgentCore's control plane about a gateway, its targets and rules; for a missing one they return None."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.runtime.agentcore import is_conflict, is_not_found

READY = "READY"
# Statuses that end by themselves (botocore's model: GatewayStatus, TargetStatus).
BUSY = frozenset({"CREATING", "UPDATING", "DELETING", "SYNCHRONIZING"})
LISTED_SECONDS = 60
"""How long a target is waited for whose create was not answered. How late the list is, is not documented."""


def get_gateway(control: Any, gateway_id: str) -> dict[str, Any] | None:
    """Read a gateway."""
    found: dict[str, Any] | None = _or_none(
        lambda: control.get_gateway(gatewayIdentifier=gateway_id)
    )
    return found


def get_target(control: Any, gateway_id: str, target_id: str) -> dict[str, Any] | None:
    """Read a target of a gateway."""
    found: dict[str, Any] | None = _or_none(
        lambda: control.get_gateway_target(gatewayIdentifier=gateway_id, targetId=target_id)
    )
    return found


def gateways_named(control: Any, name: str) -> list[str]:
    """The ids of the gateways that have a name. Whether AgentCore lets two have one is not documented."""
    pages = control.get_paginator("list_gateways").paginate()
    return [item["gatewayId"] for page in pages for item in page["items"] if item["name"] == name]


def gateways_that_begin_with(control: Any, prefix: str) -> Iterator[dict[str, Any]]:
    """Read the gateways whose names begin with a text; a list has no ARNs."""
    for page in control.get_paginator("list_gateways").paginate():
        for item in page["items"]:
            found = (
                get_gateway(control, item["gatewayId"]) if item["name"].startswith(prefix) else None
            )
            if found is not None:
                yield found


def list_targets(control: Any, gateway_id: str) -> list[dict[str, Any]]:
    """List the targets of a gateway; none when it is gone."""
    return _listed(control.get_paginator("list_gateway_targets"), "items", gateway_id)


def rules_of(control: Any, gateway_id: str, known: Collection[str] = ()) -> list[dict[str, Any]]:
    """Read the rules of a gateway, each by its id: the list may lag behind creates, updates and deletes.

    Args:
        control: AgentCore's control plane.
        gateway_id: The gateway.
        known: Ids of rules that may be there, listed or not; these come first.

    Returns:
        Those that are there, as `GetGatewayRule` gives them; none when the gateway is gone.
    """
    listed = _listed(control.get_paginator("list_gateway_rules"), "gatewayRules", gateway_id)
    ids = dict.fromkeys([*known, *(item["ruleId"] for item in listed)])
    found = (_get_rule(control, gateway_id, one) for one in ids)
    return [one for one in found if one is not None]


def reasons(observed: dict[str, Any]) -> str:
    """Why a gateway or target failed, as AgentCore says it, on one line."""
    told = " ".join(" ".join(observed.get("statusReasons") or []).split())
    return told or "AgentCore gives no reason"


def is_refused_value(error: ClientError) -> bool:
    """Tell whether an error says that AgentCore does not take a value of the request."""
    return bool(error.response["Error"]["Code"] == "ValidationException")


def is_about_role(error: ClientError) -> bool:
    """Tell whether an error says that AgentCore cannot use the role of a gateway. Its words are not documented."""
    told = error.response["Error"].get("Message", "").lower()
    # A kind of a target's credentials has the word in its name.
    return is_refused_value(error) and "role" in told.replace("gateway_iam_role", "")


def keeps_authorizer_type(error: ClientError) -> bool:
    """Tell whether an error says that a gateway cannot get another authorizer type.

    Sources: aws-cloudformation/cloudformation-coverage-roadmap#2578, hashicorp/terraform-provider-aws#44812.
    """
    # Either case of the first letter.
    return is_refused_value(error) and "uthorizer type" in error.response["Error"]["Message"]


def attempt_deletion(
    call: Callable[[], Any], is_busy: Callable[[ClientError], bool] = is_conflict
) -> bool:
    """Begin to delete something, and tell whether AgentCore took it.

    Args:
        call: Begins it.
        is_busy: Tells whether an error says that AgentCore is busy with the thing.

    Returns:
        False when it is busy with the thing; what is gone already counts as taken.
    """
    try:
        call()
    except ClientError as error:
        if is_busy(error):
            return False
        if not is_not_found(error):
            raise
    return True


def attempt_update(call: Callable[[], Any]) -> bool:
    """Begin to change something that was there a moment ago, and tell whether AgentCore took it.

    Args:
        call: Begins it.

    Returns:
        False when it is busy with the thing, or does not find it: the next look tells how it is.
    """
    try:
        call()
    except ClientError as error:
        if not (is_conflict(error) or is_not_found(error)):
            raise
        return False
    return True


def holds_targets(error: ClientError) -> bool:
    """Tell whether a gateway may not go yet: it counts targets that no list shows (awslabs/agentcore-samples#1954)."""
    return is_conflict(error) or is_refused_value(error)


def _get_rule(control: Any, gateway_id: str, rule_id: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = _or_none(
        lambda: control.get_gateway_rule(gatewayIdentifier=gateway_id, ruleId=rule_id)
    )
    return found


def _listed(paginator: Any, member: str, gateway_id: str) -> list[dict[str, Any]]:
    pages = paginator.paginate(gatewayIdentifier=gateway_id)
    return (_or_none(lambda: [item for page in pages for item in page[member]])) or []


def _or_none(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
