"""Workload access tokens: who works (a workload identity), and for whom. Opaque to whoever holds one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
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
    """Issues tokens and reads them again. Nothing is stored: each is signed with a key of this process.

    Args:
        clock: Seconds since the epoch.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def issue(self, identity: str, user: str | None = None) -> str:
        """Return a new token."""
        claims = [identity, user, self._clock() + LIFE_SECONDS, secrets.token_hex(8)]
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
        return f"{body}.{self._signature(body)}"

    def read(self, token: str) -> Workload:
        """Return what a token stands for.

        Raises:
            ServiceError: UnauthorizedException for one that was not issued here or has expired; never with the token.
        """
        body, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            raise _refused("The workload access token is not valid.")
        try:
            identity, user, until, _ = json.loads(base64.urlsafe_b64decode(body))
        except (binascii.Error, ValueError):
            raise _refused("The workload access token is not valid.") from None
        if self._clock() >= until:
            raise _refused("The workload access token has expired.")
        return Workload(identity, user)

    def _signature(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), hashlib.sha256).hexdigest()


def _refused(message: str) -> ServiceError:
    return ServiceError("UnauthorizedException", message)
