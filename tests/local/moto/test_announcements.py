"""EventBridge gets an event for each status of an execution, once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.moto import events as moto_events
from tests.local.moto.machines import Machines, passing

Events = list[dict[str, Any]]


@pytest.fixture
def announced(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> Iterator[Events]:
    """What a rule for the events of Step Functions gets."""
    got: Events = []
    rule = {"Name": "ends", "EventBusName": "default"}
    events = machines.aws.client("events")
    events.put_rule(**rule, EventPattern=json.dumps({"source": ["aws.states"]}))
    function = "arn:aws:lambda:us-east-1:123456789012:function:f"
    events.put_targets(Rule="ends", Targets=[{"Id": "t", "Arn": function}])
    monkeypatch.setattr(moto_events, "_sink", lambda _target, event, _rule: got.append(event))
    yield got
    events.remove_targets(Rule="ends", Ids=["t"])
    events.delete_rule(Name="ends")


def statuses(announced: Events, count: int) -> list[str]:
    deadline = time.monotonic() + 20
    while len(announced) < count:
        assert time.monotonic() < deadline, announced
        time.sleep(0.01)
    return [event["detail"]["status"] for event in announced]


def test_a_success_is_announced_with_what_went_in_and_out(
    machines: Machines, announced: Events
) -> None:
    machine = machines.make(passing("{% 1 + 1 %}"))
    arn = machines.client.start_execution(stateMachineArn=machine, input='{"a": "é"}')[
        "executionArn"
    ]
    assert statuses(announced, 2) == ["RUNNING", "SUCCEEDED"]
    begun, ended = announced
    assert (begun["source"], begun["resources"]) == ("aws.states", [arn])
    assert begun["detail-type"] == "Step Functions Execution Status Change"
    detail = begun["detail"]
    assert (detail["executionArn"], detail["stateMachineArn"]) == (arn, machine)
    assert (json.loads(detail["input"]), detail["stopDate"]) == ({"a": "é"}, None)
    assert (detail["output"], detail["outputDetails"]) == (None, None)
    detail = ended["detail"]
    assert (detail["output"], detail["outputDetails"]) == ("2", {"included": True})
    assert detail["stopDate"] >= detail["startDate"] > 1e12
    assert begun["id"] != ended["id"]


def test_a_failure_is_announced(machines: Machines, announced: Events) -> None:
    states = {"F": {"Type": "Fail", "Error": "Bad", "Cause": "by a test"}}
    machines.client.start_execution(stateMachineArn=machines.make(states))
    assert statuses(announced, 2) == ["RUNNING", "FAILED"]


def test_a_stop_is_announced_at_once_and_once(machines: Machines, announced: Events) -> None:
    states = {"W": {"Type": "Wait", "Seconds": 30, "End": True}}
    arn = machines.client.start_execution(stateMachineArn=machines.make(states))["executionArn"]
    machines.client.stop_execution(executionArn=arn)
    machines.client.stop_execution(executionArn=arn)
    assert statuses(announced, 2) == ["RUNNING", "ABORTED"]
    machines.run(passing("{% 1 %}"))
    assert statuses(announced, 4)[:2] == ["RUNNING", "ABORTED"]
    assert len(announced) == 4


def test_a_large_input_is_left_out(machines: Machines, announced: Events) -> None:
    given = json.dumps({"a": "x" * 260_000})
    machines.client.start_execution(
        stateMachineArn=machines.make({"S": {"Type": "Fail"}}), input=given
    )
    statuses(announced, 2)
    assert announced[0]["detail"]["input"] is None
    assert announced[0]["detail"]["inputDetails"] == {"included": False}
