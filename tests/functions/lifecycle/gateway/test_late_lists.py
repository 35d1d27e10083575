"""The list of targets lags (the reading `target-list=late`): nothing is lost, refused or made twice for it."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.errors import TeardownIncompleteError
from lifecycle.gateway.deploy import deploy_gateway
from lifecycle.gateway.teardown import delete_gateway
from tests.functions.lifecycle.gateway.front import ON, Front
from tests.functions.lifecycle.killer import Killed

REFUSED = ("DeleteGateway", "ValidationException", 400)


@pytest.fixture
def late(front: Front) -> Front:
    front.world.store.readings.change({"target-list": "late"})
    return front


def teardown(front: Front) -> None:
    front.world.begin("three", {"action": "teardown"})


def test_a_gateway_is_made_once(late: Front) -> None:
    late.world.killer.start()
    result = late.provision("one")
    assert (result.gateway.change, result.repaired) == ("created", [])
    assert late.writes() == ["CreateGateway", "CreateGatewayTarget"]
    late.world.pass_(10)
    assert late.section().target_id == late.target()["targetId"]


def test_a_target_whose_answer_was_lost_is_not_made_twice(late: Front) -> None:
    late.world.provision("one", ON)
    late.world.begin("one", ON)
    late.step()
    before = ["GetItem", "GetGateway", "ListTagsForResource", "ListGatewayTargets", "UpdateItem"]
    late.world.killer.start(after=len([*before, "CreateGatewayTarget"]))
    with pytest.raises(Killed, match="CreateGatewayTarget"):
        late.world.run(deploy_gateway)
    late.world.killer.start()
    late.world.begin("two", ON)
    assert late.deploy().gateway.change == "updated"
    late.world.pass_(10)
    assert late.section().target_id == late.target()["targetId"]


def test_a_deleted_target_is_made_anew(late: Front) -> None:
    late.provision("one")
    late.world.pass_(10)
    late.world.begin("two", ON)
    which = {"gatewayIdentifier": late.id, "targetId": late.section().target_id}
    late.control.delete_gateway_target(**which)
    late.world.pass_(1)
    result = late.deploy()
    assert result.repaired == ["the gateway's target was deleted"]
    late.world.pass_(10)
    assert late.section().target_id == late.target()["targetId"] != which["targetId"]


@pytest.mark.parametrize("seconds", [0, 10])
def test_a_teardown_removes_everything(late: Front, seconds: int) -> None:
    late.provision("one")
    gateway_id = late.id
    late.world.pass_(seconds)
    teardown(late)
    result = late.delete()
    assert sorted(result.removed) == [
        f"gateway {gateway_id}",
        f"target live of gateway {gateway_id}",
    ]
    assert late.gateways() == []
    assert late.world.record().gateway is None


@pytest.mark.parametrize("seconds", [0, 10])
def test_switched_off_it_is_removed(late: Front, seconds: int) -> None:
    late.provision("one")
    late.world.pass_(seconds)
    late.world.begin("three", {})
    assert late.deploy().done
    assert late.gateways() == []
    assert late.section() is None


@pytest.mark.parametrize("stage", [delete_gateway, deploy_gateway])
def test_a_gateway_that_still_counts_its_targets_is_deleted_later(
    deployed: Front, stage: Any
) -> None:
    deployed.world.begin("three", {"action": "teardown"} if stage is delete_gateway else {})
    deployed.world.clients.refuse_next(*REFUSED)
    deployed.world.loop(stage)
    assert deployed.gateways() == []


def test_a_gateway_that_never_lets_go_is_named_at_the_deadline(deployed: Front) -> None:
    teardown(deployed)
    deployed.step(delete_gateway)
    deployed.world.clients.refuse_next(*REFUSED)
    with pytest.raises(TeardownIncompleteError, match="after 600 s this is left: gateway stack"):
        deployed.world.run(delete_gateway, deadline=1)


def test_a_target_that_had_failed_before_and_goes_is_no_failure(late: Front) -> None:
    late.world.provision("one", ON)
    late.world.begin("one", ON)
    late.step()
    late.world.fail("CreateGatewayTarget")
    late.step()
    assert late.targets()[0]["status"] == "FAILED"
    teardown(late)
    late.delete()
    assert late.gateways() == []


def test_a_recorded_target_is_not_looked_for(deployed: Front) -> None:
    deployed.world.killer.start()
    assert deployed.world.run(deploy_gateway).done
    assert "ListGatewayTargets" not in deployed.world.killer.calls
