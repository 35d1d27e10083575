"""A quota of calls per second."""

from __future__ import annotations

from collections import deque

from local.agentcore.model.errors import throttled


class Rate:
    """Counts calls over the last second. Not safe between threads: the caller holds its own lock."""

    def __init__(self) -> None:
        self._moments: deque[float] = deque()

    def count(self, now: float, limit: int) -> None:
        """Count one call.

        Args:
            now: The time of the call, in seconds.
            limit: How many calls one second may have.

        Raises:
            ServiceError: ThrottlingException; the call is then not counted.
        """
        while self._moments and self._moments[0] <= now - 1.0:
            self._moments.popleft()
        if len(self._moments) >= limit:
            raise throttled()
        self._moments.append(now)
