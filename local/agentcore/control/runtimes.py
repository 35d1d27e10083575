"""Operations on runtimes and their versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.agentcore.control import views
from local.agentcore.control.configuration import (
    artifact_kind,
    check_configuration,
    configuration_from,
)
from local.agentcore.control.pages import page
from local.agentcore.control.records import Runtime
from local.agentcore.control.runtime_changes import (
    add_version,
    check_idle,
    delete_runtime,
    delete_version,
    new_runtime,
)
from local.agentcore.control.store import Store
from local.agentcore.control.tags import check_tags
from local.agentcore.model.errors import conflict, invalid_field, quota_exceeded


class RuntimeOperations:
    """CreateAgentRuntime and its family.

    Args:
        store: The account's runtimes.
        check_account: Checks role and artifact of a configuration; raises ServiceError.
        on_version: Told the configuration of a version when it starts to be made.
        on_deleted: Told the id of a runtime when its deletion starts.
    """

    def __init__(
        self,
        store: Store,
        check_account: Callable[[dict[str, Any]], None],
        on_version: Callable[[dict[str, Any]], None],
        on_deleted: Callable[[str], None],
    ) -> None:
        self._store = store
        self._check_account = check_account
        self._on_version = on_version
        self._on_deleted = on_deleted

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateAgentRuntime: version 1 and the endpoint DEFAULT."""
        store, name = self._store, request["agentRuntimeName"]
        configuration = configuration_from(request)
        check_tags(request.get("tags", {}))
        with store.using():
            same = self._replayed_creation(request)
            if same is not None:
                return same
            self._check_name(name)
        check_configuration(configuration)
        self._check_account(configuration)
        with store.using() as now:
            # The look into the account took time: another call may have been quicker.
            same = self._replayed_creation(request)
            if same is not None:
                return same
            self._check_name(name)
            store.count_mutation(now)
            if len(store.runtimes) >= store.quotas.runtimes:
                raise quota_exceeded("The account has reached its limit of agent runtimes.")
            runtime = new_runtime(store, name, request.get("tags", {}), now)
            version = add_version(store, runtime, configuration, "CreateAgentRuntime", now)
            version.sent = frozenset(request)
            self._on_version(configuration)
            store.runtimes[runtime.id] = runtime
            made = views.created(runtime, version)
            store.tokens.remember("CreateAgentRuntime", "", request, runtime.id, runtime.id, made)
            return made

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetAgentRuntime: as it is now, or one version of it."""
        with self._store.using():
            runtime = self._store.runtime(request["agentRuntimeId"])
            number = request.get("agentRuntimeVersion")
            version = self._store.version(runtime, number) if number else None
            shown = version or runtime.latest
            form = self._store.readings["get-form"]
            return views.in_form(form, views.runtime_detail(runtime, version), shown)

    def list_runtimes(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListAgentRuntimes: the newest version of each."""
        with self._store.using():
            chosen, token = page(
                list(self._store.runtimes.values()), request, lambda runtime: runtime.id
            )
            entries = [views.runtime_summary(runtime) for runtime in chosen]
        return views.without_none({"agentRuntimes": entries, "nextToken": token})

    def list_versions(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListAgentRuntimeVersions, in the order of the reading `version-order`."""
        with self._store.using():
            runtime = self._store.runtime(request["agentRuntimeId"])
            versions = list(runtime.versions.values())
            if self._store.readings["version-order"] == "newest-first":
                versions.reverse()
            chosen, token = page(versions, request, lambda version: version.number)
            entries = [views.runtime_summary(runtime, version) for version in chosen]
        return views.without_none({"agentRuntimes": entries, "nextToken": token})

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateAgentRuntime: a new version made of this request alone; DEFAULT follows."""
        store, runtime_id = self._store, request["agentRuntimeId"]
        configuration = configuration_from(request)
        with store.using():
            same = self._replayed_update(request)
            if same is not None:
                return same
            _check_updatable(store.runtime(runtime_id), configuration)
        check_configuration(configuration)
        self._check_account(configuration)
        with store.using() as now:
            same = self._replayed_update(request)
            if same is not None:
                return same
            runtime = store.runtime(runtime_id)
            _check_updatable(runtime, configuration)
            store.count_mutation(now)
            if len(runtime.versions) >= store.quotas.versions:
                raise quota_exceeded(f"'{runtime_id}' has reached its limit of versions.")
            version = add_version(store, runtime, configuration, "UpdateAgentRuntime", now)
            version.sent = frozenset(request)
            self._on_version(configuration)
            store.tokens.remember(
                "UpdateAgentRuntime", runtime_id, request, runtime_id, version.number
            )
            return views.updated(runtime, version)

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteAgentRuntime: the runtime, or with `agentRuntimeVersion` that version alone."""
        store, number = self._store, request.get("agentRuntimeVersion")
        with store.using() as now:
            runtime = store.runtime(request["agentRuntimeId"])
            again = store.tokens.replayed("DeleteAgentRuntime", runtime.id, request) is not None
            if again and (number is None or number in runtime.versions):
                status = runtime.versions[number].status if number else runtime.status
            elif number is not None:
                status = delete_version(store, runtime, number, now)
            else:
                status = delete_runtime(store, runtime, now)
            store.tokens.remember("DeleteAgentRuntime", runtime.id, request, runtime.id, runtime.id)
        if number is None:
            self._on_deleted(runtime.id)
        return views.without_none(
            {"status": status, "agentRuntimeId": runtime.id, "agentRuntimeVersion": number}
        )

    # --- parts ---

    def _check_name(self, name: str) -> None:
        if any(runtime.name == name for runtime in self._store.runtimes.values()):
            raise conflict(f"An agent with the specified name already exists: '{name}'.")

    def _replayed_creation(self, request: dict[str, Any]) -> dict[str, Any] | None:
        tokens = self._store.tokens
        same = tokens.replayed("CreateAgentRuntime", "", request)
        if same is None:
            return None
        if same not in self._store.runtimes:
            return tokens.first_answer("CreateAgentRuntime", "", request)
        return views.created(runtime := self._store.runtimes[same], runtime.latest)

    def _replayed_update(self, request: dict[str, Any]) -> dict[str, Any] | None:
        runtime = self._store.runtime(request["agentRuntimeId"])
        number = self._store.tokens.replayed("UpdateAgentRuntime", runtime.id, request)
        if number is None or number not in runtime.versions:
            return None
        return views.updated(runtime, runtime.versions[number])


def _check_updatable(runtime: Runtime, configuration: dict[str, Any]) -> None:
    check_idle(runtime)
    if artifact_kind(configuration) != artifact_kind(runtime.latest.configuration):
        raise invalid_field(
            "agentRuntimeArtifact",
            "The type of the artifact cannot be changed by an update: a runtime stays with "
            "containerConfiguration or codeConfiguration.",
        )
