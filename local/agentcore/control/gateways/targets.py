"""Operations on the targets of a gateway."""

from __future__ import annotations

from functools import partial
from typing import Any

from local.agentcore.control.gateways import views
from local.agentcore.control.gateways.changes import check_idle, start_change
from local.agentcore.control.gateways.checks import TARGET_MEMBERS, check_target, no_name
from local.agentcore.control.gateways.late_targets import listed
from local.agentcore.control.gateways.records import Gateway, Target
from local.agentcore.control.gateways.store import GatewayStore
from local.agentcore.control.pages import page
from local.agentcore.control.views import without_none
from local.agentcore.model.app import Handler
from local.agentcore.model.errors import conflict, quota_exceeded


class TargetOperations:
    """CreateGatewayTarget and its family.

    Args:
        store: The account's gateways.
    """

    def __init__(self, store: GatewayStore) -> None:
        self._store = store

    @property
    def handlers(self) -> dict[str, Handler]:
        """Each operation's handler, by its name."""
        return {
            "CreateGatewayTarget": self.create,
            "GetGatewayTarget": self.get,
            "ListGatewayTargets": self.list_targets,
            "UpdateGatewayTarget": self.update,
            "DeleteGatewayTarget": self.delete,
        }

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateGatewayTarget."""
        store = self._store
        with store.using() as now:
            gateway = store.gateway(request["gatewayIdentifier"])
            name = request.get("name")
            if name is None:
                raise no_name()
            scope = f"{gateway.id}/{name}"
            same = self._replayed(gateway, scope, request)
            if same is not None:
                return same
            self._check(gateway, request)
            self._check_name(gateway, name, None)
            store.count_mutation(now)
            if len(gateway.targets) >= store.account.quotas.gateway_targets:
                raise quota_exceeded(f"'{gateway.id}' has reached its limit of targets.")
            target = Target(
                status="CREATING",
                updated_at=now,
                id=store.new_target_id(),
                name=name,
                members=_taken(request),
                created_at=now,
            )
            gateway.targets[target.id] = target
            start_change(store, target, "CreateGatewayTarget", now)
            made = views.target_detail(gateway, target)
            store.account.tokens.remember(
                "CreateGatewayTarget", scope, request, gateway.id, target.id, made
            )
            return made

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetGatewayTarget."""
        with self._store.using():
            return views.target_detail(*self._found(request))

    def list_targets(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListGatewayTargets."""
        with self._store.using() as now:
            gateway = self._store.gateway(request["gatewayIdentifier"])
            found = listed(self._store, gateway, now)
            chosen, token = page(found, request, lambda target: target.id)
            entries = [views.target_summary(target) for target in chosen]
        return without_none({"items": entries, "nextToken": token})

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateGatewayTarget: everything but the name is what this request says."""
        with self._store.using() as now:
            gateway, target = self._found(request)
            self._check(gateway, request)
            check_idle(target)
            name = request.get("name", target.name)
            self._check_name(gateway, name, target)
            if name != target.name:
                _check_unrouted(gateway, target)
            self._store.count_mutation(now)
            before = target.name, target.members
            target.name, target.members = name, _taken(request)
            if start_change(self._store, target, "UpdateGatewayTarget", now) is not None:
                target.name, target.members = before
            return views.target_detail(gateway, target)

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteGatewayTarget."""
        with self._store.using() as now:
            gateway, target = self._found(request)
            check_idle(gateway)
            check_idle(target)
            _check_unrouted(gateway, target)
            self._store.check_target_operations()
            self._store.count_mutation(now)
            gone = partial(self._store.forget_target, gateway, target)
            start_change(self._store, target, "DeleteGatewayTarget", now, gone)
            return views.target_deleted(gateway, target)

    # --- parts ---

    def _found(self, request: dict[str, Any]) -> tuple[Gateway, Target]:
        gateway = self._store.gateway(request["gatewayIdentifier"])
        return gateway, self._store.target(gateway, request["targetId"])

    def _replayed(
        self, gateway: Gateway, scope: str, request: dict[str, Any]
    ) -> dict[str, Any] | None:
        tokens = self._store.account.tokens
        same = tokens.replayed("CreateGatewayTarget", scope, request)
        if same is None:
            return None
        if same not in gateway.targets:
            return tokens.first_answer("CreateGatewayTarget", scope, request)
        return views.target_detail(gateway, gateway.targets[same])

    def _check(self, gateway: Gateway, request: dict[str, Any]) -> None:
        limit = self._store.account.quotas.inline_schema_bytes
        check_target(request, gateway.members.get("protocolType"), limit)
        check_idle(gateway)
        self._store.check_target_operations()

    @staticmethod
    def _check_name(gateway: Gateway, name: str, renamed: Target | None) -> None:
        if any(t.name == name and t is not renamed for t in gateway.targets.values()):
            raise conflict(f"'{gateway.id}' already has a target '{name}'.")


def _taken(request: dict[str, Any]) -> dict[str, Any]:
    return {name: request[name] for name in TARGET_MEMBERS if request.get(name) is not None}


def _check_unrouted(gateway: Gateway, target: Target) -> None:
    """Check that no rule leads to a target; what the service does with such a rule is not documented."""
    if any(target.name == name for rule in gateway.rules.values() for name, _ in rule.targets):
        raise conflict(f"A rule of '{gateway.id}' leads to the target '{target.name}'.")
