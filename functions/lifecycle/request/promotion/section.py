"""The input's section `promotion`: at once, or step by step through the gateway (a canary)."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lifecycle.request.inputs import InputModel, allowed, problem

DEFAULT_STEPS = (5, 25, 50)
DEFAULT_BAKE_SECONDS = 300
MOST_STEPS = 5
"""How many steps there are at most: each has a loop of its own in a history of at most 25,000 events."""
LONGEST_BAKES = 14_400
"""How long all steps bake at most, in seconds: every loop of the execution fits into its time beside them."""


class CanaryChecks(InputModel):
    """When the calls through the gateway stop a canary."""

    min_calls: int = Field(
        default=20,
        ge=1,
        le=100_000,
        description="How many calls must have reached the new version in a step, by the weight, before their error "
        "rate is judged. With fewer, the cases alone decide.",
        json_schema_extra=allowed("1 to 100000"),
    )
    max_error_percent: float = Field(
        default=5,
        ge=0,
        lt=100,
        description="Share of the calls that reached the new version that may fail, in percent, beyond those that "
        "failed before the canary began.",
        json_schema_extra=allowed("0 or more, below 100"),
    )


class Promotion(InputModel):
    """How callers come to a version that passed."""

    strategy: Literal["direct", "canary"] = Field(
        default="direct",
        description="`direct`: the endpoint `live` moves to the version at once. `canary`: before that, a growing "
        "share of the calls through the gateway goes to the version.",
        json_schema_extra=allowed(
            "direct or canary; canary only with gateway.type runtime and action provision"
        ),
    )
    steps: list[Annotated[int, Field(ge=1, le=99)]] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_STEPS,
        description="For `canary`: the share of the calls that goes to the new version at each step, in percent. "
        f"Default: {list(DEFAULT_STEPS)}.",
        json_schema_extra=allowed(
            f"1 to {MOST_STEPS} whole numbers of 1 to 99, rising, only with strategy canary"
        ),
    )
    bake_seconds: int | None = Field(
        default=None,
        ge=1,
        le=LONGEST_BAKES,
        description="For `canary`: how long each step takes, in seconds, before it is judged. Default: "
        f"{DEFAULT_BAKE_SECONDS}. Metrics come a minute or two late, and only whole minutes count: give a step 240 or "
        "more for them to count.",
        json_schema_extra=allowed(
            f"1 to {LONGEST_BAKES}, and all steps together at most {LONGEST_BAKES}, only with strategy canary"
        ),
    )
    checks: CanaryChecks | None = Field(
        default=None, json_schema_extra=allowed("an object, only with strategy canary")
    )

    @model_validator(mode="after")
    def _is_of_its_strategy(self) -> Self:
        if self.strategy == "direct":
            for field, given in (
                ("steps", self.steps),
                ("bakeSeconds", self.bake_seconds),
                ("checks", self.checks and self.checks.model_dump(mode="json", by_alias=True)),
            ):
                if given is not None:
                    raise problem(field, given, "only with strategy canary")
            return self
        if any(after <= before for before, after in pairwise(self.weights)):
            raise problem("steps", self.steps, "rising: each step larger than the one before it")
        longest = LONGEST_BAKES // len(self.weights)
        if self.bake > longest:
            raise problem(
                "bakeSeconds", self.bake, f"at most {longest} with {len(self.weights)} steps"
            )
        return self

    @property
    def weights(self) -> list[int]:
        """The weight of each step, in percent."""
        return list(DEFAULT_STEPS) if self.steps is None else self.steps

    @property
    def bake(self) -> int:
        """How long each step takes, in seconds."""
        return DEFAULT_BAKE_SECONDS if self.bake_seconds is None else self.bake_seconds

    @property
    def limits(self) -> CanaryChecks:
        """When the calls of a step stop it."""
        return self.checks or CanaryChecks()
