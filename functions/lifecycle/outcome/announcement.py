"""Send an event about a finished execution to EventBridge."""

from __future__ import annotations

import json
from typing import Any

from lifecycle.entry import THROTTLES
from lifecycle.errors import AwsCallError, ServiceUnavailableError

EVENT_SOURCE = "agentcore.lifecycle"


def announce(
    events: Any, bus: str, execution: str, detail_type: str, detail: dict[str, Any]
) -> None:
    """Put one event on the event bus.

    Args:
        events: A boto3 EventBridge client.
        bus: The event bus.
        execution: ARN of the execution that the event is about.
        detail_type: What happened, such as `Environment Ready`.
        detail: The event's detail.

    Raises:
        ServiceUnavailableError: EventBridge did not accept the event for now.
        AwsCallError: EventBridge refused the event.
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
        # These errors are temporary (API reference, PutEventsResultEntry). PutEvents itself succeeds.
        if entry.get("ErrorCode") in ("InternalException", "InternalFailure", *THROTTLES):
            raise ServiceUnavailableError(f"{text}; the lifecycle retries this step")
        raise AwsCallError(
            f"{text}; only the event is missing: the environments' records are up to date"
        )
