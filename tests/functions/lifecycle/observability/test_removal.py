"""What delivers goes when it is switched off, and with the environment; what others use stays, with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from lifecycle.errors import TeardownIncompleteError
from lifecycle.fleet.orphans import find_orphans
from lifecycle.observability.deliver import deliver_telemetry
from lifecycle.observability.teardown import delete_telemetry
from tests.functions.lifecycle.killer import Killed
from tests.functions.lifecycle.observability.telemetry import (
    EVERYTHING,
    GROUP,
    delivery_of,
    group_destination,
    there,
)
from tests.functions.lifecycle.runtime_world import BUCKET, HOST


def tear_down(world: Any, **request: Any) -> Any:
    world.begin(request={"action": "teardown", **request})
    return world.run(delete_telemetry)


def test_switched_off_everything_goes(world: Any) -> None:
    world.run(deliver_telemetry)
    world.begin(request={"observability": False})
    result = world.run(deliver_telemetry)
    assert (result.observability, result.repaired) == (None, [])
    assert there(world.clients.logs) == []
    assert world.record().telemetry is None


def test_a_teardown_removes_everything_and_says_so(world: Any) -> None:
    world.run(deliver_telemetry)
    ids = {
        name: delivery_of(world.clients.logs, name)
        for name in ("stack_dev-logs", "stack_dev-usage", "stack_dev-traces")
    }
    everything = []
    for name, delivery in ids.items():
        everything += [f"delivery {delivery} of {name}", f"delivery source {name}"]
    everything += [
        "delivery destination stack_dev-logs",
        "delivery destination stack_dev-traces",
        f"log group {GROUP}",
    ]
    planned = tear_down(world, dryRun=True)
    assert (planned.would_remove, planned.removed) == (everything, [])
    assert there(world.clients.logs) == EVERYTHING
    result = tear_down(world)
    assert (result.removed, result.kept) == (everything, [])
    assert there(world.clients.logs) == []
    record = world.record()
    assert record.telemetry is None
    again = world.run(delete_telemetry)
    assert again.removed == everything
    assert "log group " + GROUP in again.looked_for


def test_a_kill_after_any_call_leaves_nothing_unsaid(world: Any) -> None:
    world.run(deliver_telemetry)
    world.begin(request={"action": "teardown"})
    world.killer.start()
    whole = world.run(delete_telemetry).removed
    writes = ("Delete", "Update")
    calls = [n for n, call in enumerate(world.killer.calls, 1) if call.startswith(writes)]
    for after in calls:
        world.execution = world.execution.rpartition(":")[0] + f":kill-{after}"
        world.begin(request={"observability": True})
        world.run(deliver_telemetry)
        world.begin(request={"action": "teardown"})
        world.killer.start(after)
        with pytest.raises(Killed):
            world.run(delete_telemetry)
        result = world.run(delete_telemetry)
        assert there(world.clients.logs) == [], after
        assert len(result.removed) == len(whole), after


def test_what_others_use_stays(world: Any) -> None:
    world.run(deliver_telemetry)
    logs = world.clients.logs
    logs.put_delivery_source(
        name="mine",
        resourceArn="arn:aws:cloudfront::123456789012:distribution/E1Q5O5EXAMPLE",
        logType="ACCESS_LOGS",
    )
    places = logs.describe_delivery_destinations()["deliveryDestinations"]
    (ours,) = [each["arn"] for each in places if each["name"] == "stack_dev-logs"]
    logs.create_delivery(deliverySourceName="mine", deliveryDestinationArn=ours)
    result = tear_down(world)
    assert {item.resource: item.reason for item in result.kept} == {
        "delivery destination stack_dev-logs": "the delivery source mine delivers to it",
        f"log group {GROUP}": "the delivery destination stack_dev-logs stands for it",
    }
    assert there(logs) == [
        "delivery of mine to stack_dev-logs",
        "destination stack_dev-logs",
        f"log group {GROUP}",
        "source mine",
    ]


def test_the_log_group_stays_while_another_destination_stands_for_it(world: Any) -> None:
    world.run(deliver_telemetry)
    group_destination(world.clients.logs, "mine", GROUP)
    result = tear_down(world)
    assert [item.resource for item in result.kept] == [f"log group {GROUP}"]
    assert there(world.clients.logs) == ["destination mine", f"log group {GROUP}"]


def test_of_an_environment_without_a_record_only_what_has_its_tags_goes(world: Any) -> None:
    world.run(deliver_telemetry)
    logs = world.clients.logs
    logs.untag_resource(
        resourceArn=f"arn:aws:logs:us-west-2:123456789012:log-group:{GROUP}",
        tagKeys=["agentcore-lifecycle:stack"],
    )
    world.records.update("dev", world.execution, telemetry=None)
    result = tear_down(world)
    assert [item.resource for item in result.kept] == [f"log group {GROUP}"]
    assert there(logs) == [f"log group {GROUP}"]


@pytest.mark.parametrize(
    "operation",
    [
        "GetDeliverySource",
        "DeleteDeliverySource",
        "GetDeliveryDestination",
        "DeleteDeliveryDestination",
        "DeleteLogGroup",
    ],
)
def test_what_was_once_not_found_goes_all_the_same(world: Any, operation: str) -> None:
    world.run(deliver_telemetry)
    logs = world.clients.logs
    missed: list[str] = []

    def not_found(params: Any, **_: Any) -> Any:
        if missed:
            return None
        missed.append(operation)
        answer = AWSResponse("", 400, {}, None)
        return answer, {
            "Error": {"Code": "ResourceNotFoundException", "Message": "not found"},
            "ResponseMetadata": {"HTTPStatusCode": 400},
        }

    logs.meta.events.register(f"before-call.cloudwatch-logs.{operation}", not_found)
    tear_down(world)
    assert missed == [operation]
    assert there(logs) == []


def test_what_is_still_there_is_listed(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run(deliver_telemetry)
    monkeypatch.setattr("lifecycle.observability.removal.log_groups.delete", lambda *_: None)
    with pytest.raises(TeardownIncompleteError, match=f"this is left: log group {GROUP}"):
        tear_down(world)
    assert world.record().telemetry is not None


def test_the_sweep_finds_the_log_group_of_a_lost_record(world: Any) -> None:
    world.run(deliver_telemetry)

    def orphans(*records: Any) -> list[tuple[str, bool]]:
        found = find_orphans(
            world.clients,
            "stack",
            [*records],
            [],
            bucket=BUCKET,
            repository_uri=f"{HOST}/agents",
        )
        return [(item.arn, item.removable) for item in found if ":logs:" in item.arn]

    group = f"arn:aws:logs:us-west-2:123456789012:log-group:{GROUP}"
    assert orphans() == [(group, True)]
    record = world.record().model_copy(update={"lock": None})
    assert orphans(record) == []
    lost = record.model_copy(update={"telemetry": None})
    assert orphans(lost) == [(group, False)]
