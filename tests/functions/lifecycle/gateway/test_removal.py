"""A gateway goes in the order that AgentCore needs, wherever its removal is asked for; nobody else's does."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.errors import TeardownIncompleteError, WaitTimeoutError
from lifecycle.gateway.deploy import deploy_gateway
from lifecycle.gateway.teardown import delete_gateway
from tests.functions.lifecycle.gateway.front import ON, OTHER_ROLE, Front
from tests.functions.lifecycle.killer import Killed

NAMED = "gateway named stack-dev with the tags of environment dev"


def teardown(front: Front, name: str = "three", **more: Any) -> None:
    front.world.begin(name, {"action": "teardown", **more})


def test_targets_go_before_the_gateway(deployed: Front) -> None:
    gateway_id = deployed.id
    teardown(deployed)
    result = deployed.delete()
    assert result.removed == [f"target live of gateway {gateway_id}", f"gateway {gateway_id}"]
    assert result.looked_for == [
        NAMED,
        f"gateway {gateway_id}",
        f"targets and rules of gateway {gateway_id}",
    ]
    assert deployed.gateways() == []
    record = deployed.world.record()
    assert record.gateway is None
    again = deployed.world.run(delete_gateway)
    assert (again.done, again.removed) == (True, result.removed)


def test_a_dry_run_only_looks(deployed: Front) -> None:
    gateway_id, recorded = deployed.id, deployed.world.record()
    teardown(deployed, dryRun=True)
    deployed.world.killer.start()
    result = deployed.world.run(delete_gateway)
    assert result.done
    assert result.would_remove == [f"target live of gateway {gateway_id}", f"gateway {gateway_id}"]
    assert deployed.writes() == []
    assert deployed.world.record().gateway == recorded.gateway


def test_without_a_gateway_nothing_is_written(front: Front) -> None:
    front.world.provision("one")
    teardown(front)
    front.world.killer.start()
    result = front.world.run(delete_gateway)
    assert (result.done, result.removed, result.looked_for) == (True, [], [NAMED])
    assert "UpdateItem" not in front.world.killer.calls


def test_one_that_the_record_has_lost_is_found_by_its_tags(deployed: Front) -> None:
    gateway_id = deployed.id
    teardown(deployed)
    deployed.world.records.update("dev", deployed.world.execution, gateway=None)
    deployed.step(delete_gateway)
    assert deployed.section().id == gateway_id
    result = deployed.delete()
    assert result.removed == [f"target live of gateway {gateway_id}", f"gateway {gateway_id}"]
    assert deployed.gateways() == []


def test_one_that_only_the_intent_is_recorded_of_is_found(front: Front) -> None:
    front.world.provision("one", ON)
    front.world.begin("one", ON)
    front.world.killer.start(after=len(["GetItem", "ListGateways", "UpdateItem", "CreateGateway"]))
    with pytest.raises(Killed, match="CreateGateway"):
        front.world.run(deploy_gateway)
    front.world.killer.start()
    assert front.section().id is None
    front.world.pass_(10)
    teardown(front)
    assert len(front.delete().removed) == 1
    assert front.gateways() == []


def test_somebody_elses_gateway_stays(front: Front) -> None:
    front.control.create_gateway(name="stack-dev", roleArn=OTHER_ROLE, authorizerType="AWS_IAM")
    front.world.pass_(10)
    front.world.provision("one")
    teardown(front)
    result = front.world.run(delete_gateway)
    assert result.done
    assert [kept.resource for kept in result.kept] == [f"gateway {front.gateway()['gatewayArn']}"]
    assert "its tags do not say that stack stack created it" in result.kept[0].reason


def test_rules_go_first(deployed: Front) -> None:
    gateway_id = deployed.id
    made = deployed.control.create_gateway_rule(
        gatewayIdentifier=gateway_id,
        priority=1,
        actions=[{"routeToTarget": {"staticRoute": {"targetName": "live"}}}],
    )
    deployed.world.pass_(10)
    teardown(deployed)
    result = deployed.delete()
    assert result.removed == [
        f"rule {made['ruleId']} of gateway {gateway_id}",
        f"target live of gateway {gateway_id}",
        f"gateway {gateway_id}",
    ]
    assert deployed.gateways() == []


@pytest.mark.parametrize("operation", ["DeleteGatewayTarget", "DeleteGateway"])
def test_a_delete_that_fails_is_named_and_may_be_tried_again(
    deployed: Front, operation: str
) -> None:
    teardown(deployed)
    deployed.world.fail(operation)
    with pytest.raises(TeardownIncompleteError, match="could not be deleted: no capacity; fix"):
        deployed.delete()
    assert deployed.section() is not None
    deployed.delete()
    assert deployed.gateways() == []


@pytest.mark.parametrize("operation", ["DeleteGatewayTarget", "DeleteGateway"])
def test_what_is_busy_is_deleted_later(deployed: Front, operation: str) -> None:
    teardown(deployed)
    deployed.world.conflict(operation)
    deployed.delete()
    assert deployed.gateways() == []


def test_the_deadline_is_kept_and_names_what_is_left(deployed: Front) -> None:
    teardown(deployed)
    with pytest.raises(
        TeardownIncompleteError, match=r"after 600 s this is left: gateway stack-dev"
    ):
        deployed.world.run(delete_gateway, deadline=1)


def test_a_teardown_that_is_killed_anywhere_leaves_nothing(deployed: Front) -> None:
    for number in range(1, 40):
        teardown(deployed, f"teardown-{number}")
        deployed.world.killer.start(after=number)
        try:
            deployed.delete()
        except Killed:
            result = deployed.delete()
            assert len(result.removed) == 2
        else:
            break
        finally:
            deployed.world.killer.start()
        assert deployed.gateways() == []
        assert deployed.world.record().gateway is None
        deployed.world.begin(f"again-{number}", ON)
        deployed.deploy()
    else:
        raise AssertionError("no run without a kill")


def test_switched_off_it_is_removed_by_a_provision(deployed: Front) -> None:
    deployed.world.begin("three", {})
    result = deployed.deploy()
    assert (result.done, result.gateway, result.repaired) == (True, None, [])
    assert deployed.gateways() == []
    assert deployed.section() is None


def test_switched_off_after_it_was_deleted_by_hand(deployed: Front) -> None:
    deployed.delete_all()
    deployed.world.begin("three", {})
    assert deployed.world.run(deploy_gateway).done
    assert deployed.section() is None


def test_switching_off_keeps_the_deadline(deployed: Front) -> None:
    deployed.world.begin("three", {})
    with pytest.raises(WaitTimeoutError, match="was still there after 600 s"):
        deployed.world.run(deploy_gateway, deadline=1)
