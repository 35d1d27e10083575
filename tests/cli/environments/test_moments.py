"""Moments and durations in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cli.environments.moments import duration, in_words, iso, iso_of, readable

NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (5 * 3600 - 3, "5 h"),
        (3600 * 24 * 10, "10 d"),
    ],
)
def test_a_duration_has_its_largest_unit(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_a_moment_is_before_or_after_now() -> None:
    assert in_words(iso(NOW + 7200), NOW) == "in 2 h"
    assert in_words(iso(NOW - 180), NOW) == "3 min ago"
    assert in_words(None, NOW) == ""


def test_moments_are_in_utc() -> None:
    moment = datetime(2026, 11, 23, 2, 45, 10, tzinfo=UTC)
    assert iso_of(moment) == "2026-11-23T02:45:10Z"
    assert readable(iso_of(moment)) == "2026-11-23 02:45 UTC"
    assert (iso(None), iso_of(None), readable(None)) == (None, None, "")
