"""The reading `target-list=late`: a gateway's list of targets, and what it counts, are those of some moments ago.

How late they are is not known. A target that was just made is not listed. One that is gone is listed with a state from
before, and counts against a delete of the gateway for some moments longer.
"""

from __future__ import annotations

from local.agentcore.control.gateways.records import Gateway, Target
from local.agentcore.control.gateways.store import GatewayStore

LIST_SECONDS = 3
"""How late the list of the targets is."""
COUNT_SECONDS = 6
"""How long a target that is gone counts."""


def listed(store: GatewayStore, gateway: Gateway, now: float) -> list[Target]:
    """Return the targets that a list shows."""
    there = list(gateway.targets.values())
    if store.account.readings["target-list"] == "prompt":
        return there
    gone = [target for target in gateway.gone if target.updated_at > now - LIST_SECONDS]
    return [*(target for target in there if target.created_at <= now - LIST_SECONDS), *gone]


def counted(store: GatewayStore, gateway: Gateway, now: float) -> int:
    """Return how many targets a delete of the gateway finds."""
    late = store.account.readings["target-list"] == "late"
    gone = [target for target in gateway.gone if target.updated_at > now - COUNT_SECONDS]
    return len(gateway.targets) + (len(gone) if late else 0)
