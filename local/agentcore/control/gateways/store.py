"""The gateways of one account: look-up, identity and rates. They share the lock of the account's runtimes."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from local.agentcore.control.gateways.records import CHANGING, Gateway, Rule, Target
from local.agentcore.control.store import Store
from local.agentcore.model.errors import not_found, quota_exceeded, throttled
from local.agentcore.model.rate import Rate
from local.edge.operations import GATEWAY_PREFIX

_LOWER = string.ascii_lowercase + string.digits
_ANY = string.ascii_letters + string.digits


class GatewayStore:
    """Everything the control plane knows of gateways. Hold `using()` while reading or changing it.

    Args:
        account: The account's runtimes, with its clock, quotas and faults.
        endpoint_url: The local AWS, below which the gateways' addresses are.

    Attributes:
        account: The same.
        gateways: By id.
    """

    def __init__(self, account: Store, endpoint_url: str) -> None:
        self.account = account
        self.gateways: dict[str, Gateway] = {}
        self._endpoint_url = endpoint_url.rstrip("/")
        self._mutations = Rate()

    @contextmanager
    def using(self) -> Iterator[float]:
        """Lock the account, finish what is due, and yield the time now."""
        with self.account.using() as now:
            self._settle(now)
            yield now

    def tagged(self) -> Iterable[tuple[str, dict[str, str]]]:
        """Return ARN and tags of every gateway; the caller holds the account's lock."""
        self._settle(self.account.clock())
        return [(gateway.arn, gateway.tags) for gateway in self.gateways.values()]

    def identities(self) -> list[tuple[str, str, float]]:
        """Return name, ARN and time of creation of each gateway's workload identity; hold the account's lock."""
        return [
            (one.id, one.workload_identity_arn, one.created_at) for one in self.gateways.values()
        ]

    def count_mutation(self, now: float) -> None:
        """Count a create, update or delete against the rate of the account.

        Raises:
            ServiceError: ThrottlingException.
        """
        self._mutations.count(now, self.account.quotas.gateway_mutations_per_second)

    def check_target_operations(self) -> None:
        """Check that another target may start to change.

        Raises:
            ServiceError: ThrottlingException; which error the service gives is not documented.
        """
        changing = [
            target
            for gateway in self.gateways.values()
            for target in gateway.targets.values()
            if target.status in CHANGING
        ]
        if len(changing) >= self.account.quotas.gateway_target_operations:
            raise throttled()

    # --- look-up ---

    def gateway(self, gateway_id: str) -> Gateway:
        """Return a gateway.

        Raises:
            ServiceError: ResourceNotFoundException.
        """
        found = self.gateways.get(gateway_id)
        if found is None:
            raise not_found(f"Resource not found: no gateway has the id '{gateway_id}'.")
        return found

    def target(self, gateway: Gateway, target_id: str) -> Target:
        """Return a target of a gateway.

        Raises:
            ServiceError: ResourceNotFoundException.
        """
        found = gateway.targets.get(target_id)
        if found is None:
            raise not_found(f"Resource not found: '{gateway.id}' has no target '{target_id}'.")
        return found

    def add(self, gateway: Gateway) -> None:
        """Take a new gateway in.

        Raises:
            ServiceError: ServiceQuotaExceededException.
        """
        if len(self.gateways) >= self.account.quotas.gateways:
            raise quota_exceeded("The account has reached its limit of gateways.")
        self.gateways[gateway.id] = gateway

    def forget(self, gateway_id: str) -> None:
        """Remove a gateway; its name is free again. Its client tokens go as those of a runtime do."""
        self.gateways.pop(gateway_id, None)
        if self.account.readings["client-tokens"] == "forgotten":
            self.account.tokens.forget_runtime(gateway_id)

    def forget_target(self, gateway: Gateway, target: Target) -> None:
        """Remove a target; of its client tokens the same is true."""
        del gateway.targets[target.id]
        gateway.gone.append(target)
        if self.account.readings["client-tokens"] == "forgotten":
            self.account.tokens.forget_endpoint(gateway.id, target.name)

    def forget_rule(self, gateway: Gateway, rule: Rule) -> None:
        """Remove a rule; of its client tokens the same is true."""
        del gateway.rules[rule.id]
        gateway.gone_rules.append(rule)
        if self.account.readings["client-tokens"] == "forgotten":
            self.account.tokens.forget_endpoint(gateway.id, rule.scope)

    # --- identity ---

    @staticmethod
    def new_gateway_id(name: str) -> str:
        """Return an id; the model knows it in lower case only, whatever the name has."""
        return f"{name.lower()}-{_random(_LOWER)}"

    @staticmethod
    def new_target_id() -> str:
        """Return an id of a target."""
        return _random(_ANY)

    def url(self, gateway_id: str, protocol: str | None) -> str:
        """Return where a gateway is called; one of the protocol MCP has a path of its own (developer guide)."""
        url = f"{self._endpoint_url}{GATEWAY_PREFIX}{gateway_id}"
        return f"{url}/mcp" if protocol == "MCP" else url

    def _settle(self, now: float) -> None:
        for gateway in list(self.gateways.values()):
            gateway.settle(now)


def _random(alphabet: str) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(10))
