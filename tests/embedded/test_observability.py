"""Logs and traces of a runtime, through the state machine: delivered, repaired, switched off, and gone with it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.edge.faults import Fault
from tests.embedded.conftest import switch_search, telemetry_of
from tests.embedded.test_fleet import fleet
from tests.embedded.test_stopped import HELD, stop_while

pytestmark = pytest.mark.embedded
EVERYTHING = 3 + 2 + 3 + 1  # sources, destinations, deliveries, the log group
STREAM = "BedrockAgentCoreRuntime_ApplicationLogs"
_READS = ("Describe", "Get", "List")


@pytest.fixture
def search(lifecycle: Any) -> Iterator[Callable[[str], None]]:
    """Switches Transaction Search; it is on at first, and off again after the test."""
    switch_search(lifecycle.aws)
    yield lambda destination: switch_search(lifecycle.aws, destination)
    switch_search(lifecycle.aws, "XRay")


def events(lifecycle: Any, group: str) -> list[dict[str, Any]]:
    """The records in a log group, as soon as there is one."""
    logs, deadline = lifecycle.aws.client("logs"), time.monotonic() + 20
    while time.monotonic() < deadline:
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        if streams:
            assert [stream["logStreamName"] for stream in streams] == [STREAM]
            found = logs.get_log_events(logGroupName=group, logStreamName=STREAM)["events"]
            if found:
                return [json.loads(event["message"]) for event in found]
        time.sleep(0.2)
    raise AssertionError(f"nothing in {group}")


def writes_of(lifecycle: Any, function: str, since: int) -> list[str]:
    calls = lifecycle.aws.calls.calls(caller=function)[since:]
    return [call.operation for call in calls if not call.operation.startswith(_READS)]


def test_delivered_repaired_and_switched_off(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    search: Callable[[str], None],
) -> None:
    name, logs = environment(), lifecycle.aws.client("logs")
    given = {"environment": name, "artifact": tiny, "observability": True}
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    told = run.output["observability"]
    assert len(telemetry_of(lifecycle.aws, name)) == EVERYTHING
    assert told["logGroup"].endswith(f"/{name}")
    assert sorted(told["deliveries"]) == ["APPLICATION_LOGS", "TRACES", "USAGE_LOGS"]
    assert told["traces"] == "aws/spans"
    # The smoke test's own question is there.
    record = events(lifecycle, told["logGroup"])[-1]
    assert record["resource_arn"] == run.output["runtime"]["arn"]
    assert record["operation"] == "InvokeAgentRuntime"
    assert record["body"]["request_payload"]["prompt"]
    assert record["body"]["response_payload"]

    function = "DeliverTelemetryFunction"
    since = len(lifecycle.aws.calls.calls(caller=function))
    again = lifecycle.run(given)
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert (again.output["change"], again.output["repaired"]) == ("unchanged", [])
    assert again.output["observability"] == told
    assert writes_of(lifecycle, function, since) == []

    logs.delete_delivery(id=told["deliveries"]["TRACES"])
    plan = lifecycle.run({**given, "dryRun": True}).output["plan"]["observability"]
    assert plan["repaired"] == ["the delivery of TRACES was deleted"]
    repaired = lifecycle.run(given)
    assert repaired.output["repaired"] == ["the delivery of TRACES was deleted"]
    assert len(telemetry_of(lifecycle.aws, name)) == EVERYTHING

    # Without observability the account need not be ready.
    search("XRay")
    off = lifecycle.run({**given, "observability": False})
    assert off.status == "SUCCEEDED", (off.error, off.cause)
    assert off.output["observability"] is None
    assert telemetry_of(lifecycle.aws, name) == []
    plain = lifecycle.run({**given, "observability": False})
    assert "Deliver the telemetry" not in plain.states


def test_a_round_trip_leaves_nothing_and_says_what_went(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    search: Callable[[str], None],
) -> None:
    name = environment()
    run = lifecycle.run(
        {"environment": name, "artifact": tiny, "observability": True, "teardown": "always"}
    )
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    removed = run.output["teardown"]["removed"]
    assert sum(what.startswith("delivery") for what in removed) == EVERYTHING - 1
    assert f"log group {run.output['observability']['logGroup']}" in removed
    assert lifecycle.leftovers(name) == {}


def test_without_transaction_search_nothing_is_created_and_the_cause_says_what_to_switch_on(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    switch_search(lifecycle.aws, "XRay")
    given = {"environment": name, "artifact": tiny, "observability": True}
    for more in ({}, {"dryRun": True}):
        run = lifecycle.run({**given, **more})
        assert run.error == "InvalidRequestError"
        assert run.cause.startswith("observability: given true, allowed: only with")
        assert run.cause.endswith(
            "aws xray update-trace-segment-destination --destination CloudWatchLogs"
        )
        assert lifecycle.leftovers(name) == {}
    # What it says works as it stands.
    document = run.cause.split("'")[1]
    lifecycle.aws.client("logs").put_resource_policy(policyName="said", policyDocument=document)
    xray = lifecycle.aws.client("xray")
    xray.update_trace_segment_destination(Destination="CloudWatchLogs")
    plan = lifecycle.run({**given, "dryRun": True})
    assert plan.status == "SUCCEEDED", (plan.error, plan.cause)
    assert plan.output["plan"]["observability"]["change"] == "create"
    xray.update_trace_segment_destination(Destination="XRay")
    assert lifecycle.leftovers(name) == {}


@pytest.mark.parametrize(
    "operation",
    ["CreateLogGroup", "PutDeliveryDestination", "PutDeliverySource", "CreateDelivery"],
)
def test_a_teardown_after_a_stop_leaves_nothing(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    search: Callable[[str], None],
    operation: str,
) -> None:
    name, caller = environment(), "DeliverTelemetryFunction"
    given = {"environment": name, "artifact": tiny, "observability": True}
    late = Fault("logs", operation, "delayBefore", seconds=HELD, caller=caller)
    stop_while(lifecycle, given, late)
    removed = lifecycle.run({"action": "teardown", "environment": name})
    assert removed.status == "SUCCEEDED", (removed.error, removed.cause)
    calls = lifecycle.aws.calls.calls("logs", operation, caller)
    assert calls[-1].status == 200, "the call took effect after the stop"
    assert lifecycle.leftovers(name) == {}


def test_the_sweep_removes_what_a_lost_record_listed(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    search: Callable[[str], None],
) -> None:
    name = environment()
    run = lifecycle.run({"environment": name, "artifact": tiny, "observability": True})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    table = lifecycle.aws.outputs["EnvironmentsTableName"]
    key = {"environment": {"S": name}}
    lifecycle.aws.client("dynamodb").delete_item(TableName=table, Key=key)
    swept = fleet(lifecycle, action="sweep", removeOrphans=True, pattern=name)
    assert swept.status == "SUCCEEDED", (swept.error, swept.cause)
    assert telemetry_of(lifecycle.aws, name) == []
