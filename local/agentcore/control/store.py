"""The runtimes of one account: look-up, identity, rates and faults."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from local.agentcore.control.client_tokens import ClientTokens
from local.agentcore.control.records import Endpoint, Runtime, Version
from local.agentcore.model.errors import not_found
from local.agentcore.model.rate import Rate
from local.agentcore.settings import Clock, Delays, Quotas
from local.edge.faults import FaultPlan
from local.readings import Readings

SERVICE = "bedrock-agentcore-control"
_ALPHABET = string.ascii_letters + string.digits


@dataclass
class Store:
    """Everything the control plane knows. Hold `using()` while reading or changing it.

    Attributes:
        region: Region of every ARN.
        account_id: Account of every ARN.
        clock: Seconds since the epoch.
        tokens: The client tokens of earlier requests.
        readings: What to play where the service's behaviour is not known.
        serves: Called with the id of a runtime when its endpoint DEFAULT serves another version; must not wait.
    """

    region: str
    account_id: str
    delays: Delays
    quotas: Quotas
    faults: FaultPlan
    clock: Clock
    readings: Readings = field(default_factory=Readings)
    serves: Callable[[str], None] = lambda _runtime_id: None
    runtimes: dict[str, Runtime] = field(default_factory=dict)
    tokens: ClientTokens = field(default_factory=ClientTokens)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _mutations: Rate = field(default_factory=Rate)

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
        self._mutations.count(now, self.quotas.control_mutations_per_second)

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
        """Remove a runtime; its name is free again. Whether its client tokens still count is not known."""
        self.runtimes.pop(runtime_id, None)
        if self.readings["client-tokens"] == "forgotten":
            self.tokens.forget_runtime(runtime_id)

    def forget_endpoint(self, runtime: Runtime, name: str) -> None:
        """Remove an endpoint; of its client tokens the same is true."""
        del runtime.endpoints[name]
        if self.readings["client-tokens"] == "forgotten":
            self.tokens.forget_endpoint(runtime.id, name)

    # --- identity ---

    def new_id(self, name: str) -> str:
        """Return `{name}-{10 letters and digits}`."""
        return f"{name}-{''.join(secrets.choice(_ALPHABET) for _ in range(10))}"

    def arn(self, resource: str) -> str:
        """Return the ARN of a resource such as `runtime/{id}`."""
        return f"arn:aws:bedrock-agentcore:{self.region}:{self.account_id}:{resource}"

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
