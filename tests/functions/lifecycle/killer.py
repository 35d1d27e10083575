"""Ends a function's process, as seen from its code, right after an AWS call took effect."""

from __future__ import annotations


class Killed(BaseException):
    """The process ends here. It is no Exception, so that no code under test catches it."""


class Killer:
    """Counts AWS calls and raises `Killed` after the one that it is set to."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.after: int | None = None

    def count(self, operation: str) -> None:
        self.calls.append(operation)
        if self.after is not None and len(self.calls) == self.after:
            self.after = None
            raise Killed(operation)

    def start(self, after: int | None = None) -> None:
        """Count from zero; with `after`, raise once that many calls took effect."""
        self.calls, self.after = [], after
