"""The input's section `smokeTest`: what the smoke test asks, and which answer passes."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from lifecycle.errors import InvalidRequestError
from lifecycle.request.artifact import Source
from lifecycle.request.case import (
    LONGEST,
    ONLY_HTTP,
    SHORTEST,
    Case,
    checked_pattern,
    takes_payloads,
)
from lifecycle.request.evaluators.evaluator import Evaluator
from lifecycle.request.inputs import InputModel, allowed, problem, shown

_OF_CASES = ("repeat", "min_pass_rate", "max_p95_seconds")
_OF_EVALUATORS = ("evaluation_seconds",)
_ONLY_WITH_CASES = "only with smokeTest.cases or smokeTest.casesFrom"
_ONLY_WITH_EVALUATORS = "only with smokeTest.evaluators"
_MOST_CASES = 20
_MOST_EVALUATORS = 5
_WITH_WEB_SOCKET = "HTTP"


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
    cases: list[Case] = Field(
        default_factory=list,
        max_length=_MOST_CASES,
        description="More questions, asked after `prompt` is answered. See [cases](#cases-of-the-smoke-test).",
        json_schema_extra=allowed(
            f"a list of at most {_MOST_CASES} cases; cases or casesFrom, not both"
        ),
    )
    cases_from: Source | None = Field(
        default=None,
        description="An object in S3 with cases, one JSON object on each line (JSON Lines). Default of `versionId`: "
        "the latest version when the execution begins.",
        json_schema_extra=allowed("{bucket, key, versionId?}; cases or casesFrom, not both"),
    )
    repeat: int = Field(
        default=1,
        ge=1,
        le=20,
        description="How many times each case is asked. Each answer counts.",
        json_schema_extra=allowed("1 to 20, only with cases; at most 4000 questions in all"),
    )
    min_pass_rate: float = Field(
        default=1,
        ge=SHORTEST,
        le=1,
        description="Share of the answers that must pass. With `1`, all must.",
        json_schema_extra=allowed(f"{SHORTEST} to 1, only with cases"),
    )
    max_p95_seconds: float | None = Field(
        default=None,
        ge=SHORTEST,
        le=LONGEST,
        description="Limit of the 95th percentile of the answer times, in seconds.",
        json_schema_extra=allowed(f"{SHORTEST} to {LONGEST}, only with cases"),
    )
    web_socket: bool = Field(
        default=False,
        description="Also tests the runtime's WebSocket (`/ws`): who may not call gets none, and the agent answers "
        "`prompt` on it. See [WebSocket](#websocket-of-the-smoke-test).",
        json_schema_extra=allowed(f"true or false, true {ONLY_HTTP}"),
    )
    timeout_seconds: int = Field(
        default=120,
        ge=1,
        le=600,
        description="Time limit of the whole smoke test with its cases, including the agent's cold start.",
        json_schema_extra=allowed("1 to 600"),
    )
    evaluators: list[Evaluator] = Field(
        default_factory=list,
        max_length=_MOST_EVALUATORS,
        description="Evaluators of AgentCore Evaluations that judge the sessions of the smoke test and its cases. See "
        "[evaluators](#evaluators-of-the-smoke-test).",
        json_schema_extra=allowed(f"a list of at most {_MOST_EVALUATORS} evaluators"),
    )
    evaluation_seconds: int = Field(
        default=300,
        ge=60,
        le=900,
        description="How long to wait for the spans of the sessions, which arrive minutes after the answers.",
        json_schema_extra=allowed("60 to 900, only with evaluators"),
    )

    @property
    def has_cases(self) -> bool:
        """Whether a version must also pass cases."""
        return bool(self.cases) or self.cases_from is not None

    @field_validator("expect")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        return checked_pattern(value)

    @field_validator("cases")
    @classmethod
    def _each_name_once(cls, value: list[Case]) -> list[Case]:
        seen: set[str] = set()
        for number, case in enumerate(value):
            if case.name in seen:
                raise problem(f"{number}.name", case.name, "each name once")
            if case.name is not None:
                seen.add(case.name)
        return value

    @field_validator("evaluators")
    @classmethod
    def _each_evaluator_once(cls, value: list[Evaluator]) -> list[Evaluator]:
        seen: set[str] = set()
        for number, one in enumerate(value):
            if one.id in seen:
                raise problem(f"{number}.evaluator", one.evaluator, "each evaluator once")
            seen.add(one.id)
        return value

    @model_validator(mode="after")
    def _cases_from_one_place(self) -> Self:
        if self.cases and self.cases_from is not None:
            place = f"s3://{self.cases_from.bucket}/{self.cases_from.key}"
            raise problem("casesFrom", place, "cases or casesFrom, not both")
        return self

    def unused_limits(self) -> dict[str, str]:
        """The fields that only count for cases or evaluators, when there are none: what is allowed, by their names."""
        unused = {} if self.has_cases else dict.fromkeys(_OF_CASES, _ONLY_WITH_CASES)
        if not self.evaluators:
            unused |= dict.fromkeys(_OF_EVALUATORS, _ONLY_WITH_EVALUATORS)
        return unused


def refuse_limits(smoke_test: SmokeTest) -> None:
    """Raise a validator's error for a field that only counts for cases or evaluators when there are none."""
    for name, may in smoke_test.unused_limits().items():
        field, value = SmokeTest.model_fields[name], getattr(smoke_test, name)
        if value != field.default:
            raise problem(f"smokeTest.{field.alias}", value, may)


def refuse_payloads(cases: list[Case], protocol: str) -> None:
    """Raise a validator's error for a case with a whole payload, which only the protocol HTTP knows."""
    for number, case in enumerate(cases):
        if case.payload is not None and not takes_payloads(protocol):
            # What is in it may be confidential.
            raise problem(f"smokeTest.cases.{number}.payload", "a payload", ONLY_HTTP)


def refuse_web_socket(smoke_test: SmokeTest, protocol: str) -> None:
    """Raise a validator's error for a WebSocket of a protocol that has none, or one with messages of its own."""
    if smoke_test.web_socket and protocol != _WITH_WEB_SOCKET:
        raise problem("smokeTest.webSocket", True, _allowed_web_socket(protocol))


def _allowed_web_socket(protocol: str) -> str:
    return f"true {ONLY_HTTP}; the runtime's protocol is {protocol}"


def merged(last: SmokeTest, given: SmokeTest, protocol: str) -> SmokeTest:
    """The smoke test of an action that uses the last provision's values for what its input leaves out.

    Args:
        last: The last provision's.
        given: The input's.
        protocol: The last provision's `runtime.protocol`.

    Returns:
        The fields that the input has, and the last provision's others.

    Raises:
        InvalidRequestError: The input has a field that only counts for cases or evaluators, and there are none; or it
            asks for a WebSocket that the protocol does not have.
    """
    if given.web_socket and protocol != _WITH_WEB_SOCKET:
        raise InvalidRequestError(
            f"smokeTest.webSocket: given true, allowed: {_allowed_web_socket(protocol)}"
        )
    said = given.model_fields_set
    changes = {name: getattr(given, name) for name in said}
    if said & {"cases", "cases_from"}:
        changes = {"cases": [], "cases_from": None, **changes}
    both = last.model_copy(update=changes)
    unused = both.unused_limits()
    fields = SmokeTest.model_fields
    for name, may in unused.items():
        if name in said and getattr(given, name) != fields[name].default:
            raise InvalidRequestError(
                f"smokeTest.{fields[name].alias}: given {shown(getattr(given, name))}, allowed: {may}"
            )
    # Without cases the limits of the last provision's cases mean nothing, and no stage would take them.
    return both.model_copy(update={name: fields[name].default for name in unused})
