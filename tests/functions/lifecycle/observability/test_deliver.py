"""Logs and traces are delivered, once; drift is repaired and named; another's resource is in nobody's way unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.logs.models import logs_backends

from lifecycle import names
from lifecycle.errors import EnvironmentNotFoundError, ObservabilityError, ServiceUnavailableError
from lifecycle.observability.deliver import deliver_telemetry
from tests.functions.lifecycle.killer import Killed
from tests.functions.lifecycle.observability.telemetry import (
    EVERYTHING,
    GROUP,
    SOURCES,
    arn,
    delivery_of,
    group_destination,
    there,
)
from tests.functions.lifecycle.runtime_clients import REGION
from tests.functions.lifecycle.runtime_world import ACCOUNT

_WRITES = ("Create", "Delete", "Put", "Tag", "Untag", "Update")


def deliver(world: Any) -> Any:
    world.killer.start()
    return world.run(deliver_telemetry)


def writes(world: Any) -> list[str]:
    return [call for call in world.killer.calls if call.startswith(_WRITES)]


def calls_that_write(world: Any) -> list[int]:
    """Which of the last run's calls write, counted from 1."""
    calls = world.killer.calls
    return [number for number, call in enumerate(calls, 1) if call.startswith(_WRITES)]


def test_everything_is_made_and_told(world: Any) -> None:
    logs = world.clients.logs
    result = deliver(world)
    assert there(logs) == EVERYTHING
    assert result.repaired == []
    told = result.observability
    assert (told.log_group, told.sources, told.traces) == (GROUP, SOURCES, "aws/spans")
    assert told.deliveries == {
        log_type: delivery_of(logs, name) for log_type, name in SOURCES.items()
    }
    (group,) = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert group["retentionInDays"] == 30
    wanted = {"agentcore-lifecycle:stack": "stack", "agentcore-lifecycle:environment": "dev"}
    named = [
        *(f"delivery-source:{name}" for name in SOURCES.values()),
        "delivery-destination:stack_dev-logs",
        "delivery-destination:stack_dev-traces",
        *(f"delivery:{each}" for each in told.deliveries.values()),
        f"log-group:{GROUP}",
    ]
    for resource in named:
        assert logs.list_tags_for_resource(resourceArn=arn(resource))["tags"] == wanted, resource
    section = world.record().telemetry
    assert section.runtime_arn == world.only_runtime().arn
    assert section.deliveries == told.deliveries


def test_a_second_run_changes_nothing_and_writes_no_record(world: Any) -> None:
    first = deliver(world)
    again = deliver(world)
    assert again == first
    assert writes(world) == []


def test_a_log_group_whose_answer_was_lost_is_the_one_that_was_asked_for(world: Any) -> None:
    logs, answers = world.clients.logs, [0.0]

    def lose_the_answer(**_kwargs: Any) -> float | None:
        return answers.pop() if answers else None

    logs.meta.events.register_first("needs-retry.cloudwatch-logs.CreateLogGroup", lose_the_answer)
    assert deliver(world).repaired == []
    assert there(logs) == EVERYTHING
    assert answers == []


def test_the_longest_names_fit() -> None:
    longest = names.telemetry_name("s" * 128, "e" * 24, "traces")
    assert len(longest) <= 60


@pytest.mark.parametrize("resource", ["", "arn:aws:xray:us-west-2:123456789012:*"])
def test_whatever_aws_calls_the_resource_of_xray_is_no_drift(world: Any, resource: str) -> None:
    deliver(world)
    (place,) = [
        place
        for name, place in logs_backends[ACCOUNT][REGION].delivery_destinations.items()
        if name.endswith("-traces")
    ]
    place.delivery_destination_configuration = {"destinationResourceArn": resource}
    assert deliver(world).repaired == []
    assert writes(world) == []


def _delete_delivery(logs: Any) -> str:
    logs.delete_delivery(id=delivery_of(logs, "stack_dev-usage"))
    return "the delivery of USAGE_LOGS was deleted"


def _deliver_elsewhere(logs: Any) -> str:
    logs.create_log_group(logGroupName="other")
    logs.delete_delivery(id=delivery_of(logs, "stack_dev-logs"))
    to = group_destination(logs, "other", "other")
    logs.create_delivery(deliverySourceName="stack_dev-logs", deliveryDestinationArn=to)
    return f"the delivery of APPLICATION_LOGS went to {to}"


def _point_elsewhere(logs: Any) -> str:
    logs.create_log_group(logGroupName="other")
    group_destination(logs, "stack_dev-logs", "other")
    there_now = arn("log-group:other")
    return f"the delivery destination stack_dev-logs was changed to {there_now}"


def _delete_source(logs: Any) -> str:
    logs.delete_delivery(id=delivery_of(logs, "stack_dev-traces"))
    logs.delete_delivery_source(name="stack_dev-traces")
    return "the delivery source stack_dev-traces was deleted"


def _delete_group(logs: Any) -> str:
    logs.delete_log_group(logGroupName=GROUP)
    return f"the log group {GROUP} was deleted"


@pytest.mark.parametrize(
    "spoil",
    [_delete_delivery, _deliver_elsewhere, _point_elsewhere, _delete_source, _delete_group],
)
def test_drift_is_repaired_and_named(world: Any, spoil: Callable[[Any], str]) -> None:
    deliver(world)
    phrase = spoil(world.clients.logs)
    result = deliver(world)
    assert phrase in result.repaired
    assert [line for line in there(world.clients.logs) if "other" not in line] == EVERYTHING
    # A retry after a lost answer says so again; another execution does not.
    assert phrase in deliver(world).repaired
    world.execution = world.execution.replace(":one", ":two")
    world.begin(request={"observability": True})
    assert deliver(world).repaired == []


def test_the_retention_and_the_tags_follow(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.begin(request={"observability": True, "tags": {"team": "a", "old": "x"}})
    deliver(world)
    monkeypatch.setenv("LOG_RETENTION_DAYS", "7")
    world.begin(request={"observability": True, "tags": {"team": "b"}})
    assert deliver(world).repaired == []
    logs = world.clients.logs
    (group,) = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert group["retentionInDays"] == 7
    for resource in (f"log-group:{GROUP}", "delivery-source:stack_dev-traces"):
        tags = logs.list_tags_for_resource(resourceArn=arn(resource))["tags"]
        assert tags["team"] == "b"
        assert "old" not in tags


def test_another_runtime_is_delivered_from_without_drift(world: Any) -> None:
    deliver(world)
    old = world.only_runtime()
    world.pass_(30)
    world.control.delete_agent_runtime(agentRuntimeId=old.id)
    world.pass_(30)
    world.records.update("dev", world.execution, runtime=None)
    world.deploy()
    assert world.only_runtime().arn != old.arn
    assert deliver(world).repaired == []
    logs = world.clients.logs
    assert there(logs) == EVERYTHING
    for name in SOURCES.values():
        source = logs.get_delivery_source(name=name)["deliverySource"]
        assert source["resourceArns"] == [world.only_runtime().arn]


def test_a_source_of_somebody_else_is_named(world: Any) -> None:
    world.clients.logs.put_delivery_source(
        name="mine", resourceArn=world.only_runtime().arn, logType="TRACES"
    )
    with pytest.raises(ObservabilityError, match="delivery source mine delivers TRACES of arn:"):
        deliver(world)


@pytest.mark.parametrize("kind", ["log group", "delivery destination", "delivery source"])
def test_what_has_our_name_without_our_tags_is_left_alone(world: Any, kind: str) -> None:
    logs = world.clients.logs
    if kind == "log group":
        logs.create_log_group(logGroupName=GROUP)
    elif kind == "delivery destination":
        logs.create_log_group(logGroupName="other")
        group_destination(logs, "stack_dev-logs", "other")
    else:
        logs.put_delivery_source(
            name="stack_dev-logs", resourceArn=world.only_runtime().arn, logType="USAGE_LOGS"
        )
    before = there(logs)
    with pytest.raises(ObservabilityError, match=f"the {kind} .* is there already"):
        deliver(world)
    assert set(before) <= set(there(logs))
    # Neither does it count as ours in the next run, although the record lists what was made by now.
    with pytest.raises(ObservabilityError, match=f"the {kind} .* is there already"):
        deliver(world)


def test_a_conflict_that_passes_heals(world: Any) -> None:
    logs = world.clients.logs
    busy = [True]

    def refuse(model: Any, **_: Any) -> None:
        if busy.pop() if busy else False:
            told = {"Code": "ConflictException", "Message": "is currently being updated"}
            raise ClientError({"Error": told}, model.name)

    logs.meta.events.register("before-call.cloudwatch-logs.CreateDelivery", refuse)
    try:
        with pytest.raises(ServiceUnavailableError, match="busy"):
            deliver(world)
        deliver(world)
    finally:
        logs.meta.events.unregister("before-call.cloudwatch-logs.CreateDelivery", refuse)
    assert there(logs) == EVERYTHING


def test_a_kill_after_any_write_leaves_one_of_everything(world: Any) -> None:
    logs = world.clients.logs
    deliver(world)
    for after in calls_that_write(world):
        world.begin(request={})
        deliver(world)
        assert there(logs) == []
        world.begin(request={"observability": True})
        world.killer.start(after)
        with pytest.raises(Killed):
            world.run(deliver_telemetry)
        if there(logs):
            assert world.record().telemetry is not None, "made before it was recorded"
        result = deliver(world)
        assert there(logs) == EVERYTHING, after
        assert result.repaired == []


def test_without_a_runtime_there_is_nothing_to_deliver(world: Any) -> None:
    world.records.update("dev", world.execution, runtime=None)
    with pytest.raises(EnvironmentNotFoundError, match="no runtime"):
        deliver(world)
    assert there(world.clients.logs) == []
