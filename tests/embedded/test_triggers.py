"""Triggers: events, uploads and the clock start executions, each once; the ends are announced."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.edge.faults import Fault
from tests.embedded.fleet_results import results

pytestmark = pytest.mark.embedded
ECHO = (Path(__file__).parent / "agents" / "echo" / "main.py").read_text(encoding="utf-8")
AWS_CLI = Path(sys.executable).with_name("aws")


def executions(lifecycle: Any, machine: str) -> dict[str, str]:
    """ARN to name of every execution of a machine."""
    pages = lifecycle.stepfunctions.get_paginator("list_executions").paginate(
        stateMachineArn=lifecycle.aws.outputs[machine]
    )
    return {item["executionArn"]: item["name"] for page in pages for item in page["executions"]}


class Started:
    """What has started since."""

    def __init__(self, lifecycle: Any, machine: str) -> None:
        self._lifecycle = lifecycle
        self._machine = machine
        self._before = executions(lifecycle, machine)

    def now(self) -> dict[str, str]:
        found = executions(self._lifecycle, self._machine)
        return {arn: name for arn, name in found.items() if arn not in self._before}

    def one(self, seconds: float = 20) -> tuple[str, str]:
        """Wait for the first: its ARN and its name."""
        deadline = time.monotonic() + seconds
        while not (new := self.now()):
            assert time.monotonic() < deadline, "nothing was started"
            time.sleep(0.1)
        assert len(new) == 1
        return next(iter(new.items()))


def input_of(lifecycle: Any, arn: str) -> Any:
    return json.loads(lifecycle.stepfunctions.describe_execution(executionArn=arn)["input"])


def rule_of(lifecycle: Any, source: str) -> dict[str, Any]:
    # CloudFormation names rules after their logical ids, and SAM these after the function that they start.
    prefix = "agentcore-lifecycle-StartExecutionFunction"
    rules = lifecycle.aws.client("events").list_rules(NamePrefix=prefix)["Rules"]
    (rule,) = [rule for rule in rules if f'"{source}"' in rule["EventPattern"]]
    found: dict[str, Any] = rule
    return found


@pytest.fixture
def twice(lifecycle: Any) -> Iterator[Callable[[str], None]]:
    """Makes EventBridge deliver every event of a source twice, as it may."""
    events = lifecycle.aws.client("events")
    doubled: list[str] = []

    def double(source: str) -> None:
        name = rule_of(lifecycle, source)["Name"]
        (target,) = events.list_targets_by_rule(Rule=name)["Targets"]
        events.put_targets(Rule=name, Targets=[{**target, "Id": "again"}])
        doubled.append(name)

    yield double
    for name in doubled:
        events.remove_targets(Rule=name, Ids=["again"])


@pytest.fixture
def queue(announced: Callable[[], list[str]]) -> Callable[[], list[dict[str, Any]]]:
    """Gives the events that the lifecycle has announced so far."""
    return lambda: [json.loads(text) for text in announced()]


def ask_with_the_aws_cli(lifecycle: Any, detail: dict[str, Any]) -> str:
    """`aws events put-events`; returns the event's id."""
    entry = {
        "Source": "agentcore.lifecycle",
        "DetailType": "Environment Rebuild Requested",
        "Detail": json.dumps(detail),
    }
    done = subprocess.run(
        [str(AWS_CLI), "events", "put-events", "--entries", json.dumps([entry])],
        env={**os.environ, **lifecycle.aws.environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    (answer,) = json.loads(done.stdout)["Entries"]
    return str(answer["EventId"])


def test_an_event_delivered_twice_starts_one_execution_that_succeeds(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    twice: Callable[[str], None],
    queue: Callable[[], list[dict[str, Any]]],
) -> None:
    name = environment()
    twice("agentcore.lifecycle")
    started = Started(lifecycle, "StateMachineArn")
    given = {
        "environment": name,
        "artifact": tiny,
        "smokeTest": {"expect": "echo of"},
        "wait": {"intervalSeconds": 1, "maxIntervalSeconds": 1, "timeoutSeconds": 90},
    }
    event_id = ask_with_the_aws_cli(lifecycle, given)
    arn, execution = started.one()
    assert execution == f"event-{event_id}"
    envelope = input_of(lifecycle, arn)
    assert (envelope["id"], envelope["detail"]) == (event_id, given)
    run = lifecycle.finish(arn)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert run.output["environment"] == name
    starts = lifecycle.aws.calls.calls(service="stepfunctions", operation="StartExecution")
    mine = [call for call in starts if call.caller and call.caller.name == "StartExecutionFunction"]
    assert len(mine) == 2, "the event was delivered twice"
    assert set(started.now()) == {arn}

    # A third delivery, after the execution has ended: no second one, and no error.
    function = rule_target(lifecycle, "agentcore.lifecycle")
    answer = lifecycle.aws.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps(envelope).encode()
    )
    assert "FunctionError" not in answer
    assert json.load(answer["Payload"]) == {"execution": execution, "started": False}
    assert set(started.now()) == {arn}

    failed = lifecycle.run(
        {"environment": name, "artifact": tiny, "smokeTest": {"expect": "no such thing"}}
    )
    removed = lifecycle.run({"environment": name, "action": "teardown"})
    told = [event for event in queue() if event["detail"].get("environment") == name]
    assert {event["detail-type"]: event["detail"].get("execution") for event in told} == {
        "Environment Rebuild Requested": None,
        "Environment Ready": arn,
        "Environment Failed": failed.arn,
        "Environment Removed": removed.arn,
    }
    assert len(told) == 4
    (bad,) = [event["detail"] for event in told if "failure" in event["detail"]]
    assert bad["failure"]["error"] == "SmokeTestError"
    *before, last = bad["smokeTest"]["checks"]
    assert all(check["passed"] for check in before)
    assert (bad["smokeTest"]["passed"], last["passed"]) == (False, False)


def rule_target(lifecycle: Any, source: str) -> str:
    events = lifecycle.aws.client("events")
    targets = events.list_targets_by_rule(Rule=rule_of(lifecycle, source)["Name"])["Targets"]
    return str(targets[0]["Arn"])


def test_who_is_subscribed_hears_of_a_failure_and_of_nothing_else(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    aws = lifecycle.aws
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = aws.outputs["NotificationTopicArn"]
    (person,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (person["Protocol"], person["Endpoint"]) == ("email", "on-call@example.com")
    url = sqs.create_queue(QueueName=f"on-call-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue["QueueArn"])
    name = environment()
    good = lifecycle.run({"environment": name, "artifact": tiny, "auth": {"type": "iam"}})
    assert good.status == "SUCCEEDED", (good.error, good.cause)
    bad = lifecycle.run({"environment": name, "wait": {"timeoutSeconds": -1}})
    aws.events.flush()
    heard = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(json.loads(message["Body"])["Message"]) for message in heard] == [
        {
            "environment": name,
            "error": "InvalidRequestError",
            "cause": bad.cause,
            "execution": bad.arn,
        }
    ]


def test_an_event_that_nothing_can_be_started_for_is_kept(lifecycle: Any) -> None:
    started = Started(lifecycle, "StateMachineArn")
    lifecycle.aws.faults.add(
        Fault(
            service="stepfunctions",
            operation="StartExecution",
            kind="accessDenied",
            times=0,
            caller="StartExecutionFunction",
        )
    )
    event_id = ask_with_the_aws_cli(lifecycle, {"environment": "dev"})
    sqs, url = lifecycle.aws.client("sqs"), lifecycle.aws.outputs["LostEventsUrl"]
    deadline = time.monotonic() + 20
    while not (
        found := sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages")
    ):
        assert time.monotonic() < deadline, "the event is lost"
        time.sleep(0.2)
    (message,) = found
    assert json.loads(message["Body"])["id"] == event_id
    assert "AccessDenied" in message["MessageAttributes"]["ErrorMessage"]["StringValue"]
    assert started.now() == {}


def test_an_upload_rebuilds_the_environments_that_are_made_of_it(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    twice: Callable[[str], None],
    tiny: dict[str, Any],
) -> None:
    name, other = environment(), environment()
    key = f"sources/{name} 天気.zip"
    fleets = Started(lifecycle, "FleetStateMachineArn")
    source = uploaded("echo", key)
    first_arn, _ = fleets.one()
    # Nobody uses it yet.
    assert lifecycle.finish(first_arn).output["started"] == 0
    request = {"auth": {"type": "iam"}, "smokeTest": {"expect": "echo of"}}
    made = lifecycle.run({**request, "environment": name, "artifact": {"source": source}})
    assert made.status == "SUCCEEDED", (made.error, made.cause)
    assert lifecycle.run({**request, "environment": other, "artifact": tiny}).status == "SUCCEEDED"

    fleets = Started(lifecycle, "FleetStateMachineArn")
    twice("aws.s3")
    uploaded("echo", key, **{"main.py": ECHO.replace("echo of", "a newer echo of")})
    arn, _ = fleets.one()
    assert input_of(lifecycle, arn) == {"action": "rebuild", "source": source}
    fleet = lifecycle.finish(arn)
    assert fleet.status == "SUCCEEDED", (fleet.error, fleet.cause)
    (item,) = results(lifecycle, fleet.output)
    assert item["environment"] == name
    assert set(fleets.now()) == {arn}
    rebuilt = lifecycle.finish(item["execution"]).output
    assert "a newer echo of" in rebuilt["smokeTest"]["answer"]
    assert (rebuilt["artifact"]["built"], rebuilt["promotion"]["version"]) == (True, "2")
    assert made.output["promotion"]["version"] == "1"

    # The same for an upload elsewhere: no rebuild.
    fleets = Started(lifecycle, "FleetStateMachineArn")
    uploaded("echo", "uploads/elsewhere.zip")
    lifecycle.aws.events.flush()
    assert fleets.now() == {}


@pytest.mark.parametrize(
    ("action", "moment"),
    [("rebuild", "2090-01-01"), ("sweep", "2090-01-02"), ("verify", "2090-01-03")],
)
def test_the_schedule_starts_its_fleet_when_it_is_due(
    lifecycle: Any, action: str, moment: str
) -> None:
    events = lifecycle.aws.events
    clock = events.clock
    fleets = Started(lifecycle, "FleetStateMachineArn")
    try:
        events.clock = lambda: datetime.fromisoformat(f"{moment}T02:59:00").replace(tzinfo=UTC)
        events.tick()
        events.flush()
        assert fleets.now() == {}
        events.clock = lambda: datetime.fromisoformat(f"{moment}T03:00:00").replace(tzinfo=UTC)
        events.tick()
        arn, execution = fleets.one()
    finally:
        events.clock = clock
    assert execution == f"schedule-{action}-{moment}T03-00-00Z"
    less = {"findOrphans": False} if action == "sweep" else {}
    assert input_of(lifecycle, arn) == {"action": action, **less}
    fleet = lifecycle.finish(arn)
    assert fleet.status == "SUCCEEDED", (fleet.error, fleet.cause)
    assert fleet.output["action"] == action
