"""Rules of a gateway: from create to gone, and where they lead calls."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from local.agentcore.control.gateways.late_rules import LIST_SECONDS
from tests.local.agentcore.gateways.test_access import signed
from tests.local.agentcore.gateways.test_control import later, ready, refused, token

if TYPE_CHECKING:
    from tests.local.agentcore.conftest import World


@pytest.fixture
def gateway_id(world: World) -> str:
    """Return a gateway with the targets `live` and `next`, whose agents say what they are."""
    gateway_id = ready(world)
    for name in ("live", "next"):
        runtime = world.ready(name, environmentVariables={"MARK": name})
        world.control.create_gateway_target(
            gatewayIdentifier=gateway_id,
            name=name,
            targetConfiguration={"http": {"agentcoreRuntime": {"arn": runtime["agentRuntimeArn"]}}},
            credentialProviderConfigurations=[{"credentialProviderType": "CALLER_IAM_CREDENTIALS"}],
        )
        later(world)
    return gateway_id


def split(*weights: int, names: tuple[str, ...] = ("live", "next")) -> dict[str, Any]:
    entries = [
        {"name": f"v{number}", "targetName": names[number], "weight": weight}
        for number, weight in enumerate(weights)
    ]
    return {"routeToTarget": {"weightedRoute": {"trafficSplit": entries}}}


def static(name: str) -> dict[str, Any]:
    return {"routeToTarget": {"staticRoute": {"targetName": name}}}


def paths(*patterns: str) -> dict[str, Any]:
    return {"conditions": [{"matchPaths": {"anyOf": list(patterns)}}]}


def asked(world: World, gateway_id: str, name: str = "live") -> str:
    """Return which agent answers a call of a target's path."""
    url = world.control.get_gateway(gatewayIdentifier=gateway_id)["gatewayUrl"]
    answer = signed(world, f"{urlsplit(url).path}/{name}/invocations")
    assert answer.status_code == 200
    return str(json.loads(answer.data)["environment"]["MARK"])


def status(world: World, gateway_id: str, rule_id: str) -> str:
    found = world.control.get_gateway_rule(gatewayIdentifier=gateway_id, ruleId=rule_id)
    return str(found["status"])


def test_a_rule_lives_from_creating_to_gone(world: World, gateway_id: str) -> None:
    request = {
        "gatewayIdentifier": gateway_id,
        "priority": 10,
        "actions": [split(90, 10)],
        "clientToken": token("r"),
        **paths("/live/*"),
    }
    made = world.control.create_gateway_rule(**request)
    assert made["status"] == "CREATING"
    assert world.control.create_gateway_rule(**request)["ruleId"] == made["ruleId"]
    where = {"gatewayIdentifier": gateway_id, "ruleId": made["ruleId"]}
    refused("ConflictException", world.control.update_gateway_rule, **where, priority=2)
    later(world)
    assert status(world, gateway_id, made["ruleId"]) == "ACTIVE"
    changed = world.control.update_gateway_rule(**where, actions=[split(50, 50)], description="x")
    assert (changed["status"], changed["priority"]) == ("UPDATING", 10)
    later(world)
    [listed] = world.control.list_gateway_rules(gatewayIdentifier=gateway_id)["gatewayRules"]
    assert (listed["conditions"], listed["description"]) == (paths("/live/*")["conditions"], "x")
    assert world.control.delete_gateway_rule(**where)["status"] == "DELETING"
    later(world)
    refused("ResourceNotFoundException", world.control.get_gateway_rule, **where)
    again = world.control.create_gateway_rule(**request)
    assert again["ruleId"] != made["ruleId"]


@pytest.mark.parametrize("value", ["prompt", "late"])
def test_when_the_list_shows_a_change_is_not_known(
    world: World, gateway_id: str, value: str
) -> None:
    world.readings.change({"rule-list": value})
    late, which = value == "late", {"gatewayIdentifier": gateway_id}

    def shown() -> list[Any]:
        rules = world.control.list_gateway_rules(**which)["gatewayRules"]
        return [(rule["priority"], rule["status"]) for rule in rules]

    made = world.control.create_gateway_rule(**which, priority=10, actions=[split(90, 10)])
    where = {**which, "ruleId": made["ruleId"]}
    assert shown() == ([] if late else [(10, "CREATING")])
    world.clock.pass_(LIST_SECONDS)
    assert shown() == [(10, "ACTIVE")]
    world.control.update_gateway_rule(**where, priority=20)
    assert shown() == [(10, "ACTIVE") if late else (20, "UPDATING")]
    # What is asked for by its id is as it is.
    assert world.control.get_gateway_rule(**where)["priority"] == 20
    world.clock.pass_(LIST_SECONDS)
    assert shown() == [(20, "ACTIVE")]
    world.control.delete_gateway_rule(**where)
    later(world)
    refused("ResourceNotFoundException", world.control.get_gateway_rule, **where)
    assert shown() == ([(20, "ACTIVE")] if late else [])
    world.clock.pass_(2 * LIST_SECONDS)
    assert shown() == []


def test_a_split_leads_calls_by_weight(world: World, gateway_id: str) -> None:
    made = world.control.create_gateway_rule(
        gatewayIdentifier=gateway_id, priority=10, actions=[split(90, 10)], **paths("/live/*")
    )
    world.core.gateways.draw = lambda: 90
    assert asked(world, gateway_id) == "live"
    later(world)
    assert asked(world, gateway_id) == "next"
    world.core.gateways.draw = lambda: 89
    assert asked(world, gateway_id) == "live"
    assert asked(world, gateway_id, "next") == "next"
    where = {"gatewayIdentifier": gateway_id, "ruleId": made["ruleId"]}
    world.control.update_gateway_rule(**where, actions=[static("next")])
    later(world)
    assert asked(world, gateway_id) == "next"
    world.control.delete_gateway_rule(**where)
    assert asked(world, gateway_id) == "live"


def test_the_first_rule_by_priority_decides(world: World, gateway_id: str) -> None:
    for priority, name in ((20, "live"), (10, "next")):
        world.control.create_gateway_rule(
            gatewayIdentifier=gateway_id, priority=priority, actions=[static(name)]
        )
    later(world)
    assert asked(world, gateway_id) == "next"
    rules = world.control.list_gateway_rules(gatewayIdentifier=gateway_id)["gatewayRules"]
    assert [rule["priority"] for rule in rules] == [10, 20]
    refused(
        "ConflictException",
        world.control.create_gateway_rule,
        gatewayIdentifier=gateway_id,
        priority=10,
        actions=[static("live")],
    )


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"actions": [split(50, 49)]}, "100"),
        ({"actions": [split(50, 50, names=("live", "live"))]}, "targetName"),
        ({"actions": [split(50, 50, names=("live", "none"))]}, "'none'"),
        ({"actions": [static("none")]}, "'none'"),
        ({"actions": [static("live"), static("next")]}, "one action"),
        (
            {"conditions": [{"matchModels": {"anyOf": [{"value": "m"}]}}]},
            "does not serve gateway rules with the condition matchModels",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_rule_cannot_be(
    world: World, gateway_id: str, more: dict[str, Any], says: str
) -> None:
    request = {"actions": [static("live")], **more}
    said = refused(
        "ValidationException",
        world.control.create_gateway_rule,
        gatewayIdentifier=gateway_id,
        priority=1,
        **request,
    )
    assert says in said


def test_the_target_of_a_rule_stays(world: World, gateway_id: str) -> None:
    made = world.control.create_gateway_rule(
        gatewayIdentifier=gateway_id, priority=1, actions=[static("next")]
    )
    later(world)
    targets = world.control.list_gateway_targets(gatewayIdentifier=gateway_id)["items"]
    wanted = {each["name"]: each["targetId"] for each in targets}
    where = {"gatewayIdentifier": gateway_id, "targetId": wanted["next"]}
    refused("ConflictException", world.control.delete_gateway_target, **where)
    world.control.delete_gateway_rule(gatewayIdentifier=gateway_id, ruleId=made["ruleId"])
    later(world)
    world.control.delete_gateway_target(**where)


def test_twenty_rules_a_gateway(world: World, gateway_id: str) -> None:
    for priority in range(1, 21):
        world.control.create_gateway_rule(
            gatewayIdentifier=gateway_id, priority=priority, actions=[static("live")]
        )
    refused(
        "ServiceQuotaExceededException",
        world.control.create_gateway_rule,
        gatewayIdentifier=gateway_id,
        priority=21,
        actions=[static("live")],
    )
