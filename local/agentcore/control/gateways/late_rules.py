"""The reading `rule-list=late`: a gateway's list of rules is that of some moments ago.

How late it is is not known. A rule that was just made is not listed. One that was just changed is listed as it was
before, and one that is gone is listed some moments longer.
"""

from __future__ import annotations

from dataclasses import replace

from local.agentcore.control.gateways.records import Gateway, Rule
from local.agentcore.control.gateways.store import GatewayStore

LIST_SECONDS = 3
"""How late the list of the rules is."""


def listed(store: GatewayStore, gateway: Gateway, now: float) -> list[Rule]:
    """Return the rules that a list shows."""
    there = list(gateway.rules.values())
    if store.account.readings["rule-list"] == "prompt":
        return there
    then = now - LIST_SECONDS
    gone = [rule for rule in gateway.gone_rules if rule.updated_at > then]
    return [_as_it_was(rule, then) for rule in [*there, *gone] if rule.created_at <= then]


def _as_it_was(rule: Rule, then: float) -> Rule:
    """The rule before a change that has begun since then."""
    if rule.before is None or rule.changed_at <= then:
        return rule
    return replace(rule, status="ACTIVE", members=rule.before)
