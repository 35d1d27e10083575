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
from local.agentcore.control.records import (
    BUSY,
    DEFAULT,
    Change,
    Endpoint,
    Runtime,
    Stateful,
    Version,
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
            same = store.replayed("CreateAgentRuntime", "", request)
            if same is not None:
                runtime = store.runtime(same)
                return views.created(runtime, runtime.latest)
            self._check_name(name)
        check_configuration(configuration)
        self._check_account(configuration)
        with store.using() as now:
            # The look into the account took time: another call may have been quicker.
            same = store.replayed("CreateAgentRuntime", "", request)
            if same is not None:
                runtime = store.runtime(same)
                return views.created(runtime, runtime.latest)
            self._check_name(name)
            store.count_mutation(now)
            if len(store.runtimes) >= store.quotas.runtimes:
                raise quota_exceeded("The account has reached its limit of agent runtimes.")
            runtime = self._new_runtime(name, request.get("tags", {}), now)
            version = self._add_version(runtime, configuration, "CreateAgentRuntime", now)
            version.sent = frozenset(request)
            store.runtimes[runtime.id] = runtime
            store.remember("CreateAgentRuntime", "", request, runtime.id, runtime.id)
            return views.created(runtime, version)

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
            page, token = self._store.page(
                list(self._store.runtimes.values()), request, lambda runtime: runtime.id
            )
            entries = [views.runtime_summary(runtime) for runtime in page]
        return views.without_none({"agentRuntimes": entries, "nextToken": token})

    def list_versions(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListAgentRuntimeVersions, in the order of the reading `version-order`."""
        with self._store.using():
            runtime = self._store.runtime(request["agentRuntimeId"])
            versions = list(runtime.versions.values())
            if self._store.readings["version-order"] == "newest-first":
                versions.reverse()
            page, token = self._store.page(versions, request, lambda version: version.number)
            entries = [views.runtime_summary(runtime, version) for version in page]
        return views.without_none({"agentRuntimes": entries, "nextToken": token})

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateAgentRuntime: a new version made of this request alone; DEFAULT follows."""
        store, runtime_id = self._store, request["agentRuntimeId"]
        configuration = configuration_from(request)
        with store.using():
            same = self._replayed_update(request)
            if same is not None:
                return same
            self._check_updatable(store.runtime(runtime_id), configuration)
        check_configuration(configuration)
        self._check_account(configuration)
        with store.using() as now:
            same = self._replayed_update(request)
            if same is not None:
                return same
            runtime = store.runtime(runtime_id)
            self._check_updatable(runtime, configuration)
            store.count_mutation(now)
            if len(runtime.versions) >= store.quotas.versions:
                raise quota_exceeded(f"'{runtime_id}' has reached its limit of versions.")
            version = self._add_version(runtime, configuration, "UpdateAgentRuntime", now)
            version.sent = frozenset(request)
            store.remember("UpdateAgentRuntime", runtime_id, request, runtime_id, version.number)
            return views.updated(runtime, version)

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteAgentRuntime: the runtime, or with `agentRuntimeVersion` that version alone."""
        store, number = self._store, request.get("agentRuntimeVersion")
        with store.using() as now:
            runtime = store.runtime(request["agentRuntimeId"])
            again = store.replayed("DeleteAgentRuntime", runtime.id, request) is not None
            if again and (number is None or number in runtime.versions):
                status = runtime.versions[number].status if number else runtime.status
            elif number is not None:
                status = self._delete_version(runtime, number, now)
            else:
                status = self._delete_runtime(runtime, now)
            store.remember("DeleteAgentRuntime", runtime.id, request, runtime.id, runtime.id)
        if number is None:
            self._on_deleted(runtime.id)
        return views.without_none(
            {"status": status, "agentRuntimeId": runtime.id, "agentRuntimeVersion": number}
        )

    # --- parts ---

    def _check_name(self, name: str) -> None:
        if any(runtime.name == name for runtime in self._store.runtimes.values()):
            raise conflict(f"An agent with the specified name already exists: '{name}'.")

    def _replayed_update(self, request: dict[str, Any]) -> dict[str, Any] | None:
        runtime = self._store.runtime(request["agentRuntimeId"])
        number = self._store.replayed("UpdateAgentRuntime", runtime.id, request)
        if number is None or number not in runtime.versions:
            return None
        return views.updated(runtime, runtime.versions[number])

    @staticmethod
    def _check_updatable(runtime: Runtime, configuration: dict[str, Any]) -> None:
        check_idle(runtime)
        if artifact_kind(configuration) != artifact_kind(runtime.latest.configuration):
            raise invalid_field(
                "agentRuntimeArtifact",
                "The type of the artifact cannot be changed by an update: a runtime stays with "
                "containerConfiguration or codeConfiguration.",
            )

    def _new_runtime(self, name: str, tags: dict[str, str], now: float) -> Runtime:
        store = self._store
        runtime_id = store.new_id(name)
        runtime = Runtime(
            id=runtime_id,
            arn=store.arn(f"runtime/{runtime_id}"),
            name=name,
            created_at=now,
            workload_identity_arn=store.arn(
                f"workload-identity-directory/default/workload-identity/{runtime_id}"
            ),
            tags=dict(tags),
        )
        runtime.endpoints[DEFAULT] = Endpoint(
            status="CREATING",
            updated_at=now,
            id=store.new_id(DEFAULT),
            arn=f"{runtime.arn}/runtime-endpoint/{DEFAULT}",
            created_at=now,
        )
        return runtime

    def _add_version(
        self, runtime: Runtime, configuration: dict[str, Any], operation: str, now: float
    ) -> Version:
        """Start a version; at its end DEFAULT serves it, or stays where it was if it failed."""
        creating = operation == "CreateAgentRuntime"
        delays = self._store.delays
        seconds, reason = self._store.outcome(
            operation, delays.create if creating else delays.update
        )
        verb = "CREATE" if creating else "UPDATE"
        busy = "CREATING" if creating else "UPDATING"
        status = f"{verb}_FAILED" if reason else "READY"
        version = Version(
            status=busy,
            updated_at=now,
            number=str(runtime.next_version),
            configuration=configuration,
            created_at=now,
        )
        runtime.next_version += 1
        # A deletion that failed is over: what counts now is how this version fares.
        runtime.deletion = None
        runtime.versions[version.number] = version
        version.start(busy, now, Change(now + seconds, status, reason))
        default = runtime.endpoints[DEFAULT]
        default.target = version.number

        def follow() -> None:
            if reason is None:
                default.live = version.number
            default.target = default.live or version.number

        # A failed version leaves DEFAULT serving the one before; the first has none before it.
        stays = default.live and self._store.readings["failed-update"] == "ready"
        end = "READY" if reason is None or stays else status
        failure = None if end == "READY" else reason
        busy_endpoint = "UPDATING" if default.live else "CREATING"
        default.start(busy_endpoint, now, Change(now + seconds, end, failure, follow))
        self._on_version(configuration)
        return version

    def _delete_runtime(self, runtime: Runtime, now: float) -> str:
        check_idle(runtime)
        custom = sorted(name for name in runtime.endpoints if name != DEFAULT)
        if custom:
            raise conflict(
                f"'{runtime.id}' still has endpoints; delete them first: {', '.join(custom)}."
            )
        self._store.count_mutation(now)
        seconds, reason = self._store.outcome("DeleteAgentRuntime", self._store.delays.delete)
        default = runtime.endpoints[DEFAULT]
        before, live = default.status, default.live

        def end() -> None:
            if reason is None:
                self._store.forget(runtime.id)
            else:
                default.status, default.live = before, live

        runtime.deletion = Stateful("DELETING", now)
        default.status = "DELETING"
        change = Change(now + seconds, "DELETE_FAILED" if reason else "DELETING", reason, end)
        runtime.deletion.start("DELETING", now, change)
        return runtime.status

    def _delete_version(self, runtime: Runtime, number: str, now: float) -> str:
        check_idle(runtime)
        version = self._store.version(runtime, number)
        if version.status in BUSY:
            raise conflict(f"Version {number} of '{runtime.id}' is {version.status}.")
        users = [e.name for e in runtime.endpoints.values() if number in (e.live, e.target)]
        if users or len(runtime.versions) == 1:
            raise conflict(
                f"Version {number} of '{runtime.id}' is in use by {', '.join(users) or 'itself'}."
            )
        self._store.count_mutation(now)
        seconds, reason = self._store.outcome("DeleteAgentRuntime", self._store.delays.delete)

        def end() -> None:
            if reason is None:
                del runtime.versions[number]

        status = "DELETE_FAILED" if reason else "DELETING"
        version.start("DELETING", now, Change(now + seconds, status, reason, end))
        return version.status


def check_idle(runtime: Runtime) -> None:
    """Check that no change of a runtime is under way.

    Raises:
        ServiceError: ConflictException.
    """
    if runtime.status in BUSY:
        raise conflict(
            f"Agent runtime '{runtime.id}' is {runtime.status}; wait until that has ended."
        )
