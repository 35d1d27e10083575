"""What the output says of a canary."""

from __future__ import annotations

from pydantic import Field

from lifecycle.entry import Wire


class CanaryStep(Wire):
    """What was seen at one step.

    Attributes:
        weight: The share of the calls that went to the version, in percent.
        seconds: How long the step took before it was judged.
        calls: How many calls the gateway's metrics show for the whole minutes of the step.
        errors: How many of them failed (4xx but 429, and 5xx).
        judged: Whether there were enough calls to judge by.
        told: What follows from the calls, on one line.
        cases: How many questions were asked of the version through the gateway; all of them passed.
    """

    weight: int
    seconds: int
    calls: int
    errors: int
    judged: bool
    told: str
    cases: int


class CanaryReport(Wire):
    """The canary, as the output shows it.

    Attributes:
        version: The version that was tried; null when none was.
        live_version: The version that had the other calls; null likewise.
        direct: Why the version was promoted directly; null when it was tried.
        steps: The steps that it passed.
    """

    version: str | None = None
    live_version: str | None = None
    direct: str | None = None
    steps: list[CanaryStep] = Field(default_factory=list)
