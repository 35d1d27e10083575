"""The main navigation: one line for each section."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A section of the console.

    Attributes:
        path: The address of its first page; its other pages begin with it.
        key: The key of its name.
        local_only: Whether only the local AWS has it.
    """

    path: str
    key: str
    local_only: bool = False

    def holds(self, path: str) -> bool:
        """Whether a page is in the section."""
        if self.path == "/":
            return path == "/" or path.startswith("/environments/")
        return path == self.path or path.startswith(f"{self.path}/")


SECTIONS = (
    Section("/", "navigation.board"),
    Section("/executions", "navigation.executions"),
    Section("/start", "navigation.start"),
    Section("/calls", "navigation.calls", local_only=True),
    Section("/faults", "navigation.faults", local_only=True),
)
