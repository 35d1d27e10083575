"""The reading `tags-visible=late`: tags of a new resource count for IAM only after some seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from local.edge.iam.authorization import TagsOf
from local.readings import Readings

LATE_SECONDS = 3.0


class LateTags:
    """Returns a resource's tags: at once, or some seconds after IAM has first asked for them.

    Args:
        tags_of: Returns the tags that a resource has.
        readings: Says which of the two is played.
        clock: Seconds, for tests.
    """

    def __init__(
        self, tags_of: TagsOf, readings: Readings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tags_of = tags_of
        self._readings = readings
        self._clock = clock
        self._asked: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, arn: str) -> Mapping[str, str]:
        """Return the tags that count now, by the resource's ARN."""
        tags = self._tags_of(arn)
        if self._readings["tags-visible"] == "at-once" or not tags:
            return tags
        now = self._clock()
        with self._lock:
            first = self._asked.setdefault(arn, now)
        return tags if now - first >= LATE_SECONDS else {}
