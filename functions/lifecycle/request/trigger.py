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
from lifecycle.settings import Settings

_S3 = "aws.s3"
_SCHEDULER = "aws.scheduler"
# Ids that can be part of an execution's name, which has at most 80 characters.
_PLAIN_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class TriggerSettings(Settings):
    """The state machines to start."""

    lifecycle_machine_arn: str
    fleet_machine_arn: str


class TriggerEvent(Wire):
    """An EventBridge envelope; other fields are passed on unchanged."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(min_length=1)
    source: str
    detail_type: str = Field(alias="detail-type")
    detail: dict[str, Any]


class Started(Wire):
    """What `start_execution` returns.

    Attributes:
        execution: The execution's name.
        started: False when an earlier delivery of the event started an execution of that name, and it has ended.
    """

    execution: str
    started: bool


def start_execution(event: TriggerEvent, *, clients: Clients = CLIENTS) -> Started:
    """Start the execution that an event asks for.

    A new agent source in S3 starts the fleet's state machine, which rebuilds the environments that use the source. A
    schedule starts the fleet's state machine with the detail as input. Any other event starts the lifecycle's state
    machine with the envelope as input.

    Args:
        event: The envelope.
        clients: Step Functions.

    Returns:
        The execution's name, and whether this delivery started it.
    """
    settings = TriggerSettings.load()
    machine, name, given = _execution(event, settings)
    try:
        clients.stepfunctions.start_execution(
            stateMachineArn=machine, name=name, input=json.dumps(given, ensure_ascii=False)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise
        logger.info("delivered before", extra={"started_before": name})
        return Started(execution=name, started=False)
    logger.info("execution started", extra={"started": name})
    return Started(execution=name, started=True)


def _execution(event: TriggerEvent, settings: TriggerSettings) -> tuple[str, str, dict[str, Any]]:
    if event.source == _S3:
        bucket, item = event.detail["bucket"]["name"], event.detail["object"]
        # S3 may send two events for one upload, with different ids.
        upload = item.get("version-id") or item.get("sequencer") or event.id
        name = f"source-{names.digest([bucket, item['key'], upload])[:32]}"
        source = {"bucket": bucket, "key": item["key"]}
        return settings.fleet_machine_arn, name, {"action": "rebuild", "source": source}
    if event.source == _SCHEDULER:
        # The id of the template's schedules is an action and a time. Execution names allow no colon.
        name = f"schedule-{_plain(event.id.replace(':', '-'))}"
        return settings.fleet_machine_arn, name, event.detail
    own = _plain(event.id)
    return settings.lifecycle_machine_arn, f"event-{own}", event.model_dump(by_alias=True)


def _plain(identity: str) -> str:
    # EventBridge's ids are UUIDs; any other id is hashed if it does not fit into a name.
    return identity if _PLAIN_ID.fullmatch(identity) else names.digest(identity)
