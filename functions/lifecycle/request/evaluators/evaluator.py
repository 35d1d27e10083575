"""One evaluator of the smoke test: who judges, and which score passes."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from lifecycle.request.inputs import InputModel, allowed, problem

Level = Literal["SESSION", "TRACE", "TOOL_CALL"]
"""What an evaluator judges: a whole session, each answer in it, or each call of a tool."""

# botocore's model of `bedrock-agentcore`: EvaluatorId (at most 111 characters) and EvaluatorArn.
_ID = (
    r"(?:Builtin\.[a-zA-Z0-9._-]+|ThirdParty\.[a-zA-Z0-9_-]+\.[a-zA-Z0-9_-]+"
    r"|[a-zA-Z][a-zA-Z0-9-_]{0,99}-[a-zA-Z0-9]{10})"
)
_ARN = r"arn:aws[a-zA-Z-]*:bedrock-agentcore:[a-z0-9-]*:[0-9]*:evaluator/"
_EVALUATOR = re.compile(rf"(?:{_ARN})?(?P<id>{_ID})")
_LONGEST_ID = 111
_EVALUATOR_ALLOWED = (
    "the id of an evaluator, such as Builtin.Correctness, or its ARN; each one once"
)
# DynamoDB, which keeps it, takes no number below 1E-130.
_SMALLEST = 0.001


class Evaluator(InputModel):
    """One evaluator of the smoke test."""

    evaluator: str = Field(
        max_length=2048,
        description="An evaluator of AgentCore Evaluations in the Region of the stack.",
        json_schema_extra=allowed(_EVALUATOR_ALLOWED),
    )
    min_score: float = Field(
        ge=0,
        le=1,
        description="The least score that passes: the mean over the sessions. With `0`, the score is only reported.",
        json_schema_extra=allowed(f"0, or {_SMALLEST} to 1"),
    )
    level: Level | None = Field(
        default=None,
        description="The level that the evaluator must have. Default: the one that it has.",
        json_schema_extra=allowed("SESSION, TRACE or TOOL_CALL; the evaluator's own"),
    )

    @field_validator("evaluator")
    @classmethod
    def _is_an_id(cls, value: str) -> str:
        found = _EVALUATOR.fullmatch(value)
        if found is None or len(found["id"]) > _LONGEST_ID:
            raise problem("", value, _EVALUATOR_ALLOWED)
        return value

    @field_validator("min_score")
    @classmethod
    def _can_be_kept(cls, value: float) -> float:
        if 0 < value < _SMALLEST:
            raise problem("", value, f"0, or {_SMALLEST} to 1")
        return value

    @property
    def id(self) -> str:
        """The evaluator's id, which `Evaluate` takes, also where the input has an ARN."""
        return self.evaluator.rpartition("/")[2]
