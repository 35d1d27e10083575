"""Access keys that the stack has issued, and to whom."""

from __future__ import annotations

import secrets
import string
import threading
import time
from dataclasses import dataclass, field
from typing import Literal

PrincipalKind = Literal["root", "function", "role", "service"]

_KEY_ALPHABET = string.ascii_uppercase + "234567"


@dataclass(frozen=True)
class Principal:
    """Who makes a call.

    Attributes:
        name: `root`, a function's logical id, a role's name, or a service such as `stepfunctions`.
        role_arn: The role the principal acts in; `None` for `root` and for services.
        kind: What sort of principal it is.
    """

    name: str
    role_arn: str | None
    kind: PrincipalKind


@dataclass(frozen=True)
class Credentials:
    """One set of access keys; the secrets are left out of `repr`.

    Attributes:
        access_key_id: The key's id.
        secret_access_key: What its owner signs with.
        session_token: What its owner sends along; `None` for long-lived keys.
        principal: Whose key it is.
        expires_at: When it expires, in seconds since the epoch; `None` if it does not.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False)
    principal: Principal
    expires_at: float | None = None

    def environment(self) -> dict[str, str]:
        """Return the environment variables every AWS SDK reads its credentials from."""
        variables = {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
        }
        if self.session_token is not None:
            variables["AWS_SESSION_TOKEN"] = self.session_token
        return variables


class CredentialStore:
    """Every access key of one local AWS. Kept in memory only; safe between threads."""

    def __init__(self) -> None:
        self._by_key: dict[str, Credentials] = {}
        self._lock = threading.Lock()

    def issue(self, principal: Principal, seconds: float | None = None) -> Credentials:
        """Make new keys for a principal.

        Args:
            principal: Whom the keys belong to.
            seconds: How long they are good for; without it they do not expire.

        Returns:
            Long-lived keys (`AKIA…`, no session token) for `root`, and keys with a session token
            (`ASIA…`) for everyone else, as AWS STS gives them to roles.
        """
        long_lived = principal.kind == "root"
        identifier = "".join(secrets.choice(_KEY_ALPHABET) for _ in range(16))
        return self.add(
            Credentials(
                access_key_id=("AKIA" if long_lived else "ASIA") + identifier,
                secret_access_key=secrets.token_urlsafe(30),
                session_token=None if long_lived else secrets.token_urlsafe(48),
                principal=principal,
                expires_at=None if seconds is None else time.time() + seconds,
            )
        )

    def add(self, credentials: Credentials) -> Credentials:
        """Make keys known that were chosen elsewhere, and return them."""
        with self._lock:
            self._by_key[credentials.access_key_id] = credentials
        return credentials

    def find(self, access_key_id: str) -> Credentials | None:
        """Return the credentials with this access key, or `None` if it was never issued."""
        with self._lock:
            return self._by_key.get(access_key_id)
