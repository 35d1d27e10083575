"""Operations on the endpoints of a runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.agentcore.control import views
from local.agentcore.control.pages import page
from local.agentcore.control.records import BUSY, DEFAULT, Change, Endpoint, Runtime
from local.agentcore.control.runtime_changes import check_idle
from local.agentcore.control.store import Store
from local.agentcore.control.tags import check_tags
from local.agentcore.model.errors import conflict, invalid_field, quota_exceeded


class EndpointOperations:
    """CreateAgentRuntimeEndpoint and its family.

    Args:
        store: The account's runtimes.
        on_deleted: Told the id of the runtime and the endpoint's name when a deletion starts.
    """

    def __init__(self, store: Store, on_deleted: Callable[[str, str], None]) -> None:
        self._store = store
        self._on_deleted = on_deleted

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateAgentRuntimeEndpoint: on a version, or on the newest."""
        store, name = self._store, request["name"]
        check_tags(request.get("tags", {}))
        with store.using() as now:
            runtime = store.runtime(request["agentRuntimeId"])
            scope = f"{runtime.id}/{name}"
            if store.tokens.replayed("CreateAgentRuntimeEndpoint", scope, request) is not None:
                if name not in runtime.endpoints:
                    return store.tokens.first_answer("CreateAgentRuntimeEndpoint", scope, request)
                return views.endpoint_created(runtime, store.endpoint(runtime, name))
            check_idle(runtime)
            if name in runtime.endpoints:
                raise conflict(f"'{runtime.id}' already has an endpoint '{name}'.")
            number = self._usable(runtime, request.get("agentRuntimeVersion"))
            store.count_mutation(now)
            if len(runtime.endpoints) >= store.quotas.endpoints:
                raise quota_exceeded(f"'{runtime.id}' has reached its limit of endpoints.")
            endpoint = Endpoint(
                status="CREATING",
                updated_at=now,
                name=name,
                id=store.new_id(name),
                arn=f"{runtime.arn}/runtime-endpoint/{name}",
                description=request.get("description"),
                target=number,
                created_at=now,
                tags=dict(request.get("tags", {})),
            )
            runtime.endpoints[name] = endpoint
            self._move(endpoint, "CREATE", "CREATING", "CreateAgentRuntimeEndpoint", now)
            made = views.endpoint_created(runtime, endpoint)
            store.tokens.remember(
                "CreateAgentRuntimeEndpoint", scope, request, runtime.id, name, made
            )
            return made

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetAgentRuntimeEndpoint."""
        with self._store.using():
            runtime = self._store.runtime(request["agentRuntimeId"])
            endpoint = self._store.endpoint(runtime, request["endpointName"])
            return views.endpoint_detail(runtime, endpoint)

    def list_endpoints(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListAgentRuntimeEndpoints, DEFAULT first."""
        with self._store.using():
            runtime = self._store.runtime(request["agentRuntimeId"])
            chosen, token = page(
                list(runtime.endpoints.values()), request, lambda endpoint: endpoint.name
            )
            entries = [views.endpoint_summary(runtime, endpoint) for endpoint in chosen]
        return views.without_none({"runtimeEndpoints": entries, "nextToken": token})

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateAgentRuntimeEndpoint: what is left out stays as it is."""
        store, name = self._store, request["endpointName"]
        with store.using() as now:
            runtime = store.runtime(request["agentRuntimeId"])
            endpoint = store.endpoint(runtime, name)
            scope = f"{runtime.id}/{name}"
            if store.tokens.replayed("UpdateAgentRuntimeEndpoint", scope, request) is not None:
                return views.endpoint_updated(runtime, endpoint)
            if name == DEFAULT:
                raise conflict(f"{DEFAULT} follows the newest version and cannot be moved.")
            check_idle(runtime)
            _check_endpoint_idle(endpoint)
            number = request.get("agentRuntimeVersion") or endpoint.live
            endpoint.target = self._usable(runtime, number)
            store.count_mutation(now)
            endpoint.description = request.get("description", endpoint.description)
            self._move(endpoint, "UPDATE", "UPDATING", "UpdateAgentRuntimeEndpoint", now)
            store.tokens.remember("UpdateAgentRuntimeEndpoint", scope, request, runtime.id, name)
            return views.endpoint_updated(runtime, endpoint)

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteAgentRuntimeEndpoint: any but DEFAULT."""
        store, name = self._store, request["endpointName"]
        with store.using() as now:
            runtime = store.runtime(request["agentRuntimeId"])
            endpoint = store.endpoint(runtime, name)
            scope = f"{runtime.id}/{name}"
            if store.tokens.replayed("DeleteAgentRuntimeEndpoint", scope, request) is None:
                if name == DEFAULT:
                    raise conflict(f"{DEFAULT} goes with its runtime and cannot be deleted.")
                check_idle(runtime)
                _check_endpoint_idle(endpoint)
                store.count_mutation(now)
                self._remove(runtime, endpoint, now)
                store.tokens.remember(
                    "DeleteAgentRuntimeEndpoint", scope, request, runtime.id, name
                )
            status = endpoint.status
        self._on_deleted(runtime.id, name)
        return {"status": status, "agentRuntimeId": runtime.id, "endpointName": name}

    # --- parts ---

    def _usable(self, runtime: Runtime, number: str | None) -> str:
        """Return the version an endpoint is to serve; it has to exist and be READY."""
        version = self._store.version(runtime, number) if number else runtime.latest
        if version.status != "READY":
            raise invalid_field(
                "agentRuntimeVersion",
                f"Version {version.number} of '{runtime.id}' is {version.status}, not READY.",
            )
        return version.number

    def _move(self, endpoint: Endpoint, verb: str, busy: str, operation: str, now: float) -> None:
        seconds, reason = self._store.outcome(operation, self._store.delays.endpoint)

        def arrive() -> None:
            if reason is None:
                endpoint.live = endpoint.target

        status = f"{verb}_FAILED" if reason else "READY"
        endpoint.start(busy, now, Change(now + seconds, status, reason, arrive))

    def _remove(self, runtime: Runtime, endpoint: Endpoint, now: float) -> None:
        seconds, reason = self._store.outcome(
            "DeleteAgentRuntimeEndpoint", self._store.delays.delete
        )

        def end() -> None:
            if reason is None:
                self._store.forget_endpoint(runtime, endpoint.name)

        status = "DELETE_FAILED" if reason else "DELETING"
        endpoint.start("DELETING", now, Change(now + seconds, status, reason, end))


def _check_endpoint_idle(endpoint: Endpoint) -> None:
    if endpoint.status in BUSY:
        raise conflict(
            f"Endpoint '{endpoint.name}' is {endpoint.status}; wait until that has ended."
        )
