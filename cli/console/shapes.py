"""How moments and durations read on a page, in the reader's language."""

from __future__ import annotations

import time
from datetime import datetime

from markupsafe import Markup

from cli.console.words.texts import Texts

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


class Shapes:
    """The shapes in one language; templates know it as `shape`."""

    def __init__(self, words: Texts) -> None:
        self._words = words

    def moment(self, iso: str | None) -> Markup:
        """Return a moment in ISO 8601 as a `time` element: UTC, to the minute; its title has the seconds, too."""
        if not iso:
            return Markup()
        at = _parsed(iso)
        return Markup('<time datetime="{}" title="{} ({})">{}</time>').format(
            iso, f"{at:%Y-%m-%d %H:%M:%S} UTC", self._away(at), f"{at:%Y-%m-%d %H:%M} UTC"
        )

    def away(self, iso: str | None) -> Markup:
        """Return a moment in ISO 8601 as a `time` element that says how long ago it was, or in how long it will be."""
        if not iso:
            return Markup()
        at = _parsed(iso)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            iso, f"{at:%Y-%m-%d %H:%M:%S} UTC", self._away(at)
        )

    def duration(self, seconds: float | None) -> str:
        """Return a duration in its two largest units, such as `4 min 12 s`; below a minute with a decimal."""
        if seconds is None:
            return ""
        if seconds < 60:
            return self._words("unit.second", number=f"{max(seconds, 0):.1f}")
        left, told = int(seconds), []
        for size, unit in _UNITS:
            if left >= size:
                told.append(self._words(f"unit.{unit}", number=left // size))
                left %= size
        return " ".join(told[:2])

    def _away(self, at: datetime) -> str:
        left = at.timestamp() - time.time()
        size, unit = next((one for one in _UNITS if abs(left) >= one[0]), _UNITS[-1])
        span = self._words(f"unit.{unit}", number=int(abs(left) // size))
        return self._words("time.in" if left > 0 else "time.ago", span=span)


def _parsed(iso: str) -> datetime:
    return datetime.fromisoformat(iso.replace("Z", "+00:00"))
