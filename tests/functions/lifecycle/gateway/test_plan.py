"""The dry run says what would happen to the gateway, by the stage's own code, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.errors import GatewayError
from lifecycle.gateway.guarded.role import GatewaySettings
from lifecycle.plan.drafts import DraftRecords
from lifecycle.plan.gateway import gateway_answers, plan_gateway
from lifecycle.plan.reading import ReadingClients, only_reading
from lifecycle.plan.runtime import runtime_answers
from tests.functions.lifecycle.gateway.front import ON, OTHER_ROLE, Front


def plan(front: Front, **request: Any) -> Any:
    front.world.begin("plan", ON | request)
    return look(front)


def look(front: Front) -> Any:
    of_control = {**runtime_answers()["agentcore_control"], **gateway_answers()}
    clients = ReadingClients(front.world.clients, {"agentcore_control": of_control})
    records = DraftRecords(clients.dynamodb, "environments", "dev")
    before, recorded = front.gateways(), front.section()
    front.world.killer.start()
    with only_reading():
        planned = plan_gateway(front.world.event(), clients, records, GatewaySettings.load())
    front.asked = list(front.world.killer.calls)
    assert front.writes() == []
    assert front.gateways() == before
    assert front.section() == recorded
    return planned


def test_it_would_be_made_and_then_it_is_unchanged(front: Front) -> None:
    front.world.provision("one")
    planned = plan(front)
    assert (planned.change, planned.name) == ("create", "stack-dev")
    front.deploy()
    planned = plan(front)
    assert (planned.change, planned.repaired, planned.removes) == ("unchanged", [], [])


def test_a_new_environment_has_no_runtime_yet(front: Front) -> None:
    front.world.provision("one")
    front.world.begin("plan", ON)
    runtime = front.world.record().runtime
    assert runtime is not None
    none = runtime.model_copy(update={"id": None, "arn": None})
    front.world.records.update("dev", front.world.execution, runtime=none)
    assert look(front).change == "create"


def test_drift_of_gateway_and_target_would_be_repaired(deployed: Front) -> None:
    deployed.update(roleArn=OTHER_ROLE)
    deployed.delete_target()
    planned = plan(deployed)
    assert planned.change == "update"
    assert planned.repaired == [
        "the gateway's role was changed",
        "the gateway's target was deleted",
    ]
    assert deployed.deploy().repaired == planned.repaired


def test_another_type_of_sign_in_would_replace_it(deployed: Front) -> None:
    gateway_id = deployed.id
    planned = plan(deployed, auth={"type": "iam"})
    assert (planned.change, planned.name, planned.repaired) == ("replace", "stack-dev", [])
    assert planned.removes == [f"target live of gateway {gateway_id}", f"gateway {gateway_id}"]


def test_a_gateway_that_failed_would_be_replaced(front: Front) -> None:
    front.world.fail("CreateGateway")
    front.world.provision("one", ON)
    front.world.begin("one", ON)
    with pytest.raises(GatewayError):
        front.deploy()
    gateway_id = front.id
    planned = plan(front)
    assert (planned.change, planned.removes) == ("replace", [f"gateway {gateway_id}"])


def test_switched_off_it_would_be_removed(deployed: Front) -> None:
    gateway_id = deployed.id
    planned = plan(deployed, gateway=None)
    assert planned.change == "remove"
    assert planned.removes == [f"target live of gateway {gateway_id}", f"gateway {gateway_id}"]


def test_without_a_gateway_nothing_is_asked(front: Front) -> None:
    front.world.provision("one")
    assert plan(front, gateway=None) is None
    assert front.asked == []
