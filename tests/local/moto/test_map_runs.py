"""A Distributed Map runs its items as executions of their own and writes their results, as in AWS."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.execution.timeline import Stage, Timeline
from cli.perform.fleet_progress import FleetProgress
from tests.local.moto.machines import Machines

BUCKET = "map-run-files"
ECHO = {
    "P": {
        "Type": "Pass",
        "Output": {
            "n": "{% $states.input.n %}",
            "id": "{% $states.context.Execution.Id %}",
            "sees": "{% $exists($outer) %}",
        },
        "End": True,
    }
}
# The items with an odd number fail.
ODD_FAIL = {
    "Odd?": {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input.n % 2 = 1 %}", "Next": "F"}],
        "Default": "S",
    },
    "F": {"Type": "Fail", "Error": "Odd", "Cause": "by a test"},
    "S": {"Type": "Succeed"},
}
READER_FAILED = [
    {
        "ErrorEquals": ["States.ItemReaderFailed", "States.ResultWriterFailed"],
        "Output": "{% $states.errorOutput.Error %}",
        "Next": "Z",
    }
]


@pytest.fixture(scope="module")
def s3(machines: Machines) -> Any:
    client = machines.aws.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def each(s3: Any, count: int, states: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A machine with a Distributed Map over `count` items."""
    key = f"items-{count}.json"
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps([{"n": n} for n in range(count)]))
    return {
        "First": {"Type": "Pass", "Assign": {"outer": 1, "key": key}, "Next": "M"},
        "M": {
            "Type": "Map",
            "Label": "each",
            "MaxConcurrency": 2,
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSON"},
                "Arguments": {"Bucket": BUCKET, "Key": "{% $key %}"},
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": next(iter(states)),
                "States": states,
            },
            "Next": "Z",
            **more,
        },
        "Z": {"Type": "Succeed"},
    }


def writer(prefix: str, bucket: str = BUCKET) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::s3:putObject",
        "Arguments": {"Bucket": bucket, "Prefix": f"{{% '{prefix}/' & $key %}}"},
    }


def test_an_item_is_an_execution_of_its_own(machines: Machines, s3: Any) -> None:
    found = machines.run(each(s3, 3, ECHO))
    outputs = json.loads(found["output"])
    assert [item["n"] for item in outputs] == [0, 1, 2]
    assert {item["sees"] for item in outputs} == {False}, "the parent's variables"
    client = machines.client
    (run,) = client.list_map_runs(executionArn=found["executionArn"])["mapRuns"]
    pages = client.get_paginator("list_executions").paginate(
        mapRunArn=run["mapRunArn"], maxResults=2
    )
    items = {item["executionArn"] for page in pages for item in page["executions"]}
    assert items == {item["id"] for item in outputs}
    described = client.describe_execution(executionArn=outputs[0]["id"])
    assert described["mapRunArn"] == run["mapRunArn"]
    assert described["stateMachineArn"].endswith("/each")
    assert ":execution:" in described["executionArn"]
    assert json.loads(described["output"]) == outputs[0]
    history = client.get_execution_history(executionArn=outputs[0]["id"])["events"]
    assert [event["type"] for event in history] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    machine = described["stateMachineArn"].rpartition("/")[0]
    (parent,) = client.list_executions(stateMachineArn=machine)["executions"]
    assert parent["executionArn"] == found["executionArn"], "items are listed by their map run"


def test_results_are_written_by_status(machines: Machines, s3: Any) -> None:
    states = each(s3, 5, ODD_FAIL, ResultWriter=writer("out"), ToleratedFailurePercentage=40)
    found = machines.run(states)
    assert found["status"] == "SUCCEEDED", found
    output = json.loads(found["output"])
    details = output["ResultWriterDetails"]
    folder = f"out/items-5.json/{output['MapRunArn'].rpartition(':')[2]}"
    assert details == {"Bucket": BUCKET, "Key": f"{folder}/manifest.json"}

    def read(key: str) -> Any:
        return json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    manifest = read(details["Key"])
    assert manifest["DestinationBucket"] == BUCKET
    assert manifest["MapRunArn"] == output["MapRunArn"]
    files = manifest["ResultFiles"]
    assert files["PENDING"] == []
    (good,), (bad,) = files["SUCCEEDED"], files["FAILED"]
    assert (good["Key"], bad["Key"]) == (f"{folder}/SUCCEEDED_0.json", f"{folder}/FAILED_0.json")
    assert good["Size"] == s3.head_object(Bucket=BUCKET, Key=good["Key"])["ContentLength"]
    assert [json.loads(entry["Output"])["n"] for entry in read(good["Key"])] == [0, 2, 4]
    failed = read(bad["Key"])
    assert [json.loads(entry["Input"])["n"] for entry in failed] == [1, 3]
    assert {(entry["Status"], entry["Error"], entry["Cause"]) for entry in failed} == {
        ("FAILED", "Odd", "by a test")
    }
    assert all("Output" not in entry for entry in failed)


@pytest.mark.parametrize(
    "threshold",
    [{}, {"ToleratedFailurePercentage": 39}, {"ToleratedFailureCount": 1}],
    ids=["none", "percentage", "count"],
)
def test_more_failures_than_are_tolerated_fail_the_map(
    machines: Machines, s3: Any, threshold: dict[str, int]
) -> None:
    found = machines.run(each(s3, 5, ODD_FAIL, **threshold))
    assert (found["status"], found["error"]) == (
        "FAILED",
        "States.ExceedToleratedFailureThreshold",
    )


def test_what_cannot_be_read_or_written_can_be_caught(machines: Machines, s3: Any) -> None:
    states = each(s3, 1, ECHO, Catch=READER_FAILED)
    states["First"]["Assign"]["key"] = "missing.json"
    assert machines.output(states) == "States.ItemReaderFailed"
    states = each(s3, 1, ECHO, Catch=READER_FAILED, ResultWriter=writer("out", "no-such-bucket"))
    assert machines.output(states) == "States.ResultWriterFailed"


def test_a_map_run_says_how_many_items_are_done(machines: Machines, s3: Any) -> None:
    found = machines.run(each(s3, 3, ODD_FAIL, ToleratedFailurePercentage=100))
    arn, client = found["executionArn"], machines.client
    (run,) = client.list_map_runs(executionArn=arn)["mapRuns"]
    counts = client.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
    assert counts == {
        "aborted": 0,
        "failed": 1,
        "pending": 0,
        "resultsWritten": 3,
        "running": 0,
        "succeeded": 2,
        "timedOut": 0,
        "total": 3,
    }
    # `lifecycle fleet` reads it so.
    machine = client.describe_execution(executionArn=arn)["stateMachineArn"]
    place: Any = SimpleNamespace(client=lambda _: client, outputs={"StateMachineArn": machine})
    timeline = Timeline()
    timeline.stages.append(
        Stage("Select the environments", found["startDate"], result={"selected": 3})
    )
    assert FleetProgress(place, arn, "verify")(timeline) == "3 of 3 environments done, 0 failed"


def test_an_item_that_runs_can_be_stopped(machines: Machines, s3: Any) -> None:
    client = machines.client
    waiting = {"W": {"Type": "Wait", "Seconds": 600, "End": True}}
    arn = client.start_execution(stateMachineArn=machines.make(each(s3, 1, waiting)))[
        "executionArn"
    ]
    while not (runs := client.list_map_runs(executionArn=arn)["mapRuns"]) or not (
        items := client.list_executions(mapRunArn=runs[0]["mapRunArn"], statusFilter="RUNNING")[
            "executions"
        ]
    ):
        assert client.describe_execution(executionArn=arn)["status"] == "RUNNING"
    client.stop_execution(executionArn=items[0]["executionArn"])
    assert machines.finish(arn)["error"] == "States.ExceedToleratedFailureThreshold"
    stopped = client.describe_execution(executionArn=items[0]["executionArn"])
    assert stopped["status"] == "ABORTED"


def waiting_for(inner: str, **more: Any) -> dict[str, Any]:
    """A state that runs another machine and waits for it."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": inner, "Input": {}},
        "End": True,
        **more,
    }


def running(machines: Machines, machine: str, count: int) -> list[str]:
    """Wait until so many executions of a machine run."""
    deadline = time.monotonic() + 60
    while len(found := listed(machines, machine)) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def listed(machines: Machines, machine: str) -> list[str]:
    found = machines.client.list_executions(stateMachineArn=machine)["executions"]
    return [item["executionArn"] for item in found]


def test_a_stopped_map_stops_its_items_and_what_they_wait_for_and_starts_no_more(
    machines: Machines, s3: Any
) -> None:
    client = machines.client
    inner = machines.make({"W": {"Type": "Wait", "Seconds": 600, "End": True}})
    outer = machines.make(each(s3, 5, {"T": waiting_for(inner)}))
    arn = client.start_execution(stateMachineArn=outer)["executionArn"]
    began = running(machines, inner, 2)
    client.stop_execution(executionArn=arn)
    assert {machines.finish(one)["status"] for one in began} == {"ABORTED"}
    (run,) = client.list_map_runs(executionArn=arn)["mapRuns"]
    items = client.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    assert {machines.finish(item["executionArn"])["status"] for item in items} == {"ABORTED"}
    assert listed(machines, inner) == began, "MaxConcurrency is 2"


def test_a_branch_that_fails_stops_what_the_other_waits_for(machines: Machines) -> None:
    inner = machines.make({"W": {"Type": "Wait", "Seconds": 600, "End": True}})
    fails = {
        "W": {"Type": "Wait", "Seconds": 1, "Next": "F"},
        "F": {"Type": "Fail", "Error": "E"},
    }
    both = [
        {"StartAt": "T", "States": {"T": waiting_for(inner)}},
        {"StartAt": "W", "States": fails},
    ]
    found = machines.run({"P": {"Type": "Parallel", "Branches": both, "End": True}})
    assert (found["status"], found["error"]) == ("FAILED", "E")
    (began,) = running(machines, inner, 1)
    assert machines.finish(began)["status"] == "ABORTED"


def test_what_ends_by_itself_is_not_stopped(machines: Machines) -> None:
    inner = machines.make({"P": {"Type": "Pass", "Output": {"n": 1}, "End": True}})
    seen = "{% $states.result.Status & ' ' & $string($states.result.Output.n) %}"
    assert machines.output({"T": waiting_for(inner, Output=seen)}) == "SUCCEEDED 1"


def test_a_writer_takes_arguments_in_jsonata_and_parameters_otherwise(
    machines: Machines, s3: Any
) -> None:
    states = each(s3, 1, ECHO, ResultWriter=writer("out"))
    states["M"]["ResultWriter"]["Parameters"] = states["M"]["ResultWriter"].pop("Arguments")
    with pytest.raises(ClientError):
        machines.make(states)
