"""A dry run of a rollback says what would happen to the gateway, which follows the sign-in of the version."""

from __future__ import annotations

from typing import Any

from lifecycle.gateway.deploy import deploy_gateway
from lifecycle.plan.gateway import TESTED

ON: dict[str, Any] = {"gateway": {"type": "runtime"}}
IAM: dict[str, Any] = {"auth": {"type": "iam"}}


def provision(world: Any, text: str, **more: Any) -> None:
    given = {"runtime": {"description": text}, **ON, **more}
    world.provision(given)
    world.begin(text, given)
    world.loop(deploy_gateway)
    world.records.release("dev", world.execution)


def only_gateway(world: Any) -> str:
    (found,) = world.control.list_gateways()["items"]
    return str(found["gatewayId"])


def test_the_same_sign_in_leaves_it_as_it_is(world: Any) -> None:
    provision(world, "one")
    provision(world, "two")
    plan = world.plan_back()
    assert plan["gateway"] == {
        "change": "unchanged",
        "name": "stack-dev",
        "repaired": [],
        "removes": [],
    }
    assert plan["notKnown"][-1] == TESTED


def test_drift_would_be_repaired_also_for_a_version_that_is_made_anew(world: Any) -> None:
    provision(world, "one")
    provision(world, "two")
    gateway_id = only_gateway(world)
    (target,) = world.control.list_gateway_targets(gatewayIdentifier=gateway_id)["items"]
    world.control.delete_gateway_target(gatewayIdentifier=gateway_id, targetId=target["targetId"])
    world.pass_(10)
    plans = [world.plan_back()]
    world.delete_version("1")
    plans.append(world.plan_back())
    assert [plan["version"]["exists"] for plan in plans] == [True, False]
    for plan in plans:
        gateway = plan["gateway"]
        said = (gateway["change"], gateway["repaired"])
        assert said == ("update", ["the gateway's target was deleted"])


def test_another_type_of_sign_in_would_replace_it(world: Any) -> None:
    provision(world, "one")
    provision(world, "two", **IAM)
    gateway_id = only_gateway(world)
    gateway = world.plan_back()["gateway"]
    assert (gateway["change"], gateway["repaired"]) == ("replace", [])
    assert gateway["removes"] == [f"target live of gateway {gateway_id}", f"gateway {gateway_id}"]


def test_a_rollback_makes_no_gateway(world: Any) -> None:
    for text in ("one", "two"):
        world.provision({"runtime": {"description": text}})
    plan = world.plan_back()
    assert plan["gateway"] is None
    assert TESTED not in plan["notKnown"]
    assert [call for call in world.calls if "Gateway" in call] == []
