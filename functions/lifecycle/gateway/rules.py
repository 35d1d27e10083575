"""Remove the rules of a gateway that the lifecycle did not make: a rule can send the calls of `live` elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

from lifecycle.gateway import calls
from lifecycle.gateway.ledger import GatewayLedger
from lifecycle.gateway.removal import rule_label
from lifecycle.gateway.step import Step
from lifecycle.record import Record


def own_rules(record: Record) -> frozenset[str]:
    """The ids of the rules that the record names as the lifecycle's own: the one that splits calls for a canary."""
    note = record.canary
    return frozenset() if note is None or note.rule_id is None else frozenset({note.rule_id})


def remove_foreign_rules(
    control: Any, ledger: GatewayLedger, gateway_id: str, own: Collection[str]
) -> Step | None:
    """Begin to remove the rules that somebody added; each is drift, and named.

    Args:
        control: AgentCore's control plane.
        ledger: The gateway section of the record.
        gateway_id: The gateway, which is ready.
        own: The ids of the lifecycle's own rules.

    Returns:
        The first rule that is not gone yet; None when there is none.
    """
    there = calls.rules_of(control, gateway_id)
    foreign = [rule for rule in there if rule["ruleId"] not in own]
    for rule in foreign:
        if rule["status"] == "DELETING":
            continue
        rule_id = rule["ruleId"]
        ledger.repair(f"the gateway's rule {rule_id} was added")
        ledger.intend("updated")
        which = {"gatewayIdentifier": gateway_id, "ruleId": rule_id}
        calls.attempt_deletion(partial(control.delete_gateway_rule, **which))
    if not foreign:
        return None
    return Step(rule_label(gateway_id, foreign[0]["ruleId"]), "DELETING")
