"""Which version an automatic rollback goes back to: never twice in a row, never to what was left or failed."""

from __future__ import annotations

import pytest

from lifecycle.auto_rollback.choice import NoWayBackError, version_before
from lifecycle.promotions.entry import By, Promoted
from lifecycle.record import Record
from lifecycle.sections.runtime import RuntimeRecord

BY: dict[str, By] = {"p": "provision", "r": "rollback", "a": "autoRollback"}


def record(*promotions: str, live: str | None = None, failed: tuple[str, ...] = ()) -> Record:
    """A record; a promotion is a version and what promoted it, such as `2r`."""
    made = [
        Promoted(
            version=text[:-1],
            runtime_id="r",
            promoted_at="",
            execution="e",
            slot=slot,
            digest="",
            by=BY[text[-1]],
        )
        for slot, text in enumerate(promotions)
    ]
    serves = live or (promotions[-1][:-1] if promotions else None)
    runtime = RuntimeRecord(name="n", id="r", live_version=serves, failed_candidates=[*failed])
    return Record(environment="dev", runtime=runtime, promotions=made)


@pytest.mark.parametrize(
    ("promotions", "failed", "goes"),
    [
        (("1p", "2p"), (), "1"),
        (("1p", "2p", "3p"), (), "2"),
        # What failed on the candidate since then is passed over.
        (("1p", "2p", "3p"), ("2",), "1"),
        # A person left 3 for 2: 3 is no way back.
        (("1p", "2p", "3p", "2r"), (), "1"),
        (("1p", "2p", "3p", "1r", "4p"), (), "1"),
        # 4 was made anew of 2 by a rollback from 3.
        (("1p", "2p", "3p", "4r"), (), "2"),
        # An automatic rollback left 3, and somebody has promoted 4 since.
        (("1p", "2p", "3p", "2a", "4p"), (), "2"),
        # 2 was left, and is live again because somebody wanted it.
        (("1p", "2p", "1r", "2p", "3p"), (), "2"),
    ],
)
def test_the_version_before(
    promotions: tuple[str, ...], failed: tuple[str, ...], goes: str
) -> None:
    found = record(*promotions, failed=failed)
    assert version_before(found) == (promotions[-1][:-1], goes)


@pytest.mark.parametrize(
    ("promotions", "failed", "why"),
    [
        (("1p", "2p", "3p", "2a"), (), "nothing is rolled back twice in a row by itself"),
        (("1p",), (), "no earlier version"),
        (("1p", "2p"), ("1",), "no earlier version that was neither rolled back nor failed"),
        (("1p", "2p", "1r"), (), "no earlier version"),
        ((), (), "no endpoint live"),
    ],
)
def test_no_way_back(promotions: tuple[str, ...], failed: tuple[str, ...], why: str) -> None:
    with pytest.raises(NoWayBackError, match=why):
        version_before(record(*promotions, failed=failed))


def test_another_runtimes_versions_are_others() -> None:
    found = record("1p", "2p")
    assert found.runtime is not None
    found.runtime.id = "another"
    with pytest.raises(NoWayBackError):
        version_before(found)


def test_nothing_goes_back_to_what_was_left_however_often_it_happens() -> None:
    history: list[str] = ["1p", "2p", "3p", "4p"]
    left: set[str] = set()
    for new in range(5, 40):
        live, goes = version_before(record(*history[-10:]))
        assert goes not in left
        left.add(live)
        history += [f"{goes}a", f"{new}p"]
    assert len(left) == 35
