"""`Evaluate`, `GetEvaluator`, and the spans that the local AWS writes for instrumented agents."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from werkzeug.test import Client

from local.agentcore.evaluations.evaluators import LEVELS
from local.agentcore.evaluations.judge import evaluate
from local.agentcore.evaluations.telemetry import Note, Telemetry, documents_of
from local.agentcore.model.app import ModelApp
from local.agentcore.model.errors import ServiceError
from local.agentcore.settings import Delays

GROUP = "/aws/bedrock-agentcore/runtimes/x-0123456789-live"
NAMES = {"traceIds": "traceId", "spanIds": "spanId"}


def note(answer: Any, session: str = "s-1", *, split: bool = False) -> Note:
    return Note(GROUP, session, 5.0, b'{"prompt": "?"}', json.dumps(answer).encode(), split)


def documents(*notes: Note) -> list[dict[str, Any]]:
    return [one for each in notes for one in documents_of(each) if one is not None]


def judge(evaluator: str, spans: list[dict[str, Any]], **target: list[str]) -> list[Any]:
    request: dict[str, Any] = {
        "evaluatorId": evaluator,
        "evaluationInput": {"sessionSpans": spans},
        **({"evaluationTarget": target} if target else {}),
    }
    found: list[Any] = evaluate(request)["evaluationResults"]
    return found


def scores(*answers: Any, split: bool = False) -> list[float]:
    found = judge(
        "Builtin.Correctness", documents(*(note(answer, split=split) for answer in answers))
    )
    return [one["value"] for one in found]


@pytest.mark.parametrize("split", [False, True])
def test_an_answer_is_scored_by_what_it_says(split: bool) -> None:
    answers = (
        {"answer": "sunny"},
        {"answer": "I do not know"},
        {"answer": ""},
        "分かりません",
        {"x": 1},
    )
    assert scores(*answers, split=split) == [1.0, 0.5, 0.0, 0.5, 1.0]


def test_a_result_says_that_no_model_was_asked() -> None:
    (found,) = judge("Builtin.Correctness", documents(note("sunny")))
    assert found["explanation"].startswith("Stand-in judge of the local AWS (no model was asked): ")
    assert found["tokenUsage"]["totalTokens"] == 0
    assert found["context"]["spanContext"]["sessionId"] == "s-1"


def test_a_session_gets_the_mean_of_its_answers() -> None:
    (found,) = judge("Builtin.GoalSuccessRate", documents(note("sunny"), note("I cannot")))
    assert found["value"] == 0.75
    assert found["context"] == {"spanContext": {"sessionId": "s-1"}}


def test_a_span_without_what_was_said_has_an_error_in_its_result() -> None:
    span, _ = documents_of(note("sunny", split=True))
    for evaluator in ("Builtin.Correctness", "Builtin.GoalSuccessRate"):
        (found,) = judge(evaluator, [span])
        assert found["errorCode"] == "LogEventMissingException"
        assert "value" not in found


@pytest.mark.parametrize(
    ("evaluator", "change", "target", "code"),
    [
        ("Builtin.NoSuch", {}, {}, "ResourceNotFoundException"),
        ("Builtin.Correctness", {"scope": None}, {}, "ValidationException"),
        ("Builtin.Correctness", {"scope": {"name": "http"}}, {}, "ValidationException"),
        ("Builtin.Correctness", {}, {"traceIds": ["f" * 32]}, "ValidationException"),
        ("Builtin.Correctness", {}, {"spanIds": ["f" * 16]}, "ValidationException"),
        ("Builtin.GoalSuccessRate", {}, {"traceIds": ["f" * 32]}, "ValidationException"),
        ("Builtin.ToolSelectionAccuracy", {}, {"spanIds": ["f" * 16]}, "ValidationException"),
    ],
)
def test_what_does_not_fit_is_refused(
    evaluator: str, change: dict[str, Any], target: dict[str, list[str]], code: str
) -> None:
    (span,) = documents(note("sunny"))
    with pytest.raises(ServiceError) as raised:
        judge(evaluator, [{**span, **change}], **target)
    assert raised.value.code == code


def test_spans_of_two_sessions_are_refused() -> None:
    with pytest.raises(ServiceError, match="more than one session"):
        judge("Builtin.Correctness", documents(note("a"), note("b", "s-2")))


@pytest.mark.parametrize("evaluator", LEVELS)
def test_every_answer_is_what_the_model_says(evaluator: str) -> None:
    app = ModelApp("bedrock-agentcore", {"Evaluate": evaluate})
    (span,) = documents(note("sunny"))
    tool = {**span, "spanId": "c" * 16, "attributes": {**span["attributes"]}}
    tool["attributes"]["gen_ai.operation.name"] = "execute_tool"
    answer = Client(app).post(
        f"/evaluations/evaluate/{evaluator}",
        json={"evaluationInput": {"sessionSpans": [span, tool]}},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert len(answer.json["evaluationResults"]) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("Correctness", {"evaluationInput": {"sessionSpans": [{}]}}),
        ("Builtin.Correctness", {"evaluationInput": {"sessionSpans": []}}),
        ("Builtin.Correctness", {"evaluationInput": {}}),
        (
            "Builtin.Correctness",
            {
                "evaluationInput": {"sessionSpans": [{}]},
                "evaluationTarget": {"traceIds": ["too short"]},
            },
        ),
    ],
)
def test_a_request_is_validated_by_the_model(path: str, body: Any) -> None:
    app = ModelApp("bedrock-agentcore", {"Evaluate": evaluate})
    answer = Client(app).post(f"/evaluations/evaluate/{path}", json=body)
    assert answer.status_code == 400
    assert answer.headers["x-amzn-errortype"] == "ValidationException"


def test_evaluators_are_found_by_their_ids(world: Any) -> None:
    found = world.control.get_evaluator(evaluatorId="Builtin.GoalSuccessRate")
    assert (found["level"], found["status"], found["evaluatorType"]) == (
        "SESSION",
        "ACTIVE",
        "Builtin",
    )
    with pytest.raises(ClientError) as raised:
        world.control.get_evaluator(evaluatorId="mine-0123456789")
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"


class Account:
    """A moto account's logs, and telemetry with a clock of its own."""

    def __init__(self, logs: Any) -> None:
        self.now = time.time()
        self.logs = logs
        self.delays = Delays(spans=30)
        self.telemetry = Telemetry(lambda _service: self.logs, self.delays, lambda: self.now)

    def messages(self, group: str) -> list[dict[str, Any]]:
        try:
            events = self.logs.filter_log_events(logGroupName=group)["events"]
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        return [json.loads(event["message"]) for event in events]


@pytest.fixture
def account(aws: Any) -> Account:
    return Account(aws("logs"))


@pytest.mark.parametrize(
    ("variables", "split"), [({}, False), ({"UNIFIED_TRACES_DESTINATION_ENABLED": "false"}, True)]
)
def test_spans_arrive_when_somebody_asks_and_not_before_their_time(
    account: Account, variables: dict[str, str], split: bool
) -> None:
    group = f"{GROUP}-{split}"
    account.telemetry.note(group, "s-1", variables, b'{"prompt": "a"}', b'{"answer": "b"}')
    account.now += 29
    account.telemetry.deliver()
    assert account.messages(group) == []
    account.now += 1
    account.telemetry.deliver()
    account.telemetry.deliver()
    (own,) = account.messages(group)
    shared = account.messages("aws/spans") if split else []
    assert len(shared) == int(split)
    if split:
        assert own["body"]["output"]["messages"][0]["content"] == "b"
        assert (own["traceId"], own["spanId"]) == (shared[0]["traceId"], shared[0]["spanId"])
        assert "events" not in shared[0]
    else:
        assert own["events"][1]["attributes"]["message"] == "b"
    assert own["attributes"]["session.id"] == "s-1"


def test_only_an_instrumented_agents_calls_are_noted(world: Any) -> None:
    world.invoke(world.ready()["agentRuntimeArn"])
    world.clock.now += 60
    world.core.data.telemetry.deliver()
    logs = world.aws("logs")
    names = [
        group["logGroupName"]
        for group in logs.describe_log_groups(logGroupNamePrefix="/aws/bedrock")["logGroups"]
    ]
    streams = [
        stream["logStreamName"]
        for name in names
        if name not in (f"{GROUP}-True", f"{GROUP}-False")
        for stream in logs.describe_log_streams(logGroupName=name)["logStreams"]
    ]
    assert "otel-rt-logs" not in streams
