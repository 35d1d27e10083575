"""The input's section `wait`: how often the polling loops look, and when they give up."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from lifecycle.request.inputs import InputModel, allowed, problem

# All polling loops of an execution together stay below Step Functions' limit of 25,000 history events with this many
# polls in each, even if every call is retried once (tests/statemachine/test_definition_runs.py does the sum).
MOST_POLLS = 400


class Wait(InputModel):
    """The polling loops."""

    interval_seconds: int = Field(
        default=2,
        ge=0,
        le=300,
        description="First wait of a polling loop. Each wait is 1.5 times the one before, up to `maxIntervalSeconds`.",
        json_schema_extra=allowed("0 to 300, at most maxIntervalSeconds"),
    )
    max_interval_seconds: int = Field(
        default=15,
        ge=1,
        le=300,
        description="Longest wait between two polls.",
        json_schema_extra=allowed(f"1 to 300, at least timeoutSeconds / {MOST_POLLS}"),
    )
    timeout_seconds: int = Field(
        default=1800,
        ge=1,
        le=14400,
        description="Each polling loop (build, runtime, promotion, deletion) gives up after this time.",
        json_schema_extra=allowed("1 to 14400"),
    )

    @model_validator(mode="after")
    def _intervals_fit(self) -> Self:
        if self.interval_seconds > self.max_interval_seconds:
            raise problem(
                "intervalSeconds",
                self.interval_seconds,
                f"at most maxIntervalSeconds ({self.max_interval_seconds})",
            )
        if self.timeout_seconds > MOST_POLLS * self.max_interval_seconds:
            raise problem(
                "maxIntervalSeconds",
                self.max_interval_seconds,
                f"at least timeoutSeconds / {MOST_POLLS}, or the execution's history overflows",
            )
        return self
