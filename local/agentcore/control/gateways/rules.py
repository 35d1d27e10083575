"""ListGatewayRules. No gateway has rules here, because `CreateGatewayRule` is not served."""

from __future__ import annotations

from typing import Any

from local.agentcore.control.gateways.store import GatewayStore
from local.agentcore.model.app import Handler


class RuleOperations:
    """ListGatewayRules.

    Args:
        store: The account's gateways.
    """

    def __init__(self, store: GatewayStore) -> None:
        self._store = store

    @property
    def handlers(self) -> dict[str, Handler]:
        """Each operation's handler, by its name."""
        return {"ListGatewayRules": self.list_rules}

    def list_rules(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListGatewayRules."""
        with self._store.using():
            self._store.gateway(request["gatewayIdentifier"])
        return {"gatewayRules": []}
