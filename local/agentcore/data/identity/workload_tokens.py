"""Workload access tokens: who works (a workload identity), and for whom. Opaque to whoever holds one."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass

from local.agentcore.model.errors import ServiceError
from local.agentcore.settings import Clock

LIFE_SECONDS = 3600
"""How long a token is good for. How long in AWS is not documented."""


@dataclass(frozen=True)
class Workload:
    """What a token stands for.

    Attributes:
        identity: Name of the workload identity.
        user: The user that it works for; `None` without one.
    """

    identity: str
    user: str | None


class WorkloadTokens:
    """Issues tokens and reads them again. A token says nothing by itself: not even the user's name is in it.

    Args:
        clock: Seconds since the epoch.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._issued: dict[str, tuple[Workload, float]] = {}

    def issue(self, identity: str, user: str | None = None) -> str:
        """Return a new token."""
        now, token = self._clock(), secrets.token_urlsafe(48)
        with self._lock:
            # The oldest are first, since each is good for as long.
            while self._issued and now >= self._issued[oldest := next(iter(self._issued))][1]:
                del self._issued[oldest]
            self._issued[token] = Workload(identity, user), now + LIFE_SECONDS
        return token

    def read(self, token: str) -> Workload:
        """Return what a token stands for.

        Raises:
            ServiceError: UnauthorizedException for one that was not issued here or has expired; never with the token.
        """
        with self._lock:
            found = self._issued.get(token)
        if found is None:
            raise _refused("The workload access token is not valid.")
        workload, until = found
        if self._clock() >= until:
            raise _refused("The workload access token has expired.")
        return workload


def _refused(message: str) -> ServiceError:
    return ServiceError("UnauthorizedException", message)
