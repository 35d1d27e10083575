"""The input's section `smokeTest`: what the smoke test asks, and which answer passes."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from lifecycle.request.inputs import InputModel, allowed, problem


class SmokeTest(InputModel):
    """What the smoke test asks, and which answer passes."""

    prompt: str = Field(
        default="今の天気はどうですか？",
        min_length=1,
        max_length=10000,
        description="What the smoke test asks the agent.",
        json_schema_extra=allowed("1 to 10000 characters"),
    )
    expect: str = Field(
        default=r"\S",
        min_length=1,
        max_length=1000,
        description="A Python regular expression that must match somewhere in the answer.",
        json_schema_extra=allowed("a valid regular expression of 1 to 1000 characters"),
    )
    timeout_seconds: int = Field(
        default=120,
        ge=1,
        le=600,
        description="Time limit of the whole smoke test, including the agent's cold start.",
        json_schema_extra=allowed("1 to 600"),
    )

    @field_validator("expect")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except (re.error, OverflowError, RecursionError) as error:
            raise problem("", value, f"a valid regular expression ({error})") from error
        return value
