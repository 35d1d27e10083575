"""How a change of a target starts: at once from its configuration, or with a look at its server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.agentcore.control.gateways.changes import STATES, start_change
from local.agentcore.control.gateways.openapi.document import DocumentError
from local.agentcore.control.gateways.records import (
    MCP_SERVER,
    Catalog,
    Gateway,
    Target,
    kind_of,
)
from local.agentcore.control.gateways.store import GatewayStore
from local.agentcore.control.gateways.targets.schemas import Schemas
from local.agentcore.control.gateways.targets.synchronizing import Synchronizer
from local.agentcore.model.errors import invalid_field


class TargetChanges:
    """Starts changes.

    Args:
        store: The account's gateways.
        schemas: Reads documents.
        synchronizer: Reads the tools of MCP servers.
    """

    def __init__(self, store: GatewayStore, schemas: Schemas, synchronizer: Synchronizer) -> None:
        self._store = store
        self._schemas = schemas
        self._synchronizer = synchronizer

    def read(self, gateway: Gateway, request: dict[str, Any]) -> tuple[Catalog, str | None]:
        """Read what a target will offer. The caller holds no lock, since it may take a look into S3.

        Returns:
            What it will offer, and why its change will fail where the reading says that it is not refused.

        Raises:
            ServiceError: ValidationException that says what is wrong with a document.
        """
        kind = kind_of(request["targetConfiguration"])
        settings = request["targetConfiguration"][kind[0]][kind[1]]
        try:
            return self._schemas.catalog(gateway, kind, settings), None
        except DocumentError as error:
            if self._store.account.readings["unusable-schema"] == "failed":
                return Catalog(), str(error)
            raise invalid_field(f"targetConfiguration.{'.'.join(kind)}", str(error)) from None

    def begin(
        self,
        gateway: Gateway,
        target: Target,
        operation: str,
        reason: str | None,
        undo: Callable[[], None],
    ) -> None:
        """Start a change. The caller holds `GatewayStore.using()`.

        Args:
            gateway: The gateway.
            target: The target, which has its new members already.
            operation: The operation that starts it.
            reason: Why it will fail, if that is known.
            undo: What a failure does.
        """
        if synchronized(target) and reason is None:
            self._synchronizer.start(gateway, target, operation, STATES[operation[:6]], undo)
            return
        now = self._store.account.clock()
        if start_change(self._store, target, operation, now, None, reason) is not None:
            undo()


def synchronized(target: Target) -> bool:
    """Say whether the tools of a target are read from its server and kept."""
    own = target.kind == MCP_SERVER and not target.dynamic
    return own and target.settings.get("mcpToolSchema") is None
