"""Client tokens: a request that comes again with its token gets the result of the first."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from local.agentcore.model.errors import token_mismatch


@dataclass
class _Token:
    """What a client token was used for: the request's digest, what came out of it, and what was answered."""

    digest: str
    runtime_id: str
    result: str
    answer: dict[str, Any]


class ClientTokens:
    """The client tokens of an account's requests; the store's lock guards them."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str, str], _Token] = {}

    def replayed(self, operation: str, scope: str, request: dict[str, Any]) -> str | None:
        """Return the result of the same request with the same client token, if there was one.

        Args:
            operation: The operation's name.
            scope: What the token is unique in: the account (empty), a runtime, or an endpoint.
            request: The request's members.

        Raises:
            ServiceError: ValidationException (IdempotentParameterMismatchException) when the token
                came with another request.
        """
        token = self._tokens.get((operation, scope, str(request.get("clientToken"))))
        if token is None or request.get("clientToken") is None:
            return None
        if token.digest != _digest(request):
            raise token_mismatch()
        return token.result

    def first_answer(self, operation: str, scope: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return what was answered to the same request, whose result is gone (see the reading `client-tokens`)."""
        return self._tokens[operation, scope, str(request["clientToken"])].answer

    def remember(
        self,
        operation: str,
        scope: str,
        request: dict[str, Any],
        runtime_id: str,
        result: str,
        answer: dict[str, Any] | None = None,
    ) -> None:
        """Keep the result of a request for its client token.

        Args:
            operation: The operation's name.
            scope: What the token is unique in.
            request: The request's members.
            runtime_id: The runtime.
            result: What came out of it.
            answer: What was answered, if it is answered again after the result is gone.
        """
        if request.get("clientToken") is not None:
            key = (operation, scope, str(request["clientToken"]))
            self._tokens[key] = _Token(_digest(request), runtime_id, result, answer or {})

    def forget_runtime(self, runtime_id: str) -> None:
        """Forget the client tokens of a runtime that is gone."""
        self._tokens = {k: t for k, t in self._tokens.items() if t.runtime_id != runtime_id}

    def forget_endpoint(self, runtime_id: str, name: str) -> None:
        """Forget the client tokens of an endpoint that is gone."""
        scope = f"{runtime_id}/{name}"
        self._tokens = {k: t for k, t in self._tokens.items() if k[1] != scope}


def _digest(request: dict[str, Any]) -> str:
    members = {name: value for name, value in request.items() if name != "clientToken"}
    return hashlib.sha256(json.dumps(members, sort_keys=True).encode()).hexdigest()
