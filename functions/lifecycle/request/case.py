"""One case of the smoke test: what is asked, and which answer passes."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from lifecycle.request.inputs import InputModel, allowed, is_unicode, problem

SHORTEST = 0.001
"""The least limit of a time in seconds; DynamoDB, which keeps it, takes no number below 1E-130."""
LONGEST = 600

# Parts of JMESPath that only choose: what they find is never larger than what they look at. A list or an object that
# is made anew (`[a, a]`) can double with each step, and functions can do anything.
_CHOOSING = frozenset(
    {
        "and_expression",
        "comparator",
        "current",
        "field",
        "filter_projection",
        "flatten",
        "identity",
        "index",
        "index_expression",
        "literal",
        "not_expression",
        "or_expression",
        "pipe",
        "projection",
        "slice",
        "subexpression",
        "value_projection",
    }
)
# Step Functions computes with binary floating point, and DynamoDB holds no larger or smaller numbers.
_LARGEST_WHOLE = 2**53 - 1
_LARGEST, _SMALLEST = 1e125, 1e-129
_LONGEST_NAME = 1000
KEPT = (
    f"a JSON object whose names have 1 to {_LONGEST_NAME} characters, whose texts UTF-8 can carry, and whose numbers "
    f"are at most {_LARGEST_WHOLE} if they are whole"
)
"""What JSON of the input must be that is kept and sent as it is."""


ONLY_HTTP = "only with runtime.protocol HTTP"
"""What is allowed for a payload."""


class Case(InputModel):
    """One case of the smoke test."""

    name: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="Name of the case in outputs and errors. Default: `case` and its number.",
        json_schema_extra=allowed("1 to 64 printable characters, each name once"),
    )
    prompt: str | None = Field(
        default=None,
        min_length=1,
        max_length=10000,
        description="What the case asks the agent. It is sent as `smokeTest.prompt` is.",
        json_schema_extra=allowed("1 to 10000 characters; exactly one of prompt and payload"),
    )
    payload: dict[str, Any] | None = Field(
        default=None,
        description="The whole body of the call, instead of an object with `prompt`.",
        json_schema_extra=allowed(f"a JSON object, {ONLY_HTTP}; exactly one of prompt and payload"),
    )
    expect: str | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="A Python regular expression that must match somewhere in the answer.",
        json_schema_extra=allowed(
            "a valid regular expression of 1 to 1000 characters; expect, reject or both"
        ),
    )
    reject: str | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="A Python regular expression that must match nowhere in the answer.",
        json_schema_extra=allowed(
            "a valid regular expression of 1 to 1000 characters; expect, reject or both"
        ),
    )
    path: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="A JMESPath expression, such as `output.items[0].text`: which part of a JSON answer `expect` and "
        "`reject` apply to. If it finds nothing, the answer fails.",
        json_schema_extra=allowed(
            "a JMESPath expression of 1 to 200 characters, without functions and without lists or objects of its own"
        ),
    )
    max_seconds: float | None = Field(
        default=None,
        ge=SHORTEST,
        le=LONGEST,
        description="How long the answer may take, in seconds.",
        json_schema_extra=allowed(f"{SHORTEST} to {LONGEST}"),
    )

    @field_validator("name")
    @classmethod
    def _fits_on_a_line(cls, value: str | None) -> str | None:
        if value is not None and not value.isprintable():
            raise problem("", value, "1 to 64 printable characters, each name once")
        return value

    @field_validator("expect", "reject")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        return None if value is None else checked_pattern(value)

    @field_validator("path")
    @classmethod
    def _only_chooses(cls, value: str | None) -> str | None:
        wrong = None if value is None else _fault_of(value)
        if wrong is not None:
            raise problem(
                "",
                value,
                "a JMESPath expression of 1 to 200 characters, without functions and without lists or objects of its "
                f"own ({wrong})",
            )
        return value

    @field_validator("payload")
    @classmethod
    def _can_be_kept_and_sent(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None and not (
            can_be_kept(value) and is_unicode(json.dumps(value, ensure_ascii=False))
        ):
            raise problem("", value, KEPT)
        return value

    @model_validator(mode="after")
    def _asks_one_thing_and_judges_it(self) -> Self:
        given = sorted(
            str(field.alias)
            for name, field in type(self).model_fields.items()
            if getattr(self, name) is not None
        )
        if (self.prompt is None) == (self.payload is None):
            raise problem("", given, "exactly one of prompt and payload")
        if self.expect is None and self.reject is None:
            raise problem("", given, "expect, reject or both")
        return self


def takes_payloads(protocol: str) -> bool:
    """Whether an agent of a protocol takes a whole payload; of the others, the protocol shapes the body."""
    return protocol == "HTTP"


def checked_pattern(value: str) -> str:
    """Return a regular expression that compiles; raise a validator's error for another."""
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise problem("", value, f"a valid regular expression ({error})") from error
    return value


def _fault_of(path: str) -> str | None:
    """What is wrong with a JMESPath expression; None when it only chooses."""
    # botocore has loaded it already where a client is made.
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        left = [jmespath.compile(path).parsed]
    except (JMESPathError, ValueError, RecursionError) as error:
        return " ".join(str(error).split())[:100] or type(error).__name__
    while left:
        node = left.pop()
        if node["type"] not in _CHOOSING:
            return str(node["type"]).replace("_", " ")
        left += [child for child in node["children"] if isinstance(child, dict)]
    return None


def can_be_kept(value: Any) -> bool:
    """Whether the record can hold a JSON value as it is: its names and numbers (DynamoDB's limits)."""
    if isinstance(value, dict):
        return all(
            1 <= len(name) <= _LONGEST_NAME and can_be_kept(item) for name, item in value.items()
        )
    if isinstance(value, list):
        return all(can_be_kept(item) for item in value)
    if isinstance(value, float):
        return value == 0 or (math.isfinite(value) and _SMALLEST <= abs(value) <= _LARGEST)
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) <= _LARGEST_WHOLE
    return True
