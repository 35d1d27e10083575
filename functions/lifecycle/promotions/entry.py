"""The list of the last promotions, as the record keeps it. `lifecycle.promotions.store` keeps the rest of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

MOST = 10
"""How many promotions are kept."""
SLOTS = MOST + 1
"""How many items they have: one more, so that a promotion never overwrites one that is still listed."""

By = Literal["provision", "rollback", "autoRollback"]


class Promoted(BaseModel):
    """One promotion.

    Attributes:
        version: The version that `live` was moved to.
        runtime_id: The runtime that it is a version of. The versions of another runtime have the same numbers.
        promoted_at: When, in UTC and ISO 8601.
        execution: ARN of the execution that did it.
        slot: Which of the environment's items has the rest of it.
        digest: Digest of that; an item with another one is not of this promotion.
        by: What the execution was asked to do; `autoRollback` for a verification that rolled back by itself.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        extra="ignore",
        frozen=True,
        defer_build=True,
    )

    version: str
    runtime_id: str
    promoted_at: str
    execution: str
    slot: int
    digest: str
    by: By = "provision"


def before(promotions: Sequence[Promoted], live: str) -> Promoted | None:
    """The newest promotion of another version than the live one; None when there is none."""
    return next((one for one in reversed(promotions) if one.version != live), None)


def of_version(promotions: Sequence[Promoted], version: str) -> Promoted | None:
    """The newest promotion of a version; None when the list has none."""
    return next((one for one in reversed(promotions) if one.version == version), None)


def free_slot(promotions: Sequence[Promoted]) -> int:
    """The slot for another promotion."""
    used = {one.slot for one in promotions}
    return next(slot for slot in range(SLOTS) if slot not in used)


def with_newest(promotions: Sequence[Promoted], newest: Promoted) -> list[Promoted]:
    """The list after another promotion: of its runtime alone, the newest last.

    A promotion of the version that was promoted last replaces that one.
    """
    kept = [one for one in promotions if one.runtime_id == newest.runtime_id]
    if kept and kept[-1].version == newest.version:
        kept.pop()
    return [*kept, newest][-MOST:]
