"""Changes of gateways and targets that take time: how each starts, and what is true when it ends.

The caller holds `GatewayStore.using()`.
"""

from __future__ import annotations

from collections.abc import Callable

from local.agentcore.control.gateways.records import CHANGING, HTTP_RUNTIME, Gateway, Target
from local.agentcore.control.gateways.store import GatewayStore
from local.agentcore.control.records import DEFAULT, Change
from local.agentcore.model.errors import conflict

STATES = {
    "Create": ("CREATING", "FAILED"),
    "Update": ("UPDATING", "UPDATE_UNSUCCESSFUL"),
    "Delete": ("DELETING", "FAILED"),
    "Synchr": ("SYNCHRONIZING", "SYNCHRONIZE_UNSUCCESSFUL"),
}
"""The state during a change, and after one that failed, by the first letters of the operation."""


def start_change(
    store: GatewayStore,
    record: Gateway | Target,
    operation: str,
    now: float,
    end: Callable[[], object] | None = None,
    known: str | None = None,
) -> str | None:
    """Start a change of a gateway or a target.

    Args:
        store: The account's gateways.
        record: What changes; an update has its new members already.
        operation: The operation that starts it, such as `CreateGateway`.
        now: The time now.
        end: What else happens at the end, if it succeeds.
        known: Why it will fail, if that is known already.

    Returns:
        Why it will fail; `None` if it will not.
    """
    account = store.account
    seconds, reason = account.outcome(operation, account.delays.gateway)
    if isinstance(record, Target) and operation != "DeleteGatewayTarget":
        reason = reason or known or _unreachable(store, record)
    busy, failed = STATES[operation[:6]]

    def arrive() -> None:
        if end is not None and reason is None:
            end()

    record.start(busy, now, Change(now + seconds, failed if reason else "READY", reason, arrive))
    return reason


def check_idle(record: Gateway | Target) -> None:
    """Check that no change is under way.

    Raises:
        ServiceError: ConflictException.
    """
    if record.status in CHANGING:
        kind = "Target" if isinstance(record, Target) else "Gateway"
        raise conflict(f"{kind} '{record.name}' is {record.status}; wait until that has ended.")


def _unreachable(store: GatewayStore, target: Target) -> str | None:
    """Return why a target cannot be reached, where the reading `unreachable-target` says that it matters."""
    account = store.account
    if target.kind != HTTP_RUNTIME or account.readings["unreachable-target"] == "ready":
        return None
    arn, endpoint = target.settings["arn"], target.settings.get("qualifier", DEFAULT)
    found = next((r for r in account.runtimes.values() if r.arn == arn), None)
    if found is not None and endpoint in found.endpoints:
        return None
    return f"No endpoint or agent found with qualifier '{endpoint}' for agent '{arn}'"
