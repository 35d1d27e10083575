"""The end of an execution that was stopped in a canary starts one that takes the callers back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lifecycle.errors import InvalidRequestError
from lifecycle.request.model import parse_request
from lifecycle.request.preparation import PrepareEvent, prepare_request
from lifecycle.request.trigger import TriggerEvent, start_execution
from tests.functions.lifecycle.canary.splitting import CANARY, NEW, Splitting

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:lifecycle"


class StepFunctions:
    """Knows the input of each execution, and takes each name once."""

    def __init__(self, given: Any) -> None:
        self.given = json.dumps(given)
        self.started: dict[str, dict[str, Any]] = {}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        return {"executionArn": executionArn, "status": "ABORTED", "input": self.given}

    def start_execution(self, **call: Any) -> dict[str, Any]:
        if call["name"] in self.started:
            raise ClientError({"Error": {"Code": "ExecutionAlreadyExists"}}, "StartExecution")
        self.started[call["name"]] = call
        return {"executionArn": "arn"}


@pytest.fixture
def step_functions(splitting: Splitting, monkeypatch: pytest.MonkeyPatch) -> StepFunctions:
    monkeypatch.setenv("LIFECYCLE_MACHINE_ARN", MACHINE)
    monkeypatch.setenv("FLEET_MACHINE_ARN", "arn:aws:states:us-east-1:123456789012:stateMachine:f")
    fake = StepFunctions({**CANARY, **NEW, "environment": "dev"})
    monkeypatch.setitem(splitting.world.clients.__dict__, "stepfunctions", fake)
    return fake


def ended(splitting: Splitting, execution: str | None = None) -> Any:
    event = {
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "executionArn": execution or splitting.world.execution,
            "stateMachineArn": MACHINE,
            "status": "ABORTED",
        },
    }
    return start_execution(TriggerEvent.model_validate(event), clients=splitting.world.clients)


def test_a_stopped_canary_starts_one_execution_that_clears_it(
    splitting: Splitting, step_functions: StepFunctions
) -> None:
    splitting.shift()
    first, again = ended(splitting), ended(splitting)
    assert (first.started, again.started) == (True, False)
    assert first.execution == again.execution == "event-6a7e8feb-b491-4cf7-a9f1-bf3703467718"
    (call,) = step_functions.started.values()
    given = json.loads(call["input"])
    assert call["stateMachineArn"] == MACHINE
    asked = parse_request(given)
    assert (asked.action, asked.environment) == ("smokeTest", "dev")
    # Nothing that takes long: the environment is free again soon.
    assert not asked.smoke_test.has_cases
    assert asked.smoke_test.evaluators == []
    event = PrepareEvent(execution="execution:clears", input=given)
    assert prepare_request(event, clients=splitting.world.clients).left_canary


@pytest.mark.parametrize("given", [{}, {"detail-type": "asked", "detail": {"environment": "dev"}}])
def test_the_environment_is_that_of_the_input_whatever_its_form(
    splitting: Splitting, step_functions: StepFunctions, given: Any
) -> None:
    splitting.shift()
    step_functions.given = json.dumps(given)
    assert ended(splitting).started


@pytest.mark.parametrize(
    "given",
    ['{"environment": "other"}', '{"environment": "No!"}', "[1]", "null", "[" * 9**5 + "]" * 9**5],
    ids=["other", "bad name", "list", "null", "deep"],
)
def test_nothing_is_started_for_another_environment_or_an_input_that_was_refused(
    splitting: Splitting, step_functions: StepFunctions, given: str
) -> None:
    splitting.shift()
    step_functions.given = given
    assert not ended(splitting).started
    assert step_functions.started == {}


def test_nothing_is_started_when_nothing_was_left_or_another_execution_left_it(
    splitting: Splitting, step_functions: StepFunctions
) -> None:
    assert not ended(splitting).started
    splitting.shift()
    # What was started to clear, and fails, is not tried for ever.
    assert not ended(splitting, f"{splitting.world.execution}-clears").started
    splitting.clear()
    nothing = ended(splitting)
    assert (nothing.execution, nothing.started, step_functions.started) == (None, False, {})


def test_an_event_that_names_no_execution_is_refused(
    splitting: Splitting, step_functions: StepFunctions
) -> None:
    event = {"id": "1", "source": "aws.states", "detail-type": "changed", "detail": {}}
    with pytest.raises(InvalidRequestError, match=r"detail\.executionArn"):
        start_execution(TriggerEvent.model_validate(event), clients=splitting.world.clients)
    assert step_functions.started == {}
