"""Any event of EventBridge starts one execution, is known already, or is refused by the name of a field."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import example, given
from hypothesis import strategies as st

from handlers import start_execution as handler
from lifecycle.clients import CLIENTS
from lifecycle.errors import InvalidRequestError
from lifecycle.request.model import parse_request
from tests.functions.lifecycle.lambda_context import LambdaContext
from tests.fuzz.grammar.mutation import mutated
from tests.fuzz.grammar.requests import LIFECYCLE_EXAMPLES
from tests.fuzz.grammar.values import nested, values
from tests.fuzz.inputs.refusals import check_message
from tests.fuzz.profile import tries
from tests.fuzz.tally import INPUTS, TALLY, LetThrough

LIFECYCLE = "arn:aws:states:us-east-1:123456789012:stateMachine:lifecycle"
FLEET = "arn:aws:states:us-east-1:123456789012:stateMachine:fleet"
ENVELOPE = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "account": "123456789012",
    "time": "2026-11-23T03:00:00Z",
    "region": "us-east-1",
    "resources": [],
}
REBUILD = {
    **ENVELOPE,
    "detail-type": "Environment Rebuild Requested",
    "source": "my.company",
    "detail": {"environment": "night"},
}
UPLOAD = {
    **ENVELOPE,
    "detail-type": "Object Created",
    "source": "aws.s3",
    "detail": {
        "bucket": {"name": "artifacts"},
        "object": {"key": "sources/agent.zip", "sequencer": "617f08299329d189", "size": 1},
    },
}
SCHEDULE = {
    **ENVELOPE,
    "id": "sweep-2026-11-23T03:00:00Z",
    "detail-type": "Scheduled Event",
    "source": "aws.scheduler",
    "detail": {"action": "sweep"},
}
# Step Functions' API reference, StartExecution: a name has none of these; an input is JSON of at most 262,144 bytes.
_NOT_IN_A_NAME = re.compile(r'[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]')
_LARGEST = 262_144


class StepFunctions:
    """Takes what Step Functions takes, each name once."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self._names: set[str] = set()

    def start_execution(self, **call: Any) -> dict[str, Any]:
        name, given = call["name"], call["input"]
        if not 1 <= len(name) <= 80 or _NOT_IN_A_NAME.search(name):
            raise LetThrough(f"InvalidName: {name!r}")
        try:
            size = len(given.encode())
            value = json.loads(given, parse_constant=lambda text: pytest.fail(text))
        except UnicodeEncodeError as error:
            raise LetThrough(f"boto3 cannot send it: {error}") from error
        if size > _LARGEST:
            raise LetThrough(f"InvalidExecutionInput: {size} bytes")
        if name in self._names:
            raise ClientError({"Error": {"Code": "ExecutionAlreadyExists"}}, "StartExecution")
        self._names.add(name)
        self.calls.append((call["stateMachineArn"], value))
        return {"executionArn": "arn"}


@pytest.fixture(autouse=True, scope="module")
def function_environment() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "STACK_NAME": "s",
            "TABLE_NAME": "t",
            "LIFECYCLE_MACHINE_ARN": LIFECYCLE,
            "FLEET_MACHINE_ARN": FLEET,
            "POWERTOOLS_TRACE_DISABLED": "true",
            "POWERTOOLS_LOG_LEVEL": "CRITICAL",
        }.items():
            patch.setenv(name, value)
        yield


def check(event: Any) -> None:
    """Deliver an event twice, as EventBridge may."""
    with TALLY.trying(INPUTS), pytest.MonkeyPatch.context() as patch:
        stepfunctions = StepFunctions()
        patch.setitem(CLIENTS.__dict__, "stepfunctions", stepfunctions)
        try:
            first = handler.handler(event, LambdaContext())
            second = handler.handler(event, LambdaContext())
        except InvalidRequestError as error:
            check_message(str(error))
            assert not stepfunctions.calls
            return
        assert (first["started"], second["started"]) == (True, False)
        ((machine, given),) = stepfunctions.calls
        if machine == LIFECYCLE:
            _check_that_it_only_rebuilds(given)


def _check_that_it_only_rebuilds(given: Any) -> None:
    try:
        request = parse_request(given)
    except InvalidRequestError as error:
        check_message(str(error))
        return
    if (request.action, request.teardown) != ("provision", "never"):
        raise LetThrough(f"an event asks for {request.action}, teardown {request.teardown}")


@tries(few=60, full=4_000)
@given(mutated(st.sampled_from([REBUILD, UPLOAD, SCHEDULE])).map(json.dumps))
@example(json.dumps({**REBUILD, "detail": {"environment": "night", "action": "teardown"}}))
@example(json.dumps({**REBUILD, "detail": {"teardown": "always"}}))
@example(json.dumps({**REBUILD, "detail": {"detail-type": "x", "detail": {"action": "teardown"}}}))
@example(json.dumps({**REBUILD, "detail_type": "x", "Detail": {"action": "teardown"}}))
@example(json.dumps({**SCHEDULE, "detail": "{}"}))
@example(json.dumps({**REBUILD, "id": "\ud800"}))
@example(json.dumps({**REBUILD, "detail": {"environment": "\ud800"}}))
@example(json.dumps({**REBUILD, "detail": {"ttlHours": 0.25}}).replace("0.25", "1e400"))
@example(json.dumps({**REBUILD, "detail": {"x": [1] * 80_000}}))
@example(json.dumps({**UPLOAD, "detail": {"bucket": {"name": "a"}, "object": {"key": "\udfff"}}}))
@example(json.dumps({**UPLOAD, "detail": {"bucket": ["a"], "object": {"key": "a"}}}))
@example(json.dumps([]))
@example(json.dumps("text"))
@example(json.dumps(None))
@example(json.dumps({}))
def test_events_that_are_almost_right(text: str) -> None:
    check(json.loads(text))


@tries(few=20, full=1_000)
@given(
    mutated(st.sampled_from(LIFECYCLE_EXAMPLES), most=1).map(json.dumps),
    st.sampled_from(["teardown", "smokeTest"]),
)
def test_an_event_only_rebuilds(text: str, action: str) -> None:
    detail = json.loads(text)
    check({**REBUILD, "detail": detail})
    if isinstance(detail, dict):
        check({**REBUILD, "detail": {**detail, "action": action}})


@tries(few=8, full=100)
@given(st.sampled_from(["detail", "id", "source", "x"]), st.integers(1, 20_000), st.booleans())
def test_json_of_any_depth(field: str, depth: int, in_lists: bool) -> None:
    check({**REBUILD, field: nested(depth, in_lists=in_lists)})


@tries(few=20, full=1_000)
@given(values.map(json.dumps))
def test_anything(text: str) -> None:
    check(json.loads(text))
