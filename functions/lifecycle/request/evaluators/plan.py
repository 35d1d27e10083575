"""Look the evaluators up before anything is created: whether they exist, and at which level they judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.entry import Wire, refused_call
from lifecycle.errors import InvalidRequestError
from lifecycle.request.evaluators.evaluator import Evaluator, Level

_UNKNOWN = frozenset({"ResourceNotFoundException", "ValidationException"})
# botocore's model of `bedrock-agentcore-control`, EvaluatorStatus: these can judge.
_USABLE = frozenset({"ACTIVE", "UPDATING"})
# EvaluatorType: such an evaluator calls a Lambda function of yours with the rights of whoever calls Evaluate.
_CODE = "CustomCode"


class PlannedEvaluator(Wire):
    """An evaluator, as the state machine passes it on.

    Attributes:
        evaluator: Its id.
        min_score: The least score that passes.
        level: What it judges.
    """

    evaluator: str
    min_score: float
    level: Level


class EvaluationPlan(Wire):
    """What the state machine knows of the evaluators."""

    evaluators: list[PlannedEvaluator]


def plan_evaluations(
    evaluators: Sequence[Evaluator], control: Callable[[], Any]
) -> EvaluationPlan | None:
    """Look up each evaluator of a request.

    Args:
        evaluators: Those of the request; for `smokeTest` and `rollback`, with what the input left out.
        control: Returns a boto3 client of AgentCore's control plane; called only when there are evaluators.

    Returns:
        The plan; None when nothing is evaluated.

    Raises:
        InvalidRequestError: There is no such evaluator, it cannot judge, it runs code, or it has another level.
    """
    if not evaluators:
        return None
    client = control()
    return EvaluationPlan(
        evaluators=[_planned(client, number, one) for number, one in enumerate(evaluators)]
    )


def _planned(client: Any, number: int, given: Evaluator) -> PlannedEvaluator:
    field = f"smokeTest.evaluators.{number}"
    try:
        # METADATA_ONLY needs no rights on a key that encrypts the evaluator's instructions.
        found = client.get_evaluator(evaluatorId=given.id, includedData="METADATA_ONLY")
    except ClientError as error:
        if error.response["Error"]["Code"] not in _UNKNOWN:
            raise
        raise InvalidRequestError(
            f"{field}.evaluator: given '{given.evaluator}', allowed: an evaluator that exists in this account and "
            f"Region ({refused_call(error)}); correct the id, or create the evaluator"
        ) from error
    if found["status"] not in _USABLE:
        raise InvalidRequestError(
            f"{field}.evaluator: given '{given.evaluator}', whose status is {found['status']}, allowed: an evaluator "
            "that is ACTIVE"
        )
    if found.get("evaluatorType") == _CODE:
        raise InvalidRequestError(
            f"{field}.evaluator: given '{given.evaluator}', which runs a Lambda function, allowed: an evaluator that "
            "asks a model; the stack may not call your Lambda functions"
        )
    if given.level not in (None, found["level"]):
        raise InvalidRequestError(
            f"{field}.level: given '{given.level}', allowed: '{found['level']}', the level of {given.id}"
        )
    return PlannedEvaluator(evaluator=given.id, min_score=given.min_score, level=found["level"])
