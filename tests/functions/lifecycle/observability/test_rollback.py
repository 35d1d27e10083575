"""A rollback keeps what delivers logs and traces, and a version that it makes anew is observed, too."""

from __future__ import annotations

from typing import Any

from lifecycle.observability.deliver import deliver_telemetry
from lifecycle.request.preparation import PrepareEvent, prepare_request
from lifecycle.runtime.promotion import promote_version
from lifecycle.runtime.readiness import check_runtime
from lifecycle.runtime.rollback.restore import restore_version
from tests.functions.lifecycle.observability.conftest import EXECUTION


def provision(world: Any, text: str) -> None:
    world.execution = f"{EXECUTION[:-3]}{text}"
    world.begin(request={"observability": True, "runtime": {"description": text}})
    world.publish()
    world.deploy()
    world.loop(check_runtime)
    world.run(deliver_telemetry)
    world.prove()
    world.loop(promote_version)
    world.records.update("dev", world.execution, request=world.request.to_json())
    world.records.release("dev", world.execution)


def sources(world: Any) -> set[str]:
    found = world.clients.logs.describe_delivery_sources()["deliverySources"]
    return {arn for source in found for arn in source["resourceArns"]}


def test_a_rebuild_after_a_rollback_still_delivers(world: Any) -> None:
    world.records.release("dev", world.execution)
    for text in ("one", "two"):
        provision(world, text)
    world.begin_rollback("three")
    world.loop(restore_version)
    world.prove()
    world.loop(promote_version)
    record = world.record()
    assert record.request["observability"] is True
    assert record.proven_request["observability"] is True
    assert record.telemetry is not None


def test_a_version_that_is_made_anew_is_observed(world: Any) -> None:
    world.records.release("dev", world.execution)
    for text in ("one", "two"):
        provision(world, text)
    old = world.only_runtime()
    world.control.delete_agent_runtime_endpoint(agentRuntimeId=old.id, endpointName="live")
    world.pass_(60)
    world.control.delete_agent_runtime(agentRuntimeId=old.id)
    world.pass_(60)
    asked = {"action": "rollback", "environment": "dev"}
    world.execution = f"{EXECUTION[:-3]}three"
    prepared = prepare_request(
        PrepareEvent(execution=world.execution, input=asked), clients=world.clients
    )
    assert prepared.telemetry is True
    world.request = prepared.request
    assert world.loop(restore_version).gone is True
    world.publish()
    world.deploy()
    world.loop(check_runtime)
    world.run(deliver_telemetry)
    assert sources(world) == {world.only_runtime().arn}
    assert world.only_runtime().arn != old.arn
