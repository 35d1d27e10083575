"""Make the gateway and its target, or repair what differs: one step in a call, since AgentCore does one at a time."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from lifecycle import names
from lifecycle.gateway.closed.candidate import CandidateTarget
from lifecycle.gateway.itself import GatewayConverger
from lifecycle.gateway.ledger import GatewayLedger
from lifecycle.gateway.removal import gateway_label
from lifecycle.gateway.rules import remove_foreign_rules
from lifecycle.gateway.step import Step
from lifecycle.gateway.target import TargetConverger
from lifecycle.gateway.wanted import Wanted


def next_step(
    control: Any,
    wanted: Wanted,
    ledger: GatewayLedger,
    stack: str,
    environment: str,
    own_rules: Collection[str] = (),
) -> Step | None:
    """Do the next step; None when gateway and target are there, ready, and as they must be.

    Args:
        control: AgentCore's control plane.
        wanted: How everything must be.
        ledger: Where changes are recorded before they are made.
        stack: The stack's name.
        environment: Which environment.
        own_rules: The ids of the rules that are the lifecycle's own. Every other one goes.

    Raises:
        GatewayError: What this execution changed has failed, or somebody else's gateway has the name.
        ServiceUnavailableError: The name is in use, but no such gateway is listed yet.
    """
    step, observed = GatewayConverger(control, wanted, ledger, stack, environment).step()
    if step is not None or observed is None:
        return step
    step, target = TargetConverger(control, wanted, ledger, observed["gatewayId"]).step()
    if step is not None:
        return step
    gateway_id = observed["gatewayId"]
    step = remove_foreign_rules(control, ledger, gateway_id, own_rules)
    if step is None:
        step = CandidateTarget(control, wanted, ledger, gateway_id).clear()
    if step is not None:
        return step
    url = observed.get("gatewayUrl")
    if url is None:
        return Step(gateway_label(observed["gatewayId"]), "READY, but without an address")
    digests = {part: names.digest(value) for part, value in wanted.parts.items()}
    ledger.finish(url=url, deployed=digests, echoed=wanted.echoed(observed, target))
    return None
