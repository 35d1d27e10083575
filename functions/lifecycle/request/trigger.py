"""Start an execution for an event: only one, even if the event is delivered several times.

EventBridge delivers an event at least once, and if a state machine is its target, each delivery gets a new execution
name (EventBridge user guide, "Amazon EventBridge event targets"). A schedule may also fire twice (EventBridge Scheduler
user guide, "at least once"). So the event's id becomes the execution's name, which Step Functions accepts only once
(API reference, StartExecution: idempotent by name).
"""

from __future__ import annotations

import json
import re
from typing import Any

from botocore.exceptions import ClientError
from pydantic import ConfigDict, Field

from lifecycle import names
from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire, logger
from lifecycle.errors import InvalidRequestError
from lifecycle.request.inputs import is_unicode, refuse_deep, require_object, shown
from lifecycle.settings import Settings

_S3 = "aws.s3"
_SCHEDULER = "aws.scheduler"
_STATES = "aws.states"
# What an event may ask for of the fields that decide whether something is removed or rolled back.
_REBUILDS = {"action": "provision", "teardown": "never", "autoRollback": False}
# Step Functions, "Service quotas": the input of an execution.
_LARGEST_INPUT = 262_144
# Ids that can be part of an execution's name, which has at most 80 characters.
_PLAIN_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class TriggerSettings(Settings):
    """The state machines to start."""

    lifecycle_machine_arn: str
    fleet_machine_arn: str


class TriggerEvent(Wire):
    """An EventBridge envelope; other fields are passed on unchanged.

    Every field takes any value, so that `start_execution` can describe what is wrong in one sentence.
    """

    model_config = ConfigDict(extra="allow")

    id: Any = None
    source: Any = None
    detail_type: Any = Field(default=None, alias="detail-type")
    detail: Any = None


class Started(Wire):
    """What `start_execution` returns.

    Attributes:
        execution: The execution's name; null when an execution of the lifecycle ended and left nothing behind.
        started: False when an earlier delivery of the event started an execution of that name, and it has ended; or
            when there is nothing to start.
    """

    execution: str | None
    started: bool


def start_execution(event: TriggerEvent, *, clients: Clients = CLIENTS) -> Started:
    """Start the execution that an event asks for.

    A new agent source in S3 starts the fleet's state machine, which rebuilds the environments that use the source. A
    schedule starts the fleet's state machine with the detail as input. An execution of the lifecycle that failed or was
    stopped while callers tried its version starts one that takes them back. Any other event starts the lifecycle's
    state machine with the envelope as input.

    Args:
        event: The envelope.
        clients: Step Functions and DynamoDB.

    Returns:
        The execution's name, and whether this delivery started it.

    Raises:
        InvalidRequestError: The event is no envelope, or asks for something else than a rebuild. Lambda tries it
            again, and then keeps it in the queue of lost events.
    """
    settings = TriggerSettings.load()
    ended = event.source == _STATES
    asked = _after_the_end(event, settings, clients) if ended else _execution(event, settings)
    if asked is None:
        return Started(execution=None, started=False)
    machine, name, given = asked
    try:
        answer = clients.stepfunctions.start_execution(
            stateMachineArn=machine, name=name, input=_as_input(given)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise
        logger.info("delivered before", extra={"started_before": name})
        return Started(execution=name, started=False)
    logger.info("execution started", extra={"execution": answer["executionArn"], "event": event.id})
    return Started(execution=name, started=True)


def _execution(event: TriggerEvent, settings: TriggerSettings) -> tuple[str, str, dict[str, Any]]:
    detail = require_object(event.detail, "detail")
    refuse_deep(event.model_dump(by_alias=True))
    identity = _text(event.id, "id")
    source = _text(event.source, "source")
    _text(event.detail_type, "detail-type")
    if source == _S3:
        bucket = _text(
            require_object(detail.get("bucket"), "detail.bucket").get("name"), "detail.bucket.name"
        )
        item = require_object(detail.get("object"), "detail.object")
        _text(item.get("key"), "detail.object.key")
        # S3 may send two events for one upload, with different ids.
        upload = _upload(item) or identity
        name = f"source-{names.digest([bucket, item['key'], upload])[:32]}"
        uploaded = {"bucket": bucket, "key": item["key"]}
        return settings.fleet_machine_arn, name, {"action": "rebuild", "source": uploaded}
    if source == _SCHEDULER:
        # The id of the template's schedules is an action and a time. Execution names allow no colon.
        name = f"schedule-{_plain(identity.replace(':', '-'))}"
        return settings.fleet_machine_arn, name, detail
    _refuse_removals(event.detail_type, detail)
    own = _plain(identity)
    return settings.lifecycle_machine_arn, f"event-{own}", event.model_dump(by_alias=True)


def _after_the_end(
    event: TriggerEvent, settings: TriggerSettings, clients: Clients
) -> tuple[str, str, dict[str, Any]] | None:
    # Only these events pay for this import.
    from lifecycle.request.canaries.stopped import what_clears

    detail = require_object(event.detail, "detail")
    ended = _text(detail.get("executionArn"), "detail.executionArn")
    own = _plain(_text(event.id, "id"))
    given = what_clears(ended, clients, settings.table_name)
    return None if given is None else (settings.lifecycle_machine_arn, f"event-{own}", given)


def _upload(item: dict[str, Any]) -> str | None:
    for name in ("version-id", "sequencer"):
        if item.get(name):
            return _text(item[name], f"detail.object.{name}")
    return None


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value or not is_unicode(value):
        raise InvalidRequestError(
            f"{name}: given {shown(value)}, allowed: a string that is not empty"
        )
    return value


def _as_input(given: dict[str, Any]) -> str:
    """The input of an execution as Step Functions takes it: JSON of bounded size."""
    try:
        text = json.dumps(given, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except ValueError:
        raise InvalidRequestError(
            "detail: given a number without a value or half a surrogate pair, allowed: JSON that UTF-8 can carry"
        ) from None
    if size > _LARGEST_INPUT:
        raise InvalidRequestError(
            f"detail: given an event of {size} bytes, allowed: at most {_LARGEST_INPUT} bytes"
        )
    return text


def _refuse_removals(detail_type: str, detail: dict[str, Any]) -> None:
    """Refuse an event that asks for more than a rebuild: who may send events may not remove environments."""
    for name, value in _REBUILDS.items():
        given = detail.get(name, value)
        if given != value:
            raise InvalidRequestError(
                f"{name}: given {shown(given)}, allowed in an event {shown(detail_type)}: {value}; to do anything "
                "else, start an execution"
            )


def _plain(identity: str) -> str:
    # EventBridge's ids are UUIDs; any other id is hashed if it does not fit into a name.
    return identity if _PLAIN_ID.fullmatch(identity) else names.digest(identity)
