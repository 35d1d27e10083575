"""Moments as programs and people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def iso(seconds: float | None) -> str | None:
    """Return a moment, in seconds since the epoch, in UTC and ISO 8601; `None` stays."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_of(moment: datetime | None) -> str | None:
    """Return a moment as boto3 gives it in UTC and ISO 8601; `None` stays."""
    return None if moment is None else iso(moment.timestamp())


def readable(text: str | None) -> str:
    """Return a moment in ISO 8601 as people read it, such as `2026-11-27 02:45 UTC`; empty for `None`."""
    return "" if text is None else f"{_parsed(text):%Y-%m-%d %H:%M} UTC"


def in_words(text: str | None, now: float) -> str:
    """Return when an environment expires, such as `in 5 h` or `3 d ago`; empty for `None`.

    Args:
        text: The moment in ISO 8601.
        now: Seconds since the epoch.
    """
    if text is None:
        return ""
    left = _parsed(text).timestamp() - now
    span = duration(abs(left))
    return f"in {span}" if left > 0 else f"{span} ago"


def duration(seconds: float) -> str:
    """Return a duration in its largest unit, such as `5 h`."""
    size, unit = next((one for one in _UNITS if seconds >= one[0]), _UNITS[-1])
    return f"{round(seconds / size)} {unit}"


def _parsed(text: Any) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
