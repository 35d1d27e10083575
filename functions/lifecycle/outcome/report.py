"""The end of an execution: note a failure, give the lock back, tell the world, make the output."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from pydantic import Field

from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import THROTTLES, Wire
from lifecycle.errors import AwsCallError, ServiceUnavailableError
from lifecycle.record import Record, State
from lifecycle.request.inputs import unwrap
from lifecycle.request.model import ENVIRONMENT_PATTERN
from lifecycle.settings import Settings
from lifecycle.table import Records

EVENT_SOURCE = "agentcore.lifecycle"
_CAUSE_LENGTH = 1000


class Failure(Wire):
    """An error and its cause, as Step Functions' Fail state takes them."""

    error: str
    cause: str


class RawFailure(Wire):
    """`$states.errorOutput` as it was caught."""

    error: str = Field(alias="Error")
    cause: str = Field(default="", alias="Cause")


class FailureEvent(Wire):
    """What the failure path gives to `record_failure`."""

    execution: str
    request: Any = None
    failure: RawFailure


class OutcomeSettings(Settings):
    """Where the finished execution is announced."""

    event_bus_name: str


class OutcomeEvent(Wire):
    """Everything that the execution gathered on its way; what it did not reach is null."""

    execution: str
    request: Any = None
    failure: RawFailure | None = None
    teardown_failure: RawFailure | None = None
    timings: dict[str, float] = Field(default_factory=dict)
    runtime: dict[str, Any] | None = None
    auth: dict[str, Any] | None = None
    artifact: dict[str, Any] | None = None
    smoke_test: dict[str, Any] | None = None
    promotion: dict[str, Any] | None = None
    change: str | None = None
    repaired: list[str] = Field(default_factory=list)
    teardown: dict[str, Any] | None = None


class Outcome(Wire):
    """The output of the execution, or its failure."""

    output: dict[str, Any]
    failure: Failure | None = None


def readable(failure: RawFailure) -> Failure:
    """Take the one line that a person can act on out of what Step Functions caught.

    A failed Lambda function's cause is the JSON of its error (`errorMessage`, `errorType`, `stackTrace`); any other
    cause is taken as it is.
    """
    cause = failure.cause
    try:
        parsed = json.loads(cause)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        cause = str(parsed.get("errorMessage") or parsed.get("Cause") or cause)
    cause = " ".join(cause.split()) or "no cause given; see the execution's history"
    return Failure(
        error=failure.error,
        cause=cause if len(cause) <= _CAUSE_LENGTH else f"{cause[: _CAUSE_LENGTH - 1]}…",
    )


def record_failure(event: FailureEvent, *, clients: Clients = CLIENTS) -> Failure:
    """Write a failure into the environment's record, before anything is compensated.

    What only looked (a smoke test, a dry run) says nothing against the state of what serves, and leaves it as it is.

    Args:
        event: The execution, its request and what was caught.
        clients: DynamoDB.

    Returns:
        The failure, readable.

    Raises:
        LockLostError: Another execution took the environment over: it must not be touched any more.
    """
    failure = readable(event.failure)
    settings = Settings.load()
    environment = environment_of(event.request)
    if environment is not None:
        changes = _failed(failure) if _acts(event.request) else {}
        # The lock is proved also where nothing is to be written.
        Records(clients.dynamodb, settings.table_name).update(
            environment, event.execution, **changes
        )
    return failure


def _acts(request: Any) -> bool:
    return request.get("action") != "smokeTest" and not request.get("dryRun")


def _failed(failure: Failure) -> dict[str, Any]:
    return {"state": "FAILED", "state_reason": f"{failure.error}: {failure.cause}"}


def report_outcome(event: OutcomeEvent, *, clients: Clients = CLIENTS) -> Outcome:
    """Give the lock back, remove the record of a removed environment, put the event, make the output.

    Args:
        event: What the execution gathered.
        clients: DynamoDB and EventBridge.

    Returns:
        The output as DESIGN section 4 has it, and the failure (readable) if there was one.
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
    environment = environment_of(event.request)
    records = Records(clients.dynamodb, settings.table_name)
    record = records.get(environment) if environment is not None else None
    if record is not None:
        _close(records, record, event, failure)
    output = _output(event, environment, record, failure)
    # A dry run changed nothing that anybody would want to hear of.
    if failure or not (event.teardown and event.teardown.get("dryRun")):
        _announce(clients.events, settings.event_bus_name, event, output, failure)
    return Outcome(output=output, failure=failure)


def environment_of(request: Any) -> str | None:
    """The environment that a request, or an input that was refused, is about; None when it names none validly."""
    value = unwrap(request)
    if not isinstance(value, dict):
        return None
    name = value.get("environment", "dev")
    return name if isinstance(name, str) and re.match(ENVIRONMENT_PATTERN, name) else None


def _close(records: Records, record: Record, event: OutcomeEvent, failure: Failure | None) -> None:
    environment = record.environment
    if record.lock is None or record.lock.execution != event.execution:
        return
    removed = event.teardown is not None and not event.teardown.get("dryRun")
    if removed and event.teardown_failure is None and record.is_empty:
        records.delete(environment, event.execution)
        return
    changes = _last_state(record, event, failure)
    records.release(environment, event.execution, **changes)


def _last_state(record: Record, event: OutcomeEvent, failure: Failure | None) -> dict[str, Any]:
    if failure is not None:
        return _failed(failure) if _acts(event.request) else {}
    if event.request.get("action") == "provision":
        state: State = "READY"
        return {"state": state, "state_reason": None, "proven_request": record.request}
    return {}


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
        "smokeTest": event.smoke_test or _failed_smoke_test(event, record),
        "promotion": event.promotion,
        "change": event.change,
        "repaired": event.repaired,
        "timings": event.timings,
        "teardown": event.teardown,
    }
    if failure is not None:
        output["failure"] = failure.model_dump(by_alias=True)
    return output


def _failed_smoke_test(event: OutcomeEvent, record: Record | None) -> dict[str, Any] | None:
    kept = record.failed_smoke_test if record else None
    return kept.report if kept and kept.execution == event.execution else None


def _detail_type(
    event: OutcomeEvent, failure: Failure | None
) -> Literal["Environment Ready", "Environment Failed", "Environment Removed"]:
    if failure is not None:
        return "Environment Failed"
    if event.teardown is not None:
        return "Environment Removed"
    return "Environment Ready"


def _announce(
    events: Any, bus: str, event: OutcomeEvent, output: dict[str, Any], failure: Failure | None
) -> None:
    announce(events, bus, event.execution, _detail_type(event, failure), output)


def announce(
    events: Any, bus: str, execution: str, detail_type: str, detail: dict[str, Any]
) -> None:
    """Put one event of ours.

    Args:
        events: A boto3 EventBridge client.
        bus: The event bus.
        execution: ARN of the execution that it tells of.
        detail_type: What happened, such as `Environment Ready`.
        detail: The event's detail.

    Raises:
        ServiceUnavailableError: EventBridge did not take it for now.
        AwsCallError: EventBridge refused it.
    """
    answer = events.put_events(
        Entries=[
            {
                "EventBusName": bus,
                "Source": EVENT_SOURCE,
                "DetailType": detail_type,
                "Resources": [execution],
                "Detail": json.dumps(detail, ensure_ascii=False),
            }
        ]
    )
    if answer["FailedEntryCount"]:
        (entry,) = answer["Entries"]
        text = f"the event was not accepted: {entry.get('ErrorCode')}: {entry.get('ErrorMessage')}"
        # These pass (API reference, PutEventsResultEntry); the call itself succeeds all the same.
        if entry.get("ErrorCode") in ("InternalException", "InternalFailure", *THROTTLES):
            raise ServiceUnavailableError(f"{text}; it is tried again")
        raise AwsCallError(f"{text}; what it tells of is as the records say")
