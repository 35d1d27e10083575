"""What was tried, by kind of input: how many, how many ended in an unhandled error, how many were let through."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass

REQUIRED = {
    "lifecycle and fleet inputs, events": 20_000,
    "accepted inputs, carried to the services": 2_000,
    "tokens": 5_000,
    "zips": 2_000,
    "provider documents": 2_000,
    "agent and MCP answers": 5_000,
}
"""Every kind, and how many inputs of it `make fuzz` must try."""
INPUTS, ACCEPTED, TOKENS, ZIPS, PROVIDERS, ANSWERS = REQUIRED


class LetThrough(AssertionError):  # noqa: N818 - says what happened
    """Something passed that must be refused: by us, or by the service that gets it next."""


@dataclass
class Count:
    """The numbers of one kind."""

    tried: int = 0
    unhandled: int = 0
    let_through: int = 0
    seconds: float = 0.0


class Tally:
    """Counts by kind."""

    def __init__(self) -> None:
        self.counts: dict[str, Count] = {}

    @contextmanager
    def trying(self, kind: str) -> Iterator[None]:
        """Count one input of a kind, and how it ends."""
        count = self.counts.setdefault(kind, Count())
        began = time.perf_counter()
        count.tried += 1
        try:
            yield
        except LetThrough:
            count.let_through += 1
            raise
        except Exception:
            count.unhandled += 1
            raise
        finally:
            count.seconds += time.perf_counter() - began

    def numbers(self) -> dict[str, tuple[float, ...]]:
        """The counts in a form that a worker of pytest-xdist can send."""
        return {kind: astuple(count) for kind, count in self.counts.items()}

    def add(self, numbers: dict[str, tuple[float, ...]]) -> None:
        """Add the counts of a worker."""
        for kind, (tried, unhandled, let_through, seconds) in numbers.items():
            count = self.counts.setdefault(kind, Count())
            count.tried += int(tried)
            count.unhandled += int(unhandled)
            count.let_through += int(let_through)
            count.seconds += seconds

    def table(self) -> list[str]:
        """The table that `make fuzz` prints."""
        lines = [
            f"{'kind':44} {'tried':>7} {'unhandled':>9} {'let through':>11} {'seconds':>7}",
        ]
        for kind in REQUIRED:
            count = self.counts.get(kind, Count())
            lines.append(
                f"{kind:44} {count.tried:7} {count.unhandled:9} {count.let_through:11} "
                f"{count.seconds:7.0f}"
            )
        return lines

    def problems(self) -> list[str]:
        """Why the whole run fails: too few inputs of a kind, or an input that was not handled."""
        found = []
        for kind, required in REQUIRED.items():
            count = self.counts.get(kind, Count())
            if count.tried < required:
                found.append(f"{kind}: {count.tried} tried, {required} required")
            if count.unhandled or count.let_through:
                found.append(
                    f"{kind}: {count.unhandled} unhandled, {count.let_through} let through"
                )
        return found


TALLY = Tally()
