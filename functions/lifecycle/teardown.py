"""What every removing stage answers: what went, what stays and why, what was looked for."""

from __future__ import annotations

from pydantic import Field

from lifecycle.entry import Wire
from lifecycle.record import Removal


class Kept(Wire):
    """Something that stays."""

    resource: str
    reason: str


class Teardown(Wire):
    """What `delete_runtime`, `delete_identity` and `delete_artifact` answer.

    Attributes:
        done: Nothing is left; when false, the stage is called again.
        removed: What this execution has removed so far.
        would_remove: For a dry run: what would be removed.
        kept: What stays, and why.
        looked_for: What was looked for, found or not.
    """

    done: bool
    removed: list[str] = Field(default_factory=list)
    would_remove: list[str] = Field(default_factory=list)
    kept: list[Kept] = Field(default_factory=list)
    looked_for: list[str] = Field(default_factory=list)


def removal_of(removal: Removal | None, execution: str) -> Removal:
    """What this execution has removed so far; what an earlier one removed is its own to tell."""
    if removal is not None and removal.execution == execution:
        return removal
    return Removal(execution=execution)
