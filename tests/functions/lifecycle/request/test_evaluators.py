"""Evaluators in the input: their fields, and that they are looked up before anything is created."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lifecycle.clients import Clients
from lifecycle.errors import InvalidRequestError
from lifecycle.request.evaluators.evaluator import Evaluator
from lifecycle.request.model import parse_request
from lifecycle.request.preparation import Prepared, PrepareEvent, prepare_request
from lifecycle.table import Records
from local.agentcore.model.protocol import load_model
from tests.functions.lifecycle.evaluations.evaluation_world import error

ARN = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:"
CORRECTNESS = {"evaluator": "Builtin.Correctness", "minScore": 0.8}
CUSTOM = "weather_facts-0123456789"


class FakeControl:
    """AgentCore's control plane: evaluators by id."""

    def __init__(self) -> None:
        self.evaluators: dict[str, dict[str, Any]] = {
            "Builtin.Correctness": {"level": "TRACE", "status": "ACTIVE"},
            CUSTOM: {"level": "SESSION", "status": "ACTIVE", "evaluatorType": "Custom"},
        }
        self.asked: list[str] = []
        self.failure: ClientError | None = None

    def get_evaluator(self, evaluatorId: str, includedData: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
        assert includedData == "METADATA_ONLY"
        self.asked.append(evaluatorId)
        if self.failure is not None:
            raise self.failure
        if evaluatorId not in self.evaluators:
            raise error("ResourceNotFoundException", "GetEvaluator", 404)
        return self.evaluators[evaluatorId]


@pytest.fixture
def control(table_clients: Clients) -> FakeControl:
    made = FakeControl()
    table_clients.agentcore_control = made
    return made


def prepare(clients: Clients, *evaluators: dict[str, Any], **event: Any) -> Prepared:
    smoke_test = {"evaluators": list(evaluators)} if evaluators else {}
    given = {"smokeTest": smoke_test, **event}
    return prepare_request(PrepareEvent(execution=f"{ARN}a", input=given), clients=clients)


def refusal(clients: Clients, *evaluators: dict[str, Any]) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        prepare(clients, *evaluators)
    assert Records(clients.dynamodb, "environments").get("dev") is None
    return str(caught.value)


def test_each_evaluator_is_looked_up_once_with_its_level(
    table_clients: Clients, control: FakeControl
) -> None:
    arn = f"arn:aws:bedrock-agentcore:us-east-1:123456789012:evaluator/{CUSTOM}"
    prepared = prepare(table_clients, CORRECTNESS, {"evaluator": arn, "minScore": 0})
    assert prepared.evaluations is not None
    assert prepared.evaluations.model_dump(by_alias=True) == {
        "evaluators": [
            {"evaluator": "Builtin.Correctness", "minScore": 0.8, "level": "TRACE"},
            {"evaluator": CUSTOM, "minScore": 0.0, "level": "SESSION"},
        ]
    }
    assert control.asked == ["Builtin.Correctness", CUSTOM]


def test_nothing_is_looked_up_without_evaluators_or_for_a_teardown(
    table_clients: Clients, control: FakeControl
) -> None:
    assert prepare(table_clients).evaluations is None
    Records(table_clients.dynamodb, "environments").release("dev", f"{ARN}a", state="READY")
    assert prepare(table_clients, CORRECTNESS, action="teardown").evaluations is None
    assert control.asked == []


def test_an_unknown_evaluator_is_named_before_anything_is_created(
    table_clients: Clients, control: FakeControl
) -> None:
    said = refusal(table_clients, CORRECTNESS, {"evaluator": "Builtin.Corectness", "minScore": 1})
    assert said == (
        "smokeTest.evaluators.1.evaluator: given 'Builtin.Corectness', allowed: an evaluator that exists in this "
        "account and Region (GetEvaluator: ResourceNotFoundException); correct the id, or create the evaluator"
    )


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"status": "CREATE_FAILED"}, "whose status is CREATE_FAILED, allowed: an evaluator that"),
        ({"evaluatorType": "CustomCode"}, "which runs a Lambda function, allowed: an evaluator"),
    ],
)
def test_an_evaluator_that_cannot_judge_is_refused(
    table_clients: Clients, control: FakeControl, members: dict[str, Any], said: str
) -> None:
    control.evaluators[CUSTOM] |= members
    assert said in refusal(table_clients, {"evaluator": CUSTOM, "minScore": 1})


def test_another_level_than_the_evaluators_is_refused(
    table_clients: Clients, control: FakeControl
) -> None:
    assert prepare(table_clients, {**CORRECTNESS, "level": "TRACE"}).evaluations is not None
    Records(table_clients.dynamodb, "environments").delete("dev", f"{ARN}a")
    assert refusal(table_clients, {**CORRECTNESS, "level": "SESSION"}) == (
        "smokeTest.evaluators.0.level: given 'SESSION', allowed: 'TRACE', the level of Builtin.Correctness"
    )


def test_a_failure_of_the_look_up_is_no_unknown_evaluator(
    table_clients: Clients, control: FakeControl
) -> None:
    control.failure = error("AccessDeniedException", "GetEvaluator", 403)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        prepare(table_clients, CORRECTNESS)


@pytest.mark.parametrize(
    ("smoke_test", "said"),
    [
        (
            {"evaluators": [{"evaluator": "Correctness", "minScore": 1}]},
            "smokeTest.evaluators.0.evaluator: given 'Correctness', allowed: the id of an evaluator",
        ),
        (
            {"evaluators": [{"evaluator": "Builtin.A\n", "minScore": 1}]},
            "smokeTest.evaluators.0.evaluator: given 'Builtin.A\\n', allowed: the id of an evaluator",
        ),
        (
            {"evaluators": [{"evaluator": "Builtin.A"}]},
            "smokeTest.evaluators.0.minScore: required, allowed: 0, or 0.001 to 1",
        ),
        (
            {"evaluators": [{"evaluator": "Builtin.A", "minScore": 1.1}]},
            "smokeTest.evaluators.0.minScore: given 1.1, allowed: 0, or 0.001 to 1",
        ),
        (
            {"evaluators": [{"evaluator": "Builtin.A", "minScore": 1e-200}]},
            "smokeTest.evaluators.0.minScore: given 1e-200, allowed: 0, or 0.001 to 1",
        ),
        (
            {"evaluators": [{"evaluator": "Builtin.A", "minScore": 1, "level": "ALL"}]},
            "smokeTest.evaluators.0.level: given 'ALL', allowed: SESSION, TRACE or TOOL_CALL",
        ),
        (
            {"evaluators": [CORRECTNESS, {**CORRECTNESS, "minScore": 1}]},
            "smokeTest.evaluators.1.evaluator: given 'Builtin.Correctness', allowed: each evaluator once",
        ),
        (
            {"evaluators": [{**CORRECTNESS, "evaluator": f"Builtin.{n}"} for n in range(6)]},
            "allowed: a list of at most 5 evaluators",
        ),
        ({"evaluationSeconds": 59, "evaluators": [CORRECTNESS]}, "given 59, allowed: 60 to 900"),
        (
            {"evaluationSeconds": 600},
            "smokeTest.evaluationSeconds: given 600, allowed: only with smokeTest.evaluators",
        ),
    ],
)
def test_what_is_wrong_is_named(smoke_test: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_request({"smokeTest": smoke_test})
    assert said in str(caught.value)


def test_ids_are_those_of_the_services_model() -> None:
    shape = load_model("bedrock-agentcore").shape_for("EvaluatorId")
    pattern = re.compile(shape.metadata["pattern"])
    for name in (
        "Builtin.Correctness",
        "ThirdParty.DeepEval.Bias",
        CUSTOM,
        "e" * 100 + "-0123456789",
    ):
        assert pattern.fullmatch(name)
        assert len(name) <= shape.metadata["max"]
        assert Evaluator.model_validate({"evaluator": name, "minScore": 1}).id == name


def test_a_smoke_test_takes_the_evaluators_of_the_last_provision_unless_it_names_its_own(
    table_clients: Clients, control: FakeControl
) -> None:
    records = Records(table_clients.dynamodb, "environments")
    prepare(table_clients, CORRECTNESS)
    records.release("dev", f"{ARN}a", state="READY")

    def evaluated(**smoke_test: Any) -> list[str]:
        event = {"action": "smokeTest", "smokeTest": smoke_test}
        prepared = prepare_request(
            PrepareEvent(execution=f"{ARN}a", input=event), clients=table_clients
        )
        records.release("dev", f"{ARN}a", state="READY")
        plan = prepared.evaluations
        return [one.evaluator for one in plan.evaluators] if plan else []

    assert evaluated() == ["Builtin.Correctness"]
    assert evaluated(evaluators=[{"evaluator": CUSTOM, "minScore": 1}]) == [CUSTOM]
    assert evaluated(evaluationSeconds=600) == ["Builtin.Correctness"]
    assert evaluated(evaluators=[]) == []
    with pytest.raises(InvalidRequestError, match=r"evaluationSeconds: given 600, allowed: only w"):
        evaluated(evaluators=[], evaluationSeconds=600)
