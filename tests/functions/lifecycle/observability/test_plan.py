"""The dry run says what the delivery of logs and traces would be, by the stage's own code, and changes nothing."""

from __future__ import annotations

from typing import Any

from lifecycle.observability.deliver import DeliverySettings, deliver_telemetry
from lifecycle.plan.drafts import DraftRecords
from lifecycle.plan.observability import observability_answers, plan_observability
from lifecycle.plan.reading import ReadingClients, only_reading
from tests.functions.lifecycle.observability.telemetry import (
    EVERYTHING,
    GROUP,
    SOURCES,
    delivery_of,
    there,
)


def plan(world: Any, **request: Any) -> Any:
    world.begin(request={"observability": True, **request})
    clients = ReadingClients(world.clients, observability_answers())
    records = DraftRecords(clients.dynamodb, "environments", "dev")
    before, recorded = there(world.clients.logs), world.record().telemetry
    with only_reading():
        planned = plan_observability(world.event(), clients, records, DeliverySettings.load())
    assert there(world.clients.logs) == before
    assert world.record().telemetry == recorded
    return planned


def test_it_would_be_set_up_and_then_it_is_unchanged(world: Any) -> None:
    planned = plan(world)
    assert (planned.change, planned.log_group, planned.log_types) == ("create", GROUP, [*SOURCES])
    world.run(deliver_telemetry)
    planned = plan(world)
    assert (planned.change, planned.repaired, planned.removes) == ("unchanged", [], [])


def test_a_new_environment_has_no_runtime_yet(world: Any) -> None:
    runtime = world.record().runtime.model_copy(update={"id": None, "arn": None})
    world.records.update("dev", world.execution, runtime=runtime)
    assert plan(world).change == "create"


def test_drift_would_be_repaired(world: Any) -> None:
    world.run(deliver_telemetry)
    logs = world.clients.logs
    logs.delete_delivery(id=delivery_of(logs, "stack_dev-usage"))
    planned = plan(world)
    assert planned.change == "update"
    assert planned.repaired == ["the delivery of USAGE_LOGS was deleted"]
    assert world.run(deliver_telemetry).repaired == planned.repaired


def test_switched_off_it_would_be_removed(world: Any) -> None:
    world.run(deliver_telemetry)
    planned = plan(world, observability=False)
    assert planned.change == "remove"
    assert len(planned.removes) == len(EVERYTHING)


def test_without_observability_nothing_is_asked(world: Any) -> None:
    world.begin(request={})
    clients = ReadingClients(world.clients, observability_answers())
    records = DraftRecords(clients.dynamodb, "environments", "dev")
    world.killer.start()
    planned = plan_observability(world.event(), clients, records, DeliverySettings.load())
    assert (planned, world.killer.calls) == (None, [])
