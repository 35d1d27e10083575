"""Sends an event to a target of a rule or a schedule."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from local.services.events.target_input import PlainText

log = logging.getLogger(__name__)


class Targets:
    """Calls the services that targets name.

    Args:
        client: Makes a boto3 client by service name.
        clock: Returns the current time.
    """

    def __init__(self, client: Callable[[str], Any], clock: Callable[[], datetime]) -> None:
        self._client = client
        self._clock = clock

    def deliver(self, target: dict[str, Any], payload: Any) -> None:
        """Send a payload to a target.

        Args:
            target: The target as the rule or the schedule has it.
            payload: What the target receives, see `target_input`.

        Raises:
            ClientError: The service refuses it.
            BotoCoreError: The service cannot be reached.
        """
        arn = target["Arn"]
        service, resource = arn.split(":", 5)[2], arn.split(":", 5)[5]
        # A target that requires JSON refuses plain text.
        document = payload if isinstance(payload, PlainText) else json.dumps(payload)
        text = payload if isinstance(payload, str) else document
        if service == "states":
            self._client("stepfunctions").start_execution(stateMachineArn=arn, input=document)
        elif service == "lambda":
            self._client("lambda").invoke(
                FunctionName=arn, InvocationType="Event", Payload=document.encode()
            )
        elif service == "sqs":
            self.send_message(resource, text)
        elif service == "sns":
            self._client("sns").publish(TopicArn=arn, Message=text)
        elif service == "logs":
            self._log(resource.removeprefix("log-group:").removesuffix(":*"), text)
        elif service == "events" and resource.startswith("event-bus/"):
            self._forward(resource.removeprefix("event-bus/"), payload)
        else:
            log.warning("the local AWS cannot deliver events to %s", arn)

    def send_message(self, name: str, text: str, notes: dict[str, Any] | None = None) -> None:
        """Send a message to an SQS queue.

        Args:
            name: Name of the queue.
            text: Body of the message.
            notes: Attributes of the message.
        """
        sqs = self._client("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=text, MessageAttributes=notes or {})

    def _log(self, group: str, text: str) -> None:
        logs = self._client("logs")
        stream = str(uuid.uuid4())
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        moment = int(self._clock().timestamp() * 1000)
        logs.put_log_events(
            logGroupName=group,
            logStreamName=stream,
            logEvents=[{"timestamp": moment, "message": text}],
        )

    def _forward(self, bus: str, event: dict[str, Any]) -> None:
        self._client("events").put_events(
            Entries=[
                {
                    "Source": event["source"],
                    "DetailType": event["detail-type"],
                    "Detail": json.dumps(event["detail"]),
                    "EventBusName": bus,
                }
            ]
        )
