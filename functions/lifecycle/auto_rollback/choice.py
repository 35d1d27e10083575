"""Which version an automatic rollback goes back to, and when it goes to none.

Three rules keep `live` from going to and fro:

- Nothing is rolled back twice in a row by itself: if an automatic rollback brought the version of `live`, somebody must
  promote another version before the next one.
- Never to a version that `live` was taken away from by a rollback, automatic or not.
- Never to a version that failed on `candidate` since the version of `live` last passed.
"""

from __future__ import annotations

from itertools import pairwise

from lifecycle.promotions.entry import Promoted
from lifecycle.record import Record


class NoWayBackError(Exception):
    """There is no version to go back to. The message says why and what to do."""


def version_before(record: Record) -> tuple[str, str]:
    """Choose the version.

    Args:
        record: The environment's record, after the verification of `live` failed.

    Returns:
        The version that `live` serves, and the one to go back to.

    Raises:
        NoWayBackError: There is none.
    """
    runtime = record.runtime
    if runtime is None or runtime.live_version is None:
        raise NoWayBackError("the environment has no endpoint live")
    live = runtime.live_version
    promotions = [one for one in record.promotions if one.runtime_id == runtime.id]
    if promotions and promotions[-1].version == live and promotions[-1].by == "autoRollback":
        raise NoWayBackError(
            f"an automatic rollback brought version {live}, and nothing is rolled back twice in a row by itself; "
            "provision, or roll back to a version that you name"
        )
    excluded = _left(promotions) | {*runtime.failed_candidates, live}
    for one in reversed(promotions):
        if one.version not in excluded:
            return live, one.version
    raise NoWayBackError(
        "the record has no earlier version that was neither rolled back nor failed; provision what you want instead"
    )


def _left(promotions: list[Promoted]) -> set[str]:
    """The versions that `live` was last taken away from by a rollback."""
    left: set[str] = set()
    for came, goes in pairwise(promotions):
        left.discard(goes.version)
        if goes.by != "provision":
            left.add(came.version)
    return left
