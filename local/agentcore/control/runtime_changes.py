"""Changes of a runtime that take time: how each starts, and what is true when it ends.

The caller holds `store.using()`.
"""

from __future__ import annotations

from typing import Any

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
from local.agentcore.model.errors import conflict


def check_idle(runtime: Runtime) -> None:
    """Check that no change of a runtime is under way.

    Raises:
        ServiceError: ConflictException.
    """
    if runtime.status in BUSY:
        raise conflict(
            f"Agent runtime '{runtime.id}' is {runtime.status}; wait until that has ended."
        )


def new_runtime(store: Store, name: str, tags: dict[str, str], now: float) -> Runtime:
    """Make a runtime with the endpoint DEFAULT; it is not in the store yet."""
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


def add_version(
    store: Store, runtime: Runtime, configuration: dict[str, Any], operation: str, now: float
) -> Version:
    """Start a version; at its end DEFAULT serves it, or stays where it was if it failed."""
    creating = operation == "CreateAgentRuntime"
    delays = store.delays
    seconds, reason = store.outcome(operation, delays.create if creating else delays.update)
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
            store.serves(runtime.id)
        default.target = default.live or version.number

    # A failed version leaves DEFAULT serving the one before; the first has none before it.
    stays = default.live and store.readings["failed-update"] == "ready"
    end = "READY" if reason is None or stays else status
    failure = None if end == "READY" else reason
    busy_endpoint = "UPDATING" if default.live else "CREATING"
    default.start(busy_endpoint, now, Change(now + seconds, end, failure, follow))
    return version


def delete_runtime(store: Store, runtime: Runtime, now: float) -> str:
    """Start the deletion of a runtime; at its end the store forgets it.

    Returns:
        Its status now.

    Raises:
        ServiceError: ConflictException if it is changing or has endpoints of its own; ThrottlingException.
    """
    check_idle(runtime)
    custom = sorted(name for name in runtime.endpoints if name != DEFAULT)
    if custom:
        raise conflict(
            f"'{runtime.id}' still has endpoints; delete them first: {', '.join(custom)}."
        )
    store.count_mutation(now)
    seconds, reason = store.outcome("DeleteAgentRuntime", store.delays.delete)
    default = runtime.endpoints[DEFAULT]
    before, live = default.status, default.live

    def end() -> None:
        if reason is None:
            store.forget(runtime.id)
        else:
            default.status, default.live = before, live

    runtime.deletion = Stateful("DELETING", now)
    default.status = "DELETING"
    change = Change(now + seconds, "DELETE_FAILED" if reason else "DELETING", reason, end)
    runtime.deletion.start("DELETING", now, change)
    return runtime.status


def delete_version(store: Store, runtime: Runtime, number: str, now: float) -> str:
    """Start the deletion of a version.

    Returns:
        Its status now.

    Raises:
        ServiceError: ConflictException if it is in use or the runtime is changing; ThrottlingException.
    """
    check_idle(runtime)
    version = store.version(runtime, number)
    if version.status in BUSY:
        raise conflict(f"Version {number} of '{runtime.id}' is {version.status}.")
    users = [e.name for e in runtime.endpoints.values() if number in (e.live, e.target)]
    if users or len(runtime.versions) == 1:
        raise conflict(
            f"Version {number} of '{runtime.id}' is in use by {', '.join(users) or 'itself'}."
        )
    store.count_mutation(now)
    seconds, reason = store.outcome("DeleteAgentRuntime", store.delays.delete)

    def end() -> None:
        if reason is None:
            del runtime.versions[number]

    status = "DELETE_FAILED" if reason else "DELETING"
    version.start("DELETING", now, Change(now + seconds, status, reason, end))
    return version.status
