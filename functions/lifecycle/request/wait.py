"""The input's section `wait`: what bounds the gaps of the polling loops, and when they give up."""

from __future__ import annotations

import bisect
from itertools import islice
from typing import Self

from pydantic import Field, model_validator

from lifecycle.polling.schedule import BOUNDED_UNTIL, Bounds, looks
from lifecycle.request.inputs import InputModel, allowed, problem

# All polling loops of an execution together stay below Step Functions' limit of 25,000 history events with this many
# looks in each, even if every call is retried once (tests/statemachine/test_history.py walks the definition).
MOST_LOOKS = 400
MOST_EARLY_LOOKS = 378
"""How many of them may be in the first 15 minutes, in which the runtime's loop makes the most events."""
MOST_LOOKS_WITH_CANARY = 335
LONGEST_WITH_CANARY = 2400
"""How many looks, or without `maxIntervalSeconds` how many seconds, leave room for the loops of a canary."""
_LONGEST_INTERVAL = 1000


class Wait(InputModel):
    """The polling loops."""

    interval_seconds: int = Field(
        default=1,
        ge=0,
        le=300,
        description="Shortest wait between two polls. With 0, the second poll follows the first at once.",
        json_schema_extra=allowed("0 to 300, at most maxIntervalSeconds"),
    )
    max_interval_seconds: int | None = Field(
        default=None,
        ge=1,
        le=_LONGEST_INTERVAL,
        description="Longest wait between two polls. Without it, up to 10 s in the first 15 minutes, then 1/15 of the "
        "time waited. Not for the gateway, whose two loops have an interval of their own.",
        json_schema_extra=allowed(
            f"1 to {_LONGEST_INTERVAL}; large enough for at most {MOST_LOOKS} polls, and for "
            f"{MOST_EARLY_LOOKS} in the first 15 minutes"
        ),
    )
    timeout_seconds: int = Field(
        default=1800,
        ge=1,
        le=14400,
        description="Each polling loop (build, runtime, candidate, promotion, deletion) gives up after this time; "
        "those of the gateway after 600 s at most.",
        json_schema_extra=allowed("1 to 14400"),
    )

    @model_validator(mode="after")
    def _intervals_fit(self) -> Self:
        longest = self.max_interval_seconds
        if longest is None:
            return self
        if self.interval_seconds > longest:
            raise problem(
                "intervalSeconds", self.interval_seconds, f"at most maxIntervalSeconds ({longest})"
            )
        if not self._fits(longest):
            longer = range(longest, _LONGEST_INTERVAL + 1)
            least = longer[bisect.bisect_left(longer, True, key=self._fits)]
            raise problem(
                "maxIntervalSeconds",
                longest,
                f"at least {least} with timeoutSeconds {self.timeout_seconds}, or the execution's history overflows",
            )
        return self

    @property
    def leaves_room_for_a_canary(self) -> bool:
        """Whether the loops look so rarely that those of a canary fit into the history, too."""
        if self.max_interval_seconds is None:
            return self.timeout_seconds <= LONGEST_WITH_CANARY
        return sum(self._looks(self.max_interval_seconds)) <= MOST_LOOKS_WITH_CANARY

    def _fits(self, longest: int) -> bool:
        early, late = self._looks(longest)
        return early <= MOST_EARLY_LOOKS and early + late <= MOST_LOOKS

    def _looks(self, longest: int | None) -> tuple[int, int]:
        # A loop can wait for two things, one after the other. It looks most often if the gaps of the first do not grow.
        first = min(BOUNDED_UNTIL, self.timeout_seconds)
        bounds = Bounds(self.interval_seconds, longest)
        early = sum(1 for _ in islice(looks(first, [], bounds), MOST_EARLY_LOOKS + 1))
        late = islice(looks(self.timeout_seconds - first, [], bounds), MOST_LOOKS + 1)
        return early, sum(1 for _ in late)
