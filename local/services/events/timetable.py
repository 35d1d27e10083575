"""When `rate(…)`, `cron(…)` and `at(…)` are due.

The forms are those of the EventBridge Scheduler user guide, "Schedule types".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter

_RATE = re.compile(r"^rate\((\d+) (minute|hour|day)s?\)$")
_CRON = re.compile(r"^cron\((.+)\)$")
_AT = re.compile(r"^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$")


class ScheduleExpressionError(ValueError):
    """The text is not a schedule expression."""


def next_due(expression: str, after: datetime, timezone: str = "UTC") -> datetime | None:
    """Return the next time at which a schedule is due.

    Args:
        expression: `rate(5 minutes)`, `cron(0 3 * * ? *)` (minutes, hours, day of month, month,
            day of week, year) or `at(2026-01-31T08:00:00)`.
        after: A moment with a time zone; a rate counts from it.
        timezone: Time zone of `cron` and `at`.

    Returns:
        The moment in UTC, or `None` if there will be none.

    Raises:
        ScheduleExpressionError: For any other text, an unknown time zone, and a moment that no calendar has.
    """
    try:
        return _next_due(expression, after, ZoneInfo(timezone))
    except ScheduleExpressionError:
        raise
    except (ValueError, KeyError, OSError, OverflowError) as error:
        # ZoneInfo looks for a file: besides "no such key" it may find a folder, or a path that it does not want.
        raise ScheduleExpressionError(f"{expression} in {timezone}: {error}") from error


def _next_due(expression: str, after: datetime, zone: ZoneInfo) -> datetime | None:
    if found := _RATE.match(expression):
        count = int(found[1])
        if count == 0:
            raise ScheduleExpressionError(expression)
        return after + timedelta(**{f"{found[2]}s": count})
    if found := _AT.match(expression):
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=zone).astimezone(UTC)
        return moment if moment > after else None
    if found := _CRON.match(expression):
        return _next_cron(found[1], after, zone, expression)
    raise ScheduleExpressionError(expression)


def _next_cron(fields: str, after: datetime, zone: ZoneInfo, expression: str) -> datetime | None:
    parts = fields.split()
    if len(parts) != 6 or "?" not in (parts[2], parts[4]):
        raise ScheduleExpressionError(expression)
    minute, hour, day, month, weekday, year = (part.replace("?", "*") for part in parts)
    # AWS counts Sunday as 1, cron as 0; the number behind "#" or "/" is no day.
    weekday = re.sub(r"(?<![#/\d])\d", lambda day_: str(int(day_[0]) - 1), weekday)
    try:
        walk = croniter(f"{minute} {hour} {day} {month} {weekday} 0 {year}", after.astimezone(zone))
        moment: datetime = walk.get_next(datetime)
    except (ValueError, KeyError) as error:
        # croniter says "failed to find next date" when the years are over.
        if "failed to find next date" in str(error):
            return None
        raise ScheduleExpressionError(expression) from error
    return moment.astimezone(UTC)
