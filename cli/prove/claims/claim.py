"""One claim about the product, and how it is proved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cli.prove.proof import Proof


@dataclass(frozen=True)
class Claim:
    """A claim.

    Attributes:
        name: Its name, which is also the name of its recording.
        promise: What it says, in one sentence.
        prove: Does what proves it; what does not hold is noted with `Proof.expect`.
    """

    name: str
    promise: str
    prove: Callable[[Proof], None]
