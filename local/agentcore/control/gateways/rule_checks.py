"""The rules for rules that no shape can say, and what of them is not served here.

Source: AgentCore developer guide, "Gateway rules".
"""

from __future__ import annotations

from typing import Any

from local.agentcore.control.gateways.records import HTTP_RUNTIME, Gateway
from local.agentcore.model.errors import invalid_field, not_served


def check_rule(gateway: Gateway, members: dict[str, Any]) -> None:
    """Check a rule against the targets of its gateway.

    Raises:
        ServiceError: ValidationException that names the member, or what is not served.
    """
    for condition in members.get("conditions", []):
        kind = next(iter(condition))
        if kind != "matchPaths":
            raise not_served(f"gateway rules with the condition {kind}")
    for action in members["actions"]:
        kind = next(iter(action))
        if kind != "routeToTarget":
            raise not_served(f"gateway rules with the action {kind}")
    if len(members["actions"]) > 1:
        raise invalid_field("actions", "A rule has one action of each kind.")
    route = members["actions"][0]["routeToTarget"]
    if "weightedRoute" in route:
        entries = route["weightedRoute"]["trafficSplit"]
        _check_split(entries)
    else:
        entries = [route["staticRoute"]]
    for entry in entries:
        _check_destination(gateway, entry)


def _check_split(entries: list[dict[str, Any]]) -> None:
    path = "actions.1.member.routeToTarget.weightedRoute.trafficSplit"
    if sum(entry["weight"] for entry in entries) != 100:
        raise invalid_field(path, "The weights must add up to 100.")
    for name in ("name", "targetName"):
        if len({entry[name] for entry in entries}) < len(entries):
            raise invalid_field(path, f"Each entry needs a {name} of its own.")


def _check_destination(gateway: Gateway, entry: dict[str, Any]) -> None:
    for name in ("model", "fallback"):
        if entry.get(name) is not None:
            raise not_served(f"gateway rules with a {name}")
    name = entry["targetName"]
    target = next((each for each in gateway.targets.values() if each.name == name), None)
    if target is None or target.kind != HTTP_RUNTIME or target.status != "READY":
        message = f"The gateway has no HTTP target '{name}' that is READY."
        raise invalid_field("actions.1.member.routeToTarget", message)
