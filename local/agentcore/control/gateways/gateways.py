"""Operations on gateways."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from local.agentcore.control.gateways import views
from local.agentcore.control.gateways.changes import check_idle, start_change
from local.agentcore.control.gateways.checks import GATEWAY_MEMBERS, check_gateway
from local.agentcore.control.gateways.records import Gateway
from local.agentcore.control.gateways.store import GatewayStore
from local.agentcore.control.gateways.targets.late_list import counted
from local.agentcore.control.pages import page
from local.agentcore.control.tags import check_tags
from local.agentcore.control.views import without_none
from local.agentcore.model.app import Handler
from local.agentcore.model.errors import conflict, invalid, invalid_field


class GatewayOperations:
    """CreateGateway and its family.

    Args:
        store: The account's gateways.
        check_role: Checks that a role is there; raises ServiceError.
    """

    def __init__(self, store: GatewayStore, check_role: Callable[[str], None]) -> None:
        self._store = store
        self._check_role = check_role

    @property
    def handlers(self) -> dict[str, Handler]:
        """Each operation's handler, by its name."""
        return {
            "CreateGateway": self.create,
            "GetGateway": self.get,
            "ListGateways": self.list_gateways,
            "UpdateGateway": self.update,
            "DeleteGateway": self.delete,
        }

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateGateway."""
        check_gateway(request)
        check_tags(request.get("tags", {}))
        with self._store.using():
            same = self._replayed(request)
        if same is not None:
            return same
        self._check_role(request["roleArn"])
        with self._store.using() as now:
            # The look into the account took time: another call may have been quicker.
            same = self._replayed(request)
            if same is not None:
                return same
            name = request["name"]
            if any(gateway.name == name for gateway in self._store.gateways.values()):
                raise conflict(f"A gateway with the name '{name}' already exists.")
            self._store.count_mutation(now)
            gateway = self._new(request, now)
            self._store.add(gateway)
            start_change(self._store, gateway, "CreateGateway", now)
            made = views.gateway_detail(gateway)
            tokens = self._store.account.tokens
            tokens.remember("CreateGateway", "", request, gateway.id, gateway.id, made)
            return made

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetGateway."""
        with self._store.using():
            return views.gateway_detail(self._store.gateway(request["gatewayIdentifier"]))

    def list_gateways(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListGateways."""
        with self._store.using():
            found = list(self._store.gateways.values())
            chosen, token = page(found, request, lambda gateway: gateway.id)
            entries = [views.gateway_summary(gateway) for gateway in chosen]
        return without_none({"items": entries, "nextToken": token})

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateGateway: everything is what this request says; the name stays."""
        check_gateway(request)
        with self._store.using():
            self._updatable(request)
        self._check_role(request["roleArn"])
        with self._store.using() as now:
            gateway = self._updatable(request)
            self._store.count_mutation(now)
            before = gateway.members
            gateway.members = _taken(request)
            if start_change(self._store, gateway, "UpdateGateway", now) is not None:
                gateway.members = before
            return views.gateway_detail(gateway)

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteGateway: one that has no targets any more."""
        with self._store.using() as now:
            gateway = self._store.gateway(request["gatewayIdentifier"])
            check_idle(gateway)
            if counted(self._store, gateway, now) or gateway.rules:
                # So the service answers, also while targets are DELETING: awslabs/agentcore-samples#1954.
                raise invalid(
                    f"Gateway has targets associated: '{gateway.id}'. Delete its rules and targets first."
                )
            self._store.count_mutation(now)
            gone = partial(self._store.forget, gateway.id)
            start_change(self._store, gateway, "DeleteGateway", now, gone)
            return views.gateway_deleted(gateway)

    # --- parts ---

    def _replayed(self, request: dict[str, Any]) -> dict[str, Any] | None:
        tokens = self._store.account.tokens
        same = tokens.replayed("CreateGateway", "", request)
        if same is None:
            return None
        if same not in self._store.gateways:
            return tokens.first_answer("CreateGateway", "", request)
        return views.gateway_detail(self._store.gateways[same])

    def _new(self, request: dict[str, Any], now: float) -> Gateway:
        account, gateway_id = self._store.account, self._store.new_gateway_id(request["name"])
        return Gateway(
            status="CREATING",
            updated_at=now,
            id=gateway_id,
            arn=account.arn(f"gateway/{gateway_id}"),
            name=request["name"],
            url=self._store.url(gateway_id, request.get("protocolType")),
            workload_identity_arn=account.arn(
                f"workload-identity-directory/default/workload-identity/{gateway_id}"
            ),
            members=_taken(request),
            created_at=now,
            tags=dict(request.get("tags", {})),
        )

    def _updatable(self, request: dict[str, Any]) -> Gateway:
        gateway = self._store.gateway(request["gatewayIdentifier"])
        check_idle(gateway)
        if request["name"] != gateway.name:
            raise invalid_field(
                "name", "The name must be the one that the gateway was created with."
            )
        if request.get("protocolType") != gateway.members.get("protocolType"):
            # The model permits it; what becomes of the address and the targets is not documented.
            raise invalid_field("protocolType", "The protocolType of a gateway cannot be changed.")
        return gateway


def _taken(request: dict[str, Any]) -> dict[str, Any]:
    return {name: request[name] for name in GATEWAY_MEMBERS if request.get(name) is not None}
