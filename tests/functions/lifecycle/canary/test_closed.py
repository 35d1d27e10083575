"""A runtime that answers only its gateway has a canary, too: the smoke test and the callers have a target each."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.errors import GatewayError
from lifecycle.runtime.readiness import check_runtime
from tests.functions.lifecycle.canary.splitting import NEW, Splitting
from tests.functions.lifecycle.gateway import test_guarded as guarded
from tests.functions.lifecycle.gateway.front import Front
from tests.functions.lifecycle.gateway.test_closed import CLOSED, close, lock, loop
from tests.functions.lifecycle.runtime_world import World

CANARY: dict[str, Any] = {"promotion": {"strategy": "canary"}}


@pytest.fixture
def closed(runtime_world: World) -> Splitting:
    """A closed runtime whose `live` serves version 1, and a version 2 that has passed its smoke test."""
    front = Front(runtime_world)
    close(front, "one")
    world = front.world
    world.begin("two", CLOSED | CANARY | NEW)
    assert world.publish().done
    loop(front, "gateway")
    world.deploy()
    world.loop(check_runtime)
    loop(front, "candidate")
    world.prove()
    return Splitting(front)


def test_the_smoke_test_and_the_callers_have_a_target_each(closed: Splitting) -> None:
    closed.shift()
    assert closed.led_to() == {"candidate": "DEFAULT", "canary": "candidate", "live": "live"}
    (rule,) = closed.rules()
    split = rule["actions"][0]["routeToTarget"]["weightedRoute"]["trafficSplit"]
    assert {one["targetName"] for one in split} == {"canary", "live"}
    arn = closed.front.gateway()["gatewayArn"]
    assert lock(closed.front) == {"hostingEnvironments": [{"arn": arn}]}
    closed.promote()
    closed.clear()
    assert closed.front.deploy().repaired == []
    assert closed.everything() == ([], ["live"], {"live": "2"})


def test_a_failed_canary_leaves_the_old_version(closed: Splitting) -> None:
    closed.shift()
    closed.clear()
    # The target of the smoke test stays until the next provision, as after a smoke test that failed.
    assert closed.everything() == ([], ["candidate", "live"], {"live": "1"})


def test_for_callers_with_iam_both_targets_call_with_the_gateways_role(
    runtime_world: World,
) -> None:
    front = Front(runtime_world)
    guarded.close(front, "one")
    guarded.begin(front, "two", guarded.CLOSED | CANARY | NEW)
    loop(front, "gateway")
    front.world.deploy()
    front.world.loop(check_runtime)
    loop(front, "candidate")
    front.world.prove()
    splitting = Splitting(front)
    splitting.shift()
    assert guarded.targets(front) == {
        "candidate": ("DEFAULT", guarded.OWN),
        "canary": ("candidate", guarded.OWN),
        "live": ("live", guarded.OWN),
    }
    splitting.promote()
    splitting.clear()
    assert front.deploy().repaired == []
    assert guarded.targets(front) == {"live": ("live", guarded.OWN)}


def test_a_failed_attempt_to_close_does_not_change_how_the_canary_is_called(
    runtime_world: World,
) -> None:
    front = Front(runtime_world)
    guarded.provision(front, "one", guarded.OPEN)
    front.world.clients.iam.create_role(RoleName=guarded.NAME, AssumeRolePolicyDocument="{}")
    guarded.begin(front, "two", guarded.CLOSED)
    with pytest.raises(GatewayError):
        loop(front, "gateway")
    front.world.records.release("dev", front.world.execution)
    guarded.begin(front, "three", guarded.OPEN | CANARY | NEW)
    front.world.deploy()
    front.world.loop(check_runtime)
    front.world.prove()
    Splitting(front).shift()
    assert guarded.targets(front) == {
        "canary": ("candidate", guarded.CALLERS),
        "live": ("live", guarded.CALLERS),
    }
