"""The built-in evaluators: their ids and the level at which each judges."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local.agentcore.model.errors import not_found

# AgentCore developer guide, "Built-in evaluators".
LEVELS = {
    "Builtin.Coherence": "TRACE",
    "Builtin.Conciseness": "TRACE",
    "Builtin.Correctness": "TRACE",
    "Builtin.Faithfulness": "TRACE",
    "Builtin.GoalSuccessRate": "SESSION",
    "Builtin.Harmfulness": "TRACE",
    "Builtin.Helpfulness": "TRACE",
    "Builtin.InstructionFollowing": "TRACE",
    "Builtin.Refusal": "TRACE",
    "Builtin.ResponseRelevance": "TRACE",
    "Builtin.Stereotyping": "TRACE",
    "Builtin.ToolParameterAccuracy": "TOOL_CALL",
    "Builtin.ToolSelectionAccuracy": "TOOL_CALL",
}
_SINCE = datetime(2025, 12, 2, tzinfo=UTC)


def arn_of(evaluator: str) -> str:
    """The ARN of a built-in evaluator, which belongs to no account (botocore's model: EvaluatorArn)."""
    return f"arn:aws:bedrock-agentcore:::evaluator/{evaluator}"


def level_of(evaluator: str) -> str:
    """Return the level of a built-in evaluator.

    Raises:
        ServiceError: ResourceNotFoundException; the local AWS has no other evaluators.
    """
    level = LEVELS.get(evaluator)
    if level is None:
        raise not_found(f"Evaluator not found: {evaluator}")
    return level


def get_evaluator(request: dict[str, Any]) -> dict[str, Any]:
    """Serve `GetEvaluator`."""
    name = request["evaluatorId"]
    return {
        "evaluatorArn": arn_of(name),
        "evaluatorId": name,
        "evaluatorName": name,
        "level": level_of(name),
        "status": "ACTIVE",
        "evaluatorType": "Builtin",
        "provider": "AWS",
        # AWS does not show what a built-in evaluator asks its model.
        "evaluatorConfig": {
            "llmAsAJudge": {
                "instructions": "Not shown.",
                "ratingScale": {"numerical": []},
                "modelConfig": {"bedrockEvaluatorModelConfig": {"modelId": "stand-in"}},
            }
        },
        "createdAt": _SINCE,
        "updatedAt": _SINCE,
    }
