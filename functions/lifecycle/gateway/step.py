"""What a call has begun or found under way, which the next call looks at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """What is waited for.

    Attributes:
        what: Which thing.
        status: Its status.
    """

    what: str
    status: str
