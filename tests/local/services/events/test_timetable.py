"""When schedules are due."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from local.services.events.timetable import ScheduleExpressionError, next_due

# A Thursday.
NOW = datetime(2026, 1, 15, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("rate(1 hour)", "2026-01-15T13:30"),
        ("rate(5 minutes)", "2026-01-15T12:35"),
        ("rate(1 day)", "2026-01-16T12:30"),
        ("cron(0 3 * * ? *)", "2026-01-16T03:00"),
        ("cron(0/15 * * * ? *)", "2026-01-15T12:45"),
        ("cron(0 10 ? * MON-FRI *)", "2026-01-16T10:00"),
        ("cron(0 10 ? * 1 *)", "2026-01-18T10:00"),
        ("cron(0 10 ? * 2-6 *)", "2026-01-16T10:00"),
        ("cron(0 18 L * ? *)", "2026-01-31T18:00"),
        ("cron(0 0 1 1 ? 2028)", "2028-01-01T00:00"),
        ("at(2026-01-15T13:00:00)", "2026-01-15T13:00"),
    ],
)
def test_the_next_moment(expression: str, due: str) -> None:
    assert next_due(expression, NOW) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize("expression", ["at(2026-01-15T12:30:00)", "cron(0 0 1 1 ? 2020)"])
def test_what_is_over_is_never_due(expression: str) -> None:
    assert next_due(expression, NOW) is None


def test_a_time_zone_counts() -> None:
    due = next_due("cron(0 9 * * ? *)", NOW, "Asia/Tokyo")
    assert due == datetime(2026, 1, 16, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    ["rate(0 minutes)", "rate(5 weeks)", "cron(0 3 * * *)", "cron(0 3 * * * *)", "daily", "at(x)"],
)
def test_other_texts_are_refused(expression: str) -> None:
    with pytest.raises(ScheduleExpressionError):
        next_due(expression, NOW)


@pytest.mark.parametrize(
    "expression",
    [
        "at(2026-13-45T00:00:00)",
        "at(2026-02-30T00:00:00)",
        "at(0001-01-01T00:00:00)",
        "rate(99999999999999 days)",
        "cron(0 3 * * ?#9 *)",
        "cron(61 3 * * ? *)",
    ],
)
def test_moments_that_no_calendar_has_are_refused(expression: str) -> None:
    with pytest.raises(ScheduleExpressionError):
        next_due(expression, NOW, "Asia/Tokyo")


@pytest.mark.parametrize("timezone", ["Mars/Phobos", "America", "../UTC", "", "/etc/localtime"])
@pytest.mark.parametrize("expression", ["rate(1 hour)", "cron(0 3 * * ? *)"])
def test_a_time_zone_that_is_none_is_refused(expression: str, timezone: str) -> None:
    with pytest.raises(ScheduleExpressionError):
        next_due(expression, NOW, timezone)
