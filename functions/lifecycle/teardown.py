"""The result of each stage that removes something: what was removed, what stays and why, what was looked for."""

from __future__ import annotations

from pydantic import Field

from lifecycle.entry import Wire
from lifecycle.record import Removal


class Kept(Wire):
    """Something that stays."""

    resource: str
    reason: str


class Teardown(Wire):
    """What `delete_runtime`, `delete_identity` and `delete_artifact` return.

    Attributes:
        done: True when nothing is left. Until then, the state machine calls the stage again.
        removed: What this execution has removed so far.
        would_remove: For a dry run: what would be removed.
        kept: What stays, and why.
        looked_for: What was looked for, whether it was found or not.
    """

    done: bool
    removed: list[str] = Field(default_factory=list)
    would_remove: list[str] = Field(default_factory=list)
    kept: list[Kept] = Field(default_factory=list)
    looked_for: list[str] = Field(default_factory=list)


def removal_of(removal: Removal | None, execution: str) -> Removal:
    """What this execution has removed so far, without what earlier executions removed."""
    if removal is not None and removal.execution == execution:
        return removal
    return Removal(execution=execution)
