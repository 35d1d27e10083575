"""Operations on the targets of a gateway."""

from __future__ import annotations

from functools import partial
from typing import Any

from local.agentcore.control.gateways import views
from local.agentcore.control.gateways.changes import check_idle, start_change
from local.agentcore.control.gateways.records import USABLE, Catalog, Gateway, Target
from local.agentcore.control.gateways.store import GatewayStore
from local.agentcore.control.gateways.targets.checks import TARGET_MEMBERS, check_target, no_name
from local.agentcore.control.gateways.targets.late_list import listed
from local.agentcore.control.gateways.targets.start import TargetChanges, synchronized
from local.agentcore.control.pages import page
from local.agentcore.control.views import without_none
from local.agentcore.model.app import Handler
from local.agentcore.model.errors import conflict, invalid_field, quota_exceeded


class TargetOperations:
    """CreateGatewayTarget and its family.

    Args:
        store: The account's gateways.
        changes: Starts their changes.
    """

    def __init__(self, store: GatewayStore, changes: TargetChanges) -> None:
        self._store = store
        self._changes = changes

    @property
    def handlers(self) -> dict[str, Handler]:
        """Each operation's handler, by its name."""
        return {
            "CreateGatewayTarget": self.create,
            "GetGatewayTarget": self.get,
            "ListGatewayTargets": self.list_targets,
            "UpdateGatewayTarget": self.update,
            "DeleteGatewayTarget": self.delete,
            "SynchronizeGatewayTargets": self.synchronize,
        }

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateGatewayTarget."""
        store = self._store
        with store.using():
            gateway = store.gateway(request["gatewayIdentifier"])
            same = self._creatable(gateway, request)
        if same is not None:
            return same
        catalog, reason = self._changes.read(gateway, request)
        with store.using() as now:
            # The look into the document took time: another call may have been quicker.
            gateway = store.gateway(request["gatewayIdentifier"])
            same = self._creatable(gateway, request)
            if same is not None:
                return same
            store.count_mutation(now)
            if len(gateway.targets) >= store.account.quotas.gateway_targets:
                raise quota_exceeded(f"'{gateway.id}' has reached its limit of targets.")
            target = _new(store.new_target_id(), request, catalog, now)
            gateway.targets[target.id] = target
            self._changes.begin(gateway, target, "CreateGatewayTarget", reason, _nothing)
            made = views.target_detail(gateway, target)
            store.account.tokens.remember(
                "CreateGatewayTarget",
                f"{gateway.id}/{target.name}",
                request,
                gateway.id,
                target.id,
                made,
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
        with self._store.using():
            gateway, _ = self._updatable(request)
        catalog, reason = self._changes.read(gateway, request)
        with self._store.using() as now:
            gateway, target = self._updatable(request)
            self._store.count_mutation(now)
            undo = partial(_restore, target, target.name, target.members, target.catalog)
            target.name = request.get("name", target.name)
            target.members = _taken(request)
            if not synchronized(target):
                # The tools of a server stay until the new ones are read.
                target.catalog, target.synchronized_at = catalog, None
            self._changes.begin(gateway, target, "UpdateGatewayTarget", reason, undo)
            return views.target_detail(gateway, target)

    def synchronize(self, request: dict[str, Any]) -> dict[str, Any]:
        """SynchronizeGatewayTargets: read the tools of one MCP server again."""
        with self._store.using() as now:
            gateway = self._store.gateway(request["gatewayIdentifier"])
            [target_id] = request["targetIdList"]
            target = self._store.target(gateway, target_id)
            check_idle(gateway)
            check_idle(target)
            _check_synchronized(target)
            self._store.check_target_operations()
            self._store.count_mutation(now)
            self._changes.begin(gateway, target, "SynchronizeGatewayTargets", None, _nothing)
            return {"targets": [views.target_detail(gateway, target)]}

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

    def _creatable(self, gateway: Gateway, request: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer that the same request got before; `None` if the target may be made."""
        name = request.get("name")
        if name is None:
            raise no_name()
        tokens, scope = self._store.account.tokens, f"{gateway.id}/{name}"
        same = tokens.replayed("CreateGatewayTarget", scope, request)
        if same is None:
            self._check(gateway, request)
            _check_name(gateway, name, None)
            return None
        if same not in gateway.targets:
            return tokens.first_answer("CreateGatewayTarget", scope, request)
        return views.target_detail(gateway, gateway.targets[same])

    def _updatable(self, request: dict[str, Any]) -> tuple[Gateway, Target]:
        gateway, target = self._found(request)
        self._check(gateway, request)
        check_idle(target)
        name = request.get("name", target.name)
        _check_name(gateway, name, target)
        if name != target.name:
            _check_unrouted(gateway, target)
        return gateway, target

    def _check(self, gateway: Gateway, request: dict[str, Any]) -> None:
        limit = self._store.account.quotas.inline_schema_bytes
        check_target(request, gateway.members.get("protocolType"), limit)
        check_idle(gateway)
        self._store.check_target_operations()


def _check_name(gateway: Gateway, name: str, renamed: Target | None) -> None:
    if any(t.name == name and t is not renamed for t in gateway.targets.values()):
        raise conflict(f"'{gateway.id}' already has a target '{name}'.")


def _taken(request: dict[str, Any]) -> dict[str, Any]:
    return {name: request[name] for name in TARGET_MEMBERS if request.get(name) is not None}


def _check_synchronized(target: Target) -> None:
    if not synchronized(target) or target.status not in USABLE:
        raise invalid_field(
            "targetIdList",
            f"The target '{target.name}' cannot be synchronized: it needs an MCP server that is READY, the "
            "listingMode DEFAULT and no mcpToolSchema.",
        )


def _new(target_id: str, request: dict[str, Any], catalog: Catalog, now: float) -> Target:
    return Target(
        status="CREATING",
        updated_at=now,
        id=target_id,
        name=request["name"],
        members=_taken(request),
        created_at=now,
        catalog=catalog,
    )


def _nothing() -> None:
    """A target whose creation fails keeps what it was to be."""


def _restore(target: Target, name: str, members: dict[str, Any], catalog: Catalog) -> None:
    target.name, target.members, target.catalog = name, members, catalog


def _check_unrouted(gateway: Gateway, target: Target) -> None:
    """Check that no rule leads to a target; what the service does with such a rule is not documented."""
    if any(target.name == name for rule in gateway.rules.values() for name, _ in rule.targets):
        raise conflict(f"A rule of '{gateway.id}' leads to the target '{target.name}'.")
