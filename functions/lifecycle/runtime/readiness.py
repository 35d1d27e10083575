"""Check the runtime: whether its newest version is ready on the endpoint DEFAULT."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from lifecycle.agent_log.last_error import AgentLog
from lifecycle.agent_log.private import private_texts
from lifecycle.clients import CLIENTS, Clients
from lifecycle.errors import EnvironmentNotFoundError, RuntimeFailedError, WaitTimeoutError
from lifecycle.record import Record
from lifecycle.request.stage_event import Polled, StageEvent
from lifecycle.runtime import agentcore, comparison
from lifecycle.runtime.agentcore import DEFAULT_ENDPOINT, READY
from lifecycle.runtime.description import DeployedRuntime, describe_runtime
from lifecycle.sections.runtime import RuntimeRecord
from lifecycle.settings import Settings
from lifecycle.table import Records


class Readiness(Polled):
    """What `check_runtime` returns; done when the runtime is ready and DEFAULT serves its newest version.

    Attributes:
        redeploy: The runtime is no longer busy with an earlier change: deploy it again.
        status: The status of the runtime, or of DEFAULT once the runtime is ready.
        runtime: The runtime at DEFAULT; null while there is none.
    """

    redeploy: bool
    status: str
    runtime: DeployedRuntime | None


def check_runtime(event: StageEvent, *, clients: Clients = CLIENTS) -> Readiness:
    """Check once whether the runtime is ready. Called until done.

    Args:
        event: The stage's event; the deadline is the runtime's.
        clients: DynamoDB, AgentCore and CloudWatch Logs.

    Returns:
        Whether the runtime is ready, or must be deployed again.

    Raises:
        EnvironmentNotFoundError: The record lists no runtime.
        RuntimeFailedError: The runtime or DEFAULT failed; has AgentCore's reason.
        WaitTimeoutError: The deadline passed.
    """
    settings = Settings.load()
    records = Records(clients.dynamodb, settings.table_name)
    environment = event.request.environment
    runtime = deployed_record(records.get(environment), environment)
    runtime_id = str(runtime.id)
    observed = agentcore.get_runtime(clients.agentcore_control, runtime_id)
    if observed is None:
        # The runtime was being deleted, or was deleted in the meantime: deploy creates another.
        return _looked(event, clients, runtime, "DELETED", redeploy=True)
    endpoint = agentcore.get_endpoint(clients.agentcore_control, runtime_id, DEFAULT_ENDPOINT)
    status, version = observed["status"], observed["agentRuntimeVersion"]
    if status not in agentcore.BUSY and _needs_another_deploy(runtime, observed):
        return _looked(event, clients, runtime, status, redeploy=True)
    ours = runtime.version == version
    runtime.version = version
    if not _is_pending(runtime):
        _refuse_failures(
            event, clients, records, runtime, {"runtime": observed, "endpoint DEFAULT": endpoint}
        )
    if status == READY and endpoint is not None:
        status = endpoint["status"]
        if agentcore.serves(endpoint, version):
            if ours:
                _remember_the_form(event, records, runtime, observed)
            return _looked(event, clients, runtime, READY, done=True)
    return _looked(event, clients, runtime, status)


def _remember_the_form(
    event: StageEvent, records: Records, runtime: RuntimeRecord, observed: dict[str, Any]
) -> None:
    """Record the parts that AgentCore gives back in another form than they were asked in, so that they are no drift."""
    echoed = comparison.echoed(observed, runtime)
    if echoed != runtime.echoed:
        runtime.echoed = echoed
        records.update(event.request.environment, event.execution, runtime=runtime)


def _is_pending(runtime: RuntimeRecord) -> bool:
    return runtime.deployment is not None and runtime.deployment.change == "pending"


def _needs_another_deploy(runtime: RuntimeRecord, observed: dict[str, Any]) -> bool:
    if _is_pending(runtime):
        return True
    # Only an update can require MMDSv2, and a runtime without it may be ready but refuse calls. One update is enough:
    # after it, AgentCore's answer is final.
    created = runtime.deployment is not None and runtime.deployment.change == "created"
    metadata = observed.get("metadataConfiguration") or {}
    return (
        created
        and observed["status"] == READY
        and observed["agentRuntimeVersion"] == runtime.version
        and metadata.get("requireMMDSV2") is False
    )


def _refuse_failures(
    event: StageEvent,
    clients: Clients,
    records: Records,
    runtime: RuntimeRecord,
    seen: dict[str, dict[str, Any] | None],
) -> None:
    for what, state in seen.items():
        if state is None or state["status"] not in agentcore.FAILED:
            continue
        reason = state.get("failureReason") or "AgentCore gives no reason"
        text = f"{what} {runtime.id} is {state['status']} on version {runtime.version}: {reason}"
        runtime.failed_version, runtime.failed_reason = runtime.version, text
        record = records.update(event.request.environment, event.execution, runtime=runtime)
        text = f"{' '.join(text.split())}; fix the cause and retry the execution"
        # On platform V2, AgentCore starts the agent before the runtime is ready.
        private = private_texts(event.request)
        log = AgentLog(clients.quick_logs, str(runtime.id), DEFAULT_ENDPOINT, private)
        told = log.error(_begun(record))
        raise RuntimeFailedError(f"{text}; {told}" if told else text)


def _begun(record: Record) -> float:
    """When the execution took the lock, in seconds since the epoch."""
    lock = record.lock
    return datetime.fromisoformat(lock.acquired_at).timestamp() if lock else time.time()


def _looked(
    event: StageEvent,
    clients: Clients,
    runtime: RuntimeRecord,
    status: str,
    *,
    done: bool = False,
    redeploy: bool = False,
) -> Readiness:
    if not done and event.overdue:
        raise WaitTimeoutError(
            f"runtime {runtime.id} was still {status} after {event.request.wait.timeout_seconds} s; look at it in the "
            "AgentCore console, or raise wait.timeoutSeconds, and retry"
        )
    described = describe_runtime(clients, runtime, DEFAULT_ENDPOINT, runtime.version or "")
    polled = event.looked(done=done, ended=redeploy and status == READY)
    return Readiness(**polled, redeploy=redeploy, status=status, runtime=described)


def deployed_record(record: Record | None, environment: str) -> RuntimeRecord:
    """The runtime of a record.

    Raises:
        EnvironmentNotFoundError: The record lists no runtime.
    """
    runtime = record.runtime if record else None
    if runtime is None or runtime.id is None:
        raise EnvironmentNotFoundError(
            f"environment '{environment}' has no runtime in its record; provision it first"
        )
    return runtime
