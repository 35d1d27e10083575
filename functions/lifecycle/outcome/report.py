"""Report the outcome: release the lock, make the output, and announce it as an event."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from lifecycle.clients import CLIENTS, Clients
from lifecycle.durations import StackDurations
from lifecycle.entry import Wire
from lifecycle.outcome.announcement import announce
from lifecycle.outcome.automatic import AutoRollback, Verified
from lifecycle.outcome.cause import Failure, RawFailure, failed_state, readable
from lifecycle.polling.schedule import Learned
from lifecycle.record import Record
from lifecycle.request.inputs import unwrap
from lifecycle.request.limits.environment import environment_of
from lifecycle.settings import Settings
from lifecycle.table import Records


class OutcomeSettings(Settings):
    """Where finished executions are announced."""

    event_bus_name: str


class OutcomeEvent(Wire):
    """Everything that the execution collected; parts that it did not reach are null."""

    execution: str
    request: Any = None
    failure: RawFailure | None = None
    verification: RawFailure | None = None
    auto_rollback: AutoRollback | None = None
    teardown_failure: RawFailure | None = None
    timings: dict[str, float] = Field(default_factory=dict)
    runtime: dict[str, Any] | None = None
    auth: dict[str, Any] | None = None
    artifact: dict[str, Any] | None = None
    observability: dict[str, Any] | None = None
    gateway: dict[str, Any] | None = None
    credentials: dict[str, Any] | None = None
    canary: dict[str, Any] | None = None
    smoke_test: dict[str, Any] | None = None
    promotion: dict[str, Any] | None = None
    change: str | None = None
    repaired: list[str] = Field(default_factory=list)
    teardown: dict[str, Any] | None = None
    plan: dict[str, Any] | None = None
    learned: Learned = Field(default_factory=dict)

    @property
    def environment(self) -> str | None:
        """The environment that the request is about, also if it was refused; None when it has no valid name."""
        return environment_of(self.request)

    @property
    def verified(self) -> Verified | None:
        """The verification that was to roll back by itself, if this execution is one that failed."""
        if self.verification is None:
            return None
        return Verified(
            verification=self.verification, rollback=self.auto_rollback, failure=self.failure
        )


class Outcome(Wire):
    """The output of the execution, or its failure."""

    output: dict[str, Any]
    failure: Failure | None = None


def report_outcome(event: OutcomeEvent, *, clients: Clients = CLIENTS) -> Outcome:
    """Release the lock, or delete the record of a removed environment; make the output; announce it as an event.

    Args:
        event: What the execution collected.
        clients: DynamoDB and EventBridge.

    Returns:
        The output of the execution, and the failure (readable) if there was one.
    """
    settings = OutcomeSettings.load()
    failure = readable(event.failure) if event.failure else None
    teardown_failure = readable(event.teardown_failure) if event.teardown_failure else None
    if failure and teardown_failure:
        failure = Failure(
            error=failure.error,
            cause=f"{failure.cause} (and the teardown failed: {teardown_failure.error}: {teardown_failure.cause})",
        )
    failure = failure or teardown_failure
    verified = event.verified
    if verified is not None:
        failure = verified.told(None)
    environment = event.environment
    records = Records(clients.dynamodb, settings.table_name)
    record = None
    if environment is not None and failure is None and _made_it_ready(event):
        record = _ready(records, environment, event)
    elif environment is not None:
        record = records.get(environment)
        if verified is not None:
            failure = verified.told(record)
        if record is not None:
            _close(records, record, event, failure)
    if record is not None:
        _teach(StackDurations(clients.dynamodb, settings.table_name), record, event.learned)
    output = _output(event, environment, record, failure)
    # A dry run that succeeds changed nothing, so there is nothing to announce.
    if failure or not _only_looked(event):
        bus, kind = settings.event_bus_name, _detail_type(event, failure)
        announce(clients.events, bus, event.execution, kind, output)
    return Outcome(output=output, failure=failure)


def _only_looked(event: OutcomeEvent) -> bool:
    """Whether an execution that did not fail was a dry run."""
    return event.plan is not None or bool(event.teardown and event.teardown.get("dryRun"))


def _made_it_ready(event: OutcomeEvent) -> bool:
    """Whether an execution that did not fail has provisioned an environment or rolled it back, and left it."""
    succeeded = event.request.get("action") in ("provision", "rollback") and event.plan is None
    return bool(succeeded) and event.teardown is None


def _ready(records: Records, environment: str, event: OutcomeEvent) -> Record | None:
    """Release the lock of an environment that is ready, in one call; returns the record as it was before."""
    changes: dict[str, Any] = {"state": "READY", "state_reason": None}
    if event.learned:
        changes["learned"] = event.learned
    proven = {"proven_request": "request"}
    return records.release(environment, event.execution, proven, **changes)


def _close(records: Records, record: Record, event: OutcomeEvent, failure: Failure | None) -> None:
    environment = record.environment
    if record.lock is None or record.lock.execution != event.execution:
        return
    removed = event.teardown is not None and not event.teardown.get("dryRun")
    if removed and event.teardown_failure is None and record.is_empty:
        records.delete(environment, event.execution)
        return
    changes = _last_state(record, event, failure)
    if event.learned != record.learned:
        changes["learned"] = event.learned
    records.release(environment, event.execution, **changes)


def _teach(stack: StackDurations, record: Record, learned: Learned) -> None:
    """Tell the stack's other environments what this execution measured."""
    stack.write({kind: runs for kind, runs in learned.items() if runs != record.learned.get(kind)})


def _last_state(record: Record, event: OutcomeEvent, failure: Failure | None) -> dict[str, Any]:
    verified = event.verified
    if failure is not None and verified is not None and verified.is_rolled_back:
        # The promotion has noted the request of the version that `live` serves now.
        ready = {"state": "READY", "proven_request": record.request}
        return {**ready, "state_reason": f"{failure.error}: {failure.cause}"}
    if failure is not None:
        changes = failed_state(event.request, failure)
        if changes and _has_promoted(record, event):
            # What failed is the gateway in front of `live`. Whoever tests `live` needs what it was provisioned with.
            changes["proven_request"] = record.request
        return changes
    if event.request.get("action") == "provision" and event.plan is None:
        return {"state": "READY", "state_reason": None, "proven_request": record.request}
    return {}


def _has_promoted(record: Record, event: OutcomeEvent) -> bool:
    """Whether `live` serves the version that this execution has provisioned."""
    runtime = record.runtime
    note = runtime.promotion if runtime else None
    if runtime is None or note is None or note.execution != event.execution:
        return False
    return note.version == runtime.live_version and not note.begun


def _output(
    event: OutcomeEvent, environment: str | None, record: Record | None, failure: Failure | None
) -> dict[str, Any]:
    request = unwrap(event.request)
    action = request.get("action", "provision") if isinstance(request, dict) else None
    output: dict[str, Any] = {
        "environment": environment,
        "action": action,
        "execution": event.execution,
        "runtime": event.runtime,
        "auth": event.auth,
        "artifact": event.artifact,
        "observability": event.observability,
        "gateway": _gateway(event, record),
        "credentials": event.credentials,
        "smokeTest": event.smoke_test or _failed_smoke_test(event, record),
        "autoRollback": None,
        "canary": event.canary,
        "promotion": event.promotion,
        "change": event.change,
        "repaired": event.repaired,
        "timings": event.timings,
        "teardown": event.teardown,
        "plan": event.plan,
    }
    if event.verified is not None:
        kept = output["smokeTest"]
        output |= {"action": "smokeTest", **event.verified.output(record, kept)}
    if failure is not None:
        output["failure"] = failure.model_dump(by_alias=True)
    return output


def _failed_smoke_test(event: OutcomeEvent, record: Record | None) -> dict[str, Any] | None:
    kept = record.failed_smoke_test if record else None
    return kept.report if kept and kept.execution == event.execution else None


def _gateway(event: OutcomeEvent, record: Record | None) -> dict[str, Any] | None:
    """What was done to the gateway, with the checks of its test, also if that failed."""
    kept = record.failed_gateway_test if record else None
    if kept is None or kept.execution != event.execution:
        return event.gateway
    tested = {name: kept.report.get(name) for name in ("id", "only", "url", "endpoint", "checks")}
    return {"change": None, "repaired": [], **(event.gateway or {}), **tested}


def _detail_type(
    event: OutcomeEvent, failure: Failure | None
) -> Literal["Environment Ready", "Environment Failed", "Environment Removed"]:
    if failure is not None:
        return "Environment Failed"
    if event.teardown is not None:
        return "Environment Removed"
    return "Environment Ready"
