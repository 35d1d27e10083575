"""The runtimes of one account: look-up, identity, idempotency, pages, rates and faults."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import string
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from local.agentcore.control.records import Endpoint, Runtime, Version
from local.agentcore.model.errors import invalid_field, not_found, throttled, token_mismatch
from local.agentcore.settings import Clock, Delays, Quotas
from local.edge.faults import FaultPlan
from local.readings import Readings

SERVICE = "bedrock-agentcore-control"
_ALPHABET = string.ascii_letters + string.digits
T = TypeVar("T")


@dataclass
class _Token:
    """What a client token was used for: the request's digest, and what came out of it."""

    digest: str
    runtime_id: str
    result: str


@dataclass
class Store:
    """Everything the control plane knows. Hold `using()` while reading or changing it.

    Attributes:
        region: Region of every ARN.
        account_id: Account of every ARN.
        clock: Seconds since the epoch.
        readings: What to play where the service's behaviour is not known.
    """

    region: str
    account_id: str
    delays: Delays
    quotas: Quotas
    faults: FaultPlan
    clock: Clock
    readings: Readings = field(default_factory=Readings)
    runtimes: dict[str, Runtime] = field(default_factory=dict)
    _tokens: dict[tuple[str, str, str], _Token] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _mutations: deque[float] = field(default_factory=deque)

    @contextmanager
    def using(self) -> Iterator[float]:
        """Lock the store, finish what is due, and yield the time now."""
        with self._lock:
            now = self.clock()
            for runtime in list(self.runtimes.values()):
                runtime.settle(now)
            yield now

    def count_mutation(self, now: float) -> None:
        """Count a create, update or delete against the rate of the account.

        Raises:
            ServiceError: ThrottlingException.
        """
        while self._mutations and self._mutations[0] <= now - 1.0:
            self._mutations.popleft()
        if len(self._mutations) >= self.quotas.control_mutations_per_second:
            raise throttled()
        self._mutations.append(now)

    # --- look-up ---

    def runtime(self, runtime_id: str) -> Runtime:
        """Return a runtime.

        Raises:
            ServiceError: ResourceNotFoundException.
        """
        found = self.runtimes.get(runtime_id)
        if found is None:
            raise not_found(f"Resource not found: no agent runtime has the id '{runtime_id}'.")
        return found

    def version(self, runtime: Runtime, number: str) -> Version:
        """Return a version of a runtime.

        Raises:
            ServiceError: ResourceNotFoundException.
        """
        found = runtime.versions.get(number)
        if found is None:
            raise not_found(f"Resource not found: '{runtime.id}' has no version {number}.")
        return found

    def endpoint(self, runtime: Runtime, name: str) -> Endpoint:
        """Return an endpoint of a runtime.

        Raises:
            ServiceError: ResourceNotFoundException.
        """
        found = runtime.endpoints.get(name)
        if found is None:
            raise not_found(f"Resource not found: '{runtime.id}' has no endpoint '{name}'.")
        return found

    def forget(self, runtime_id: str) -> None:
        """Remove a runtime and the client tokens that made it: its name is free again."""
        self.runtimes.pop(runtime_id, None)
        self._tokens = {k: t for k, t in self._tokens.items() if t.runtime_id != runtime_id}

    def forget_endpoint(self, runtime_id: str, name: str) -> None:
        """Forget the client tokens of an endpoint that is gone."""
        scope = f"{runtime_id}/{name}"
        self._tokens = {k: t for k, t in self._tokens.items() if k[1] != scope}

    # --- identity ---

    def new_id(self, name: str) -> str:
        """Return `{name}-{10 letters and digits}`."""
        return f"{name}-{''.join(secrets.choice(_ALPHABET) for _ in range(10))}"

    def arn(self, resource: str) -> str:
        """Return the ARN of a resource such as `runtime/{id}`."""
        return f"arn:aws:bedrock-agentcore:{self.region}:{self.account_id}:{resource}"

    # --- idempotency ---

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

    def remember(
        self, operation: str, scope: str, request: dict[str, Any], runtime_id: str, result: str
    ) -> None:
        """Keep the result of a request for its client token, as long as the runtime exists."""
        if request.get("clientToken") is not None:
            key = (operation, scope, str(request["clientToken"]))
            self._tokens[key] = _Token(_digest(request), runtime_id, result)

    # --- states ---

    def outcome(self, operation: str, seconds: float) -> tuple[float, str | None]:
        """Ask the fault plan how a change that starts now is to go.

        Args:
            operation: The operation that starts it.
            seconds: How long it takes without a fault.

        Returns:
            How long it takes, and why it fails (`None` if it does not).
        """
        delayed = self.faults.take(SERVICE, operation, {"delayedState"})
        failed = self.faults.take(SERVICE, operation, {"failureState"})
        reason = (failed.reason or f"{operation} was told to fail.") if failed else None
        return seconds + ((delayed.seconds or 0.0) if delayed else 0.0), reason

    # --- pages ---

    def page(
        self, items: Sequence[T], request: dict[str, Any], key: Callable[[T], str]
    ) -> tuple[list[T], str | None]:
        """Cut one page out of a list.

        Args:
            items: The whole list, in its order.
            request: Members `maxResults` (default 100) and `nextToken`.
            key: Names an item; a token names the last item of its page.

        Returns:
            The page, and the token of the next one if there is more.

        Raises:
            ServiceError: ValidationException for a token that is not ours.
        """
        size = int(request.get("maxResults", 100))
        start = 0
        if request.get("nextToken") is not None:
            last = _read_page_token(request["nextToken"])
            start = next((i + 1 for i, item in enumerate(items) if key(item) == last), len(items))
        page = list(items[start : start + size])
        more = start + size < len(items)
        return page, _page_token(key(page[-1])) if more else None


def _digest(request: dict[str, Any]) -> str:
    members = {name: value for name, value in request.items() if name != "clientToken"}
    return hashlib.sha256(json.dumps(members, sort_keys=True).encode()).hexdigest()


def _page_token(key: str) -> str:
    return base64.urlsafe_b64encode(json.dumps({"after": key}).encode()).decode()


def _read_page_token(token: str) -> str:
    try:
        return str(json.loads(base64.urlsafe_b64decode(token.encode()))["after"])
    except (ValueError, KeyError, TypeError) as error:
        raise invalid_field("nextToken", "The token is not one of this list.") from error
