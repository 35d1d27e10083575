"""A create of a target that nothing answered: the record knows of it until the target is seen, or cannot come any more.

The list of targets may lag at the same time (the reading `target-list=late`).
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from lifecycle.gateway.deploy import deploy_gateway
from lifecycle.gateway.teardown import delete_gateway
from tests.functions.lifecycle.gateway.front import ON
from tests.functions.lifecycle.gateway.mcp.tools import OTHER_FUNCTION, Tools, mcp, target
from tests.functions.lifecycle.killer import Killed
from tests.functions.lifecycle.refusing import refused

TWO = mcp(target(), target("more", OTHER_FUNCTION))
MINUTE, HOUR = 60, 3600


@pytest.fixture
def late(deployed: Tools) -> Tools:
    """The list of targets lags."""
    deployed.world.pass_(10)
    deployed.world.store.readings.change({"target-list": "late"})
    return deployed


def lose(tools: Tools, request: dict[str, Any] = TWO) -> None:
    """The execution ends right after a target is made: its answer is lost."""
    tools.world.begin("lost", request)
    for number in range(1, 60):
        tools.world.killer.start(after=number)
        with pytest.raises(Killed) as killed:
            tools.deploy()
        tools.world.killer.start()
        if str(killed.value) == "CreateGatewayTarget":
            return
    raise AssertionError("no target was made")


def age(tools: Tools, seconds: float) -> None:
    """The create that was not answered was begun so long ago."""
    section = tools.section()
    section.mcp.begun_at = int(time.time() - seconds)
    tools.world.records.update("dev", tools.world.execution, gateway=section)


def names(tools: Tools) -> list[str]:
    """The names of the targets that are there, listed or not."""
    readings = tools.world.store.readings
    played = readings["target-list"]
    readings.change({"target-list": "prompt"})
    found = sorted(each["name"] for each in tools.targets())
    readings.change({"target-list": played})
    return found


@pytest.mark.parametrize("before", ["never there", "made again"])
def test_a_target_that_is_not_listed_yet_goes_when_the_next_request_drops_it(
    late: Tools, before: str
) -> None:
    if before == "made again":
        late.again("both", TWO)
        late.world.pass_(10)
        late.delete_named("more")
    lose(late)
    assert names(late) == ["more", "orders"]
    assert "more" not in {each["name"] for each in late.targets()}
    result = late.again("dropped")
    assert (result.gateway.change, result.repaired) == ("updated", [])
    assert names(late) == ["orders"]
    section = late.section()
    assert (section.mcp.targets.keys(), section.mcp.begun) == ({"orders"}, [])


def test_what_no_list_shows_for_a_minute_is_looked_for_again_by_the_next_execution(
    late: Tools,
) -> None:
    lose(late)
    late.world.begin("dropped", mcp())
    age(late, MINUTE)
    assert late.world.run(deploy_gateway).done
    assert names(late) == ["more", "orders"]
    late.world.pass_(10)
    late.again("later")
    assert names(late) == ["orders"]
    assert late.section().mcp.begun == []


def test_what_no_list_shows_for_an_hour_was_never_made(deployed: Tools) -> None:
    lose(deployed)
    deployed.world.pass_(10)
    deployed.delete_named("more")
    deployed.world.begin("dropped", mcp())
    age(deployed, HOUR)
    deployed.world.killer.start()
    assert deployed.world.run(deploy_gateway).done
    assert deployed.section().mcp.begun == []
    deployed.world.killer.start()
    assert deployed.again("later").gateway.change == "unchanged"
    assert "ListGatewayTargets" not in deployed.world.killer.calls


def test_a_request_that_keeps_the_target_takes_it_over(late: Tools) -> None:
    lose(late)
    late.again("kept", TWO)
    assert names(late) == ["more", "orders"]
    section = late.section()
    assert (section.mcp.targets.keys(), section.mcp.begun) == ({"orders", "more"}, [])


def test_a_target_that_agentcore_refused_is_not_waited_for(deployed: Tools) -> None:
    deployed.world.begin("refused", TWO)
    with deployed.refused("CreateGatewayTarget", "no"), pytest.raises(Exception, match="no"):
        deployed.deploy()
    assert deployed.section().mcp.begun == []
    assert deployed.again("dropped").done
    assert deployed.section().mcp.targets.keys() == {"orders"}


def test_a_target_that_is_refused_after_a_lost_answer_may_be_there(late: Tools) -> None:
    lose(late)
    with late.refused("CreateGatewayTarget", "no"), pytest.raises(Exception, match="no"):
        late.deploy()
    assert late.section().mcp.begun == ["more"]
    late.again("dropped")
    assert names(late) == ["orders"]


def test_a_target_that_agentcore_lists_and_does_not_find_at_the_moment_is_not_forgotten(
    deployed: Tools,
) -> None:
    deployed.again("both", TWO)
    deployed.world.begin("dropped", mcp())
    missing = ("GetGatewayTarget", "not found", "ResourceNotFoundException")
    with refused(deployed.control, *missing, times=1):
        assert not deployed.step().done
    deployed.deploy()
    assert names(deployed) == ["orders"]


@pytest.mark.parametrize("request_after", [ON, {"tags": {}}], ids=["other type", "none"])
def test_it_goes_with_its_gateway(late: Tools, request_after: dict[str, Any]) -> None:
    lose(late)
    gateway_id = late.id
    late.again("after", request_after)
    assert gateway_id not in late.gateways()


def test_a_teardown_removes_it_with_the_gateway(late: Tools) -> None:
    lose(late)
    late.world.begin("gone", {"action": "teardown"})
    late.world.loop(delete_gateway)
    assert late.gateways() == []
    assert late.role() is None
    assert late.section() is None
