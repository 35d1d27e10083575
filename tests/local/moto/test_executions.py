"""Executions are started, stopped and described as in AWS."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.backend import execution_worker

from tests.local.moto.machines import Machines, passing


def test_one_name_is_one_execution(machines: Machines) -> None:
    client = machines.client
    arn = machines.make({"W": {"Type": "Wait", "Seconds": 2, "End": True}})
    first = client.start_execution(stateMachineArn=arn, name="n", input='{"a": 1}')
    again = client.start_execution(stateMachineArn=arn, name="n", input='{"a": 1}')
    assert again["executionArn"] == first["executionArn"]
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=arn, name="n", input='{"a": 2}')
    running = client.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]
    assert [execution["name"] for execution in running] == ["n"]
    client.stop_execution(executionArn=first["executionArn"], error="Stopped", cause="by a test")
    found = machines.finish(first["executionArn"])
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Stopped", "by a test")


def test_an_execution_has_begun_when_it_is_started(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine may take its time with the thread: a stop and a look at the history are for later calls."""
    client = machines.client
    arn = machines.make({"W": {"Type": "Wait", "Seconds": 20, "End": True}})

    class Late(threading.Thread):
        def run(self) -> None:
            time.sleep(0.3)
            super().run()

    monkeypatch.setattr(execution_worker, "Thread", Late)
    started = client.start_execution(stateMachineArn=arn)["executionArn"]
    assert types_of(client, started)[0] == "ExecutionStarted"
    client.stop_execution(executionArn=started, error="Stopped", cause="at once")
    found = client.describe_execution(executionArn=started)
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Stopped", "at once")
    assert types_of(client, started)[-1] == "ExecutionAborted"


def test_a_stopped_execution_does_not_wait_for_its_task(machines: Machines) -> None:
    client = machines.client
    before = len(machines.aws.calls.calls("lambda", "Invoke"))
    arn = machines.make({"T": machines.call({"slow": 5})})
    started = client.start_execution(stateMachineArn=arn, name="slow")["executionArn"]
    while "TaskStarted" not in types_of(client, started):
        time.sleep(0.05)
    client.stop_execution(executionArn=started, error="Stopped", cause="by a test")
    found = client.describe_execution(executionArn=started)
    assert (found["status"], found["error"]) == ("ABORTED", "Stopped")
    ended = client.get_execution_history(executionArn=started)["events"]
    assert ended[-1]["type"] == "ExecutionAborted"
    details = {"error": "Stopped", "cause": "by a test"}
    assert ended[-1]["executionAbortedEventDetails"] == details
    assert "TaskSucceeded" not in types_of(client, started)
    # The task goes on for five seconds, and its end changes nothing.
    while len(machines.aws.calls.calls("lambda", "Invoke")) == before:
        time.sleep(0.05)
    later = client.describe_execution(executionArn=started)
    assert (later["status"], later["stopDate"]) == ("ABORTED", found["stopDate"])
    assert client.get_execution_history(executionArn=started)["events"] == ended


def types_of(client: Any, arn: str) -> list[str]:
    events = client.get_execution_history(executionArn=arn)["events"]
    return [event["type"] for event in events]


@pytest.mark.parametrize(
    ("start", "code"),
    [({"name": "a name!"}, "InvalidName"), ({"input": "{"}, "InvalidExecutionInput")],
)
def test_a_bad_start_is_refused(machines: Machines, start: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        machines.client.start_execution(stateMachineArn=machines.make(passing(1)), **start)
    answer: Any = caught.value.response
    assert answer["Error"]["Code"] == code


def test_a_history_has_pages_and_two_directions(machines: Machines) -> None:
    arn = machines.run({"T": machines.call({})})["executionArn"]
    paginator = machines.client.get_paginator("get_execution_history")
    pages = [
        page["events"]
        for page in paginator.paginate(executionArn=arn, PaginationConfig={"PageSize": 2})
    ]
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    ids = [event["id"] for page in pages for event in page]
    backwards = machines.client.get_execution_history(executionArn=arn, reverseOrder=True)
    assert [event["id"] for event in backwards["events"]] == ids[::-1]


def test_executions_of_one_definition_that_run_at_once_share_nothing(machines: Machines) -> None:
    """They meet in a task twice, so that each is in its Parallel and its Map while the other is."""
    times = {"Type": "Pass", "Output": "{% $states.input * $factor %}", "End": True}
    meeting = machines.call({"meet": True}, Output="{% $factor %}")
    each = {
        "Type": "Map",
        "Items": "{% $states.input.items %}",
        "ItemProcessor": {"StartAt": "Times", "States": {"Times": times}},
        "End": True,
    }
    branches = [
        {"StartAt": n, "States": {n: s}} for n, s in {"Meet": meeting, "Each": each}.items()
    ]
    arn = machines.make(
        {
            "Keep": {
                "Type": "Pass",
                "Assign": {"factor": "{% $states.input.factor %}"},
                "Next": "Both",
            },
            "Both": {
                "Type": "Parallel",
                "Branches": branches,
                "Assign": {"seen": "{% $states.result %}"},
                "Next": "Again",
            },
            "Again": machines.call(
                {"meet": True}, Output={"factor": "{% $factor %}", "seen": "{% $seen %}"}
            ),
        }
    )
    for _ in range(2):
        started = [
            machines.client.start_execution(
                stateMachineArn=arn, input=json.dumps({"factor": factor, "items": items})
            )["executionArn"]
            for factor, items in ((2, [1, 2, 3]), (10, [4]))
        ]
        outputs = [json.loads(machines.finish(each)["output"]) for each in started]
        assert outputs == [
            {"factor": 2, "seen": [2, [2, 4, 6]]},
            {"factor": 10, "seen": [10, [40]]},
        ]
