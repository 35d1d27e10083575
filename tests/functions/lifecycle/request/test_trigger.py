"""Triggers: an event starts one execution, however often it is delivered."""

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lifecycle.clients import Clients
from lifecycle.errors import InvalidRequestError
from lifecycle.fleet.request import parse_fleet_request
from lifecycle.request.model import parse_request
from lifecycle.request.trigger import TriggerEvent, start_execution

LIFECYCLE = "arn:aws:states:us-east-1:123456789012:stateMachine:lifecycle"
FLEET = "arn:aws:states:us-east-1:123456789012:stateMachine:fleet"
EVENT = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "Environment Rebuild Requested",
    "source": "agentcore.lifecycle",
    "account": "123456789012",
    "time": "2026-11-23T03:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {"environment": "night"},
}


class StepFunctions:
    """Takes each name once, as Step Functions does with executions that are over."""

    def __init__(self) -> None:
        self.started: dict[str, dict[str, Any]] = {}

    def start_execution(self, **call: Any) -> dict[str, Any]:
        if call["name"] in self.started:
            raise ClientError({"Error": {"Code": "ExecutionAlreadyExists"}}, "StartExecution")
        self.started[call["name"]] = call
        return {"executionArn": "arn"}


class StandIn(Clients):
    def __init__(self, stepfunctions: Any) -> None:
        super().__init__()
        self.__dict__["stepfunctions"] = stepfunctions


@pytest.fixture
def stepfunctions(monkeypatch: pytest.MonkeyPatch) -> StepFunctions:
    for name, value in {
        "STACK_NAME": "s",
        "TABLE_NAME": "t",
        "LIFECYCLE_MACHINE_ARN": LIFECYCLE,
        "FLEET_MACHINE_ARN": FLEET,
    }.items():
        monkeypatch.setenv(name, value)
    return StepFunctions()


def start(stepfunctions: Any, event: dict[str, Any]) -> Any:
    return start_execution(TriggerEvent.model_validate(event), clients=StandIn(stepfunctions))


def uploaded(event_id: str, **item: str) -> dict[str, Any]:
    detail = {
        "bucket": {"name": "artifacts"},
        "object": {"key": "sources/天気 agent.zip", "sequencer": "617f08299329d189", **item},
    }
    return EVENT | {
        "id": event_id,
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": detail,
    }


def test_an_event_delivered_twice_starts_one_execution(stepfunctions: StepFunctions) -> None:
    first, second = start(stepfunctions, EVENT), start(stepfunctions, EVENT)
    assert (first.started, second.started) == (True, False)
    assert first.execution == second.execution == f"event-{EVENT['id']}"
    (call,) = stepfunctions.started.values()
    assert call["stateMachineArn"] == LIFECYCLE
    assert json.loads(call["input"]) == EVENT
    assert parse_request(json.loads(call["input"])).environment == "night"


def test_another_event_starts_another_execution(stepfunctions: StepFunctions) -> None:
    start(stepfunctions, EVENT)
    assert start(stepfunctions, EVENT | {"id": "another"}).started
    assert len(stepfunctions.started) == 2


def test_an_id_that_is_no_name_becomes_one(stepfunctions: StepFunctions) -> None:
    started = start(stepfunctions, EVENT | {"id": "a b/c" * 30})
    assert re.fullmatch(r"[A-Za-z0-9-]{1,80}", started.execution)


def test_one_upload_starts_one_rebuild_of_the_fleet(stepfunctions: StepFunctions) -> None:
    first = start(stepfunctions, uploaded("one", **{"version-id": "v1"}))
    again = start(stepfunctions, uploaded("two", **{"version-id": "v1"}))
    newer = start(stepfunctions, uploaded("three", **{"version-id": "v2"}))
    assert [first.started, again.started, newer.started] == [True, False, True]
    assert re.fullmatch(r"[A-Za-z0-9-]{1,80}", first.execution)
    call = stepfunctions.started[first.execution]
    assert call["stateMachineArn"] == FLEET
    request = parse_fleet_request(json.loads(call["input"]))
    assert request.source is not None
    assert (request.source.bucket, request.source.key) == ("artifacts", "sources/天気 agent.zip")


def test_without_versions_the_sequencer_tells_uploads_apart(stepfunctions: StepFunctions) -> None:
    start(stepfunctions, uploaded("one"))
    start(stepfunctions, uploaded("two"))
    start(stepfunctions, uploaded("three", sequencer="another"))
    assert len(stepfunctions.started) == 2


@pytest.mark.parametrize("action", ["rebuild", "sweep", "verify"])
def test_a_schedule_that_fires_twice_starts_one_fleet(
    stepfunctions: StepFunctions, action: str
) -> None:
    event = {
        "source": "aws.scheduler",
        "detail-type": "Scheduled Event",
        "id": f"{action}-2026-11-23T03:00:00Z",
        "detail": {"action": action},
    }
    first, again = start(stepfunctions, event), start(stepfunctions, event)
    assert (first.started, again.started) == (True, False)
    assert first.execution == f"schedule-{action}-2026-11-23T03-00-00Z"
    (call,) = stepfunctions.started.values()
    assert call["stateMachineArn"] == FLEET
    assert parse_fleet_request(json.loads(call["input"])).action == action


def test_an_error_of_step_functions_is_not_taken_for_a_start(stepfunctions: StepFunctions) -> None:
    class Refuses:
        def start_execution(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "StateMachineDoesNotExist"}}, "StartExecution")

    with pytest.raises(ClientError, match="StateMachineDoesNotExist"):
        start(Refuses(), EVENT)


@pytest.mark.parametrize("detail", ["{}", [], 7, None, "missing"])
@pytest.mark.parametrize("source", ["aws.scheduler", "aws.s3", "agentcore.lifecycle"])
def test_a_detail_that_is_no_object_is_refused_in_one_sentence(
    stepfunctions: StepFunctions, source: str, detail: Any
) -> None:
    event = {**EVENT, "source": source, "detail": detail}
    if detail == "missing":
        del event["detail"]
    with pytest.raises(InvalidRequestError, match=r"^detail: given .*, allowed: a JSON object$"):
        start_execution(TriggerEvent.model_validate(event), clients=StandIn(stepfunctions))
    assert stepfunctions.started == {}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": 7}, "id"),
        ({"id": ""}, "id"),
        ({"source": None}, "source"),
        ({"detail-type": []}, "detail-type"),
        ({"source": "aws.s3", "detail": {}}, "detail.bucket"),
        ({"source": "aws.s3", "detail": {"bucket": {"name": "b"}}}, "detail.object"),
        ({"source": "aws.s3", "detail": {"bucket": {}, "object": {}}}, "detail.bucket.name"),
        (
            {"source": "aws.s3", "detail": {"bucket": {"name": "b"}, "object": {}}},
            "detail.object.key",
        ),
    ],
)
def test_an_envelope_of_another_shape_is_refused_by_field(
    stepfunctions: StepFunctions, changes: dict[str, Any], field: str
) -> None:
    event = TriggerEvent.model_validate({**EVENT, **changes})
    with pytest.raises(InvalidRequestError, match=rf"^{field}: given .*, allowed: [^;]*$"):
        start_execution(event, clients=StandIn(stepfunctions))
    assert stepfunctions.started == {}


@pytest.mark.parametrize(
    ("detail", "field"),
    [
        ({"action": "teardown"}, "action"),
        ({"action": "rollback", "version": "1"}, "action"),
        ({"action": "smokeTest"}, "action"),
        ({"action": "rollback"}, "action"),
        ({"action": None}, "action"),
        ({"action": "provision", "teardown": "always"}, "teardown"),
        ({"teardown": "onFailure"}, "teardown"),
        ({"autoRollback": True}, "autoRollback"),
        ({"action": "provision", "autoRollback": True}, "autoRollback"),
    ],
)
def test_an_event_of_rebuild_does_nothing_but_rebuild(
    stepfunctions: StepFunctions, detail: dict[str, Any], field: str
) -> None:
    event = TriggerEvent.model_validate({**EVENT, "detail": detail})
    with pytest.raises(InvalidRequestError, match=rf"^{field}: given .* 'Environment Rebuild Req"):
        start_execution(event, clients=StandIn(stepfunctions))
    assert stepfunctions.started == {}


def test_the_refusal_of_an_odd_detail_type_is_one_line(stepfunctions: StepFunctions) -> None:
    event = TriggerEvent.model_validate(
        {**EVENT, "detail-type": "one\ntwo", "detail": {"action": "teardown"}}
    )
    with pytest.raises(InvalidRequestError, match=r"in an event 'one\\ntwo': provision") as refused:
        start_execution(event, clients=StandIn(stepfunctions))
    assert str(refused.value).isprintable()


def test_an_event_may_say_what_it_does_anyway(stepfunctions: StepFunctions) -> None:
    detail = {"action": "provision", "teardown": "never", "autoRollback": False}
    event = TriggerEvent.model_validate({**EVENT, "detail": detail})
    assert start_execution(event, clients=StandIn(stepfunctions)).started


@pytest.mark.parametrize("detail", ["{}", [], 7, None])
@pytest.mark.parametrize("parse", [parse_request, parse_fleet_request])
def test_an_envelope_as_an_input_is_refused_alike(parse: Any, detail: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^detail: given .*, allowed: a JSON object$"):
        parse({**EVENT, "detail": detail})


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        ({"id": "\ud800"}, "id: given '"),
        ({"detail": {"environment": "\ud800"}}, "detail: given a number without a value or half"),
        ({"detail": {"ttlHours": float("inf")}}, "detail: given a number without a value or half"),
        ({"detail": {"tags": ["a"] * 80_000}}, "detail: given an event of "),
        (
            {"detail": {"x": {"y": [[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]}}},
            "detail: given JSON",
        ),
        (
            {"source": "aws.s3", "detail": {"bucket": {"name": "b"}, "object": {"key": "\udfff"}}},
            "detail.object.key: given '",
        ),
        (
            {
                "source": "aws.s3",
                "detail": {
                    "bucket": {"name": "b"},
                    "object": {"key": "k", "version-id": ["\ud800"]},
                },
            },
            "detail.object.version-id: given ['",
        ),
    ],
)
def test_an_event_that_step_functions_could_not_take_is_refused(
    stepfunctions: StepFunctions, changes: dict[str, Any], begins: str
) -> None:
    event = TriggerEvent.model_validate({**EVENT, **changes})
    with pytest.raises(InvalidRequestError) as caught:
        start_execution(event, clients=StandIn(stepfunctions))
    assert str(caught.value).startswith(begins)
    assert stepfunctions.started == {}


def test_an_event_does_not_grow_on_its_way(stepfunctions: StepFunctions) -> None:
    # EventBridge takes 256 KiB, and Step Functions, too.
    detail = {"environment": "night", "tags": [1] * 120_000}
    event = {**EVENT, "detail": detail}
    assert len(json.dumps(event, separators=(",", ":"))) < 262_144 < len(json.dumps(event))
    assert start(stepfunctions, event).started
