"""Operations on the rules of a gateway."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from local.agentcore.control.gateways import views
from local.agentcore.control.gateways.changes import check_idle
from local.agentcore.control.gateways.late_rules import listed
from local.agentcore.control.gateways.records import Gateway, Rule
from local.agentcore.control.gateways.rule_checks import check_rule
from local.agentcore.control.gateways.store import GatewayStore
from local.agentcore.control.pages import page
from local.agentcore.control.records import Change
from local.agentcore.control.views import without_none
from local.agentcore.model.app import Handler
from local.agentcore.model.errors import conflict, not_found, quota_exceeded

_MEMBERS = ("priority", "conditions", "actions", "description")


class RuleOperations:
    """CreateGatewayRule and its family.

    Args:
        store: The account's gateways.
    """

    def __init__(self, store: GatewayStore) -> None:
        self._store = store

    @property
    def handlers(self) -> dict[str, Handler]:
        """Each operation's handler, by its name."""
        return {
            "CreateGatewayRule": self.create,
            "GetGatewayRule": self.get,
            "ListGatewayRules": self.list_rules,
            "UpdateGatewayRule": self.update,
            "DeleteGatewayRule": self.delete,
        }

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateGatewayRule."""
        store = self._store
        with store.using() as now:
            gateway = store.gateway(request["gatewayIdentifier"])
            scope = f"rule/{request['priority']}"
            same = self._replayed(gateway, scope, request)
            if same is not None:
                return same
            members = _taken(request)
            self._check(gateway, members, None)
            store.count_mutation(now)
            if len(gateway.rules) >= store.account.quotas.gateway_rules:
                raise quota_exceeded(f"'{gateway.id}' has reached its limit of rules.")
            rule = Rule(
                status="CREATING",
                updated_at=now,
                id=str(uuid.uuid4()),
                scope=scope,
                members=members,
                created_at=now,
            )
            gateway.rules[rule.id] = rule
            self._start(rule, "CREATING", now)
            made = views.rule_changed(gateway, rule)
            store.account.tokens.remember(
                *("CreateGatewayRule", f"{gateway.id}/{scope}", request),
                *(gateway.id, rule.id, made),
            )
            return made

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetGatewayRule."""
        with self._store.using():
            return views.rule_detail(*self._found(request))

    def list_rules(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListGatewayRules, in the order in which they are looked at."""
        with self._store.using() as now:
            gateway = self._store.gateway(request["gatewayIdentifier"])
            shown = listed(self._store, gateway, now)
            found = sorted(shown, key=lambda rule: rule.members["priority"])
            chosen, token = page(found, request, lambda rule: rule.id)
            entries = [views.rule_detail(gateway, rule) for rule in chosen]
        return without_none({"gatewayRules": entries, "nextToken": token})

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateGatewayRule: what is left out stays as it is."""
        with self._store.using() as now:
            gateway, rule = self._found(request)
            _check_active(rule)
            members = rule.members | _taken(request)
            self._check(gateway, members, rule)
            self._store.count_mutation(now)
            rule.before, rule.changed_at, rule.members = rule.members, now, members
            self._start(rule, "UPDATING", now)
            return views.rule_detail(gateway, rule)

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteGatewayRule."""
        with self._store.using() as now:
            gateway, rule = self._found(request)
            _check_active(rule)
            self._store.count_mutation(now)
            rule.before, rule.changed_at = rule.members, now
            until = now + self._store.account.delays.gateway
            gone = partial(self._store.forget_rule, gateway, rule)
            rule.start("DELETING", now, Change(until, "DELETING", None, gone))
            return {"ruleId": rule.id, "status": rule.status}

    # --- parts ---

    def _found(self, request: dict[str, Any]) -> tuple[Gateway, Rule]:
        gateway = self._store.gateway(request["gatewayIdentifier"])
        rule = gateway.rules.get(request["ruleId"])
        if rule is None:
            raise not_found(f"Resource not found: '{gateway.id}' has no such rule.")
        return gateway, rule

    def _replayed(
        self, gateway: Gateway, scope: str, request: dict[str, Any]
    ) -> dict[str, Any] | None:
        tokens, scope = self._store.account.tokens, f"{gateway.id}/{scope}"
        same = tokens.replayed("CreateGatewayRule", scope, request)
        if same is None:
            return None
        if same not in gateway.rules:
            return tokens.first_answer("CreateGatewayRule", scope, request)
        return views.rule_changed(gateway, gateway.rules[same])

    @staticmethod
    def _check(gateway: Gateway, members: dict[str, Any], changed: Rule | None) -> None:
        check_rule(gateway, members)
        check_idle(gateway)
        taken = [r.members["priority"] for r in gateway.rules.values() if r is not changed]
        if members["priority"] in taken:
            raise conflict(f"'{gateway.id}' already has a rule of priority {members['priority']}.")

    def _start(self, rule: Rule, busy: str, now: float) -> None:
        """Start a change; the model has no state for one that fails."""
        rule.start(busy, now, Change(now + self._store.account.delays.gateway, "ACTIVE"))


def _check_active(rule: Rule) -> None:
    if rule.status != "ACTIVE":
        raise conflict(f"Rule '{rule.id}' is {rule.status}; wait until that has ended.")


def _taken(request: dict[str, Any]) -> dict[str, Any]:
    return {name: request[name] for name in _MEMBERS if request.get(name) is not None}
