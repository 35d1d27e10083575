"""Asynchronous invocations: a failed event is retried, then sent to the dead-letter queue."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

from local.services.functions.result import Result
from local.services.functions.spec import FunctionSpec

log = logging.getLogger(__name__)

RETRY_SECONDS = (0.5, 1.0)
"""Seconds before the second and the third attempt; Lambda's are one and two minutes (developer guide, "Asynchronous
invocation")."""


def invoke_later(
    spec: FunctionSpec,
    event: bytes,
    request_id: str,
    *,
    invoke: Callable[[], Result],
    client: Callable[[str], Any],
    closing: threading.Event,
) -> None:
    """Invoke a function in a thread of its own, up to three times.

    Args:
        spec: The function.
        event: Its event, JSON.
        request_id: Id of the invocation, the same for each attempt.
        invoke: Runs the function once.
        client: Makes a boto3 client, for the dead-letter queue.
        closing: Set when the local AWS stops: nothing is retried after that.
    """

    def run() -> None:
        result = invoke()
        for seconds in RETRY_SECONDS:
            if result.error is None or closing.wait(seconds):
                return
            result = invoke()
        if result.error is not None and not closing.is_set():
            _bury(spec, event, request_id, result, client)

    threading.Thread(target=run, name=f"event-of-{spec.logical_id}", daemon=True).start()


def _bury(
    spec: FunctionSpec,
    event: bytes,
    request_id: str,
    result: Result,
    client: Callable[[str], Any],
) -> None:
    message = str(json.loads(result.payload).get("errorMessage", ""))
    if spec.dead_letter_arn is None:
        log.warning("%s failed on event %s and drops it: %s", spec.name, request_id, message)
        return
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=spec.dead_letter_arn.rpartition(":")[2])["QueueUrl"]
    # ErrorMessage is the first KB of it (developer guide, "Adding a dead-letter queue").
    attributes = {"RequestID": request_id, "ErrorCode": "200", "ErrorMessage": message[:1024]}
    sqs.send_message(
        QueueUrl=url,
        MessageBody=event.decode(),
        MessageAttributes={
            name: {"StringValue": value or "-", "DataType": "String"}
            for name, value in attributes.items()
        },
    )
