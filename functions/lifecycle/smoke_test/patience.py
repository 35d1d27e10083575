"""One time limit for the whole smoke test, and pauses with jitter between tries.

Every call of the smoke test, and the match of the answer, gets what is left of this limit or less.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 5.0
# A try that is cut off sooner says only that there was no answer, and hides what the one before it said.
_SHORTEST_TRY = 1.0
_RANDOM = random.SystemRandom()


class Patience:
    """A time limit.

    Args:
        seconds: How long all tries together may take.
        sleep: Waits for a number of seconds; a test passes its own.
    """

    def __init__(self, seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self.seconds = seconds
        self._sleep = sleep
        self._ends = time.monotonic() + seconds

    def for_one_try(self, at_most: float = float("inf")) -> float:
        """How many seconds the next try may take; 0 when there is no time left."""
        return max(0.0, min(at_most, self._ends - time.monotonic()))

    def wait(self, tries: int) -> bool:
        """Pause before the next try.

        Args:
            tries: How many tries there were.

        Returns:
            False, without a pause, when there is no time for another try.
        """
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(tries, 10))
        pause = _RANDOM.uniform(_FIRST_PAUSE / 2, longest)
        if time.monotonic() + pause + _SHORTEST_TRY > self._ends:
            return False
        self._sleep(pause)
        return True
