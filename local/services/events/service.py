"""EventBridge's deliveries: rules and schedules start executions and reach other targets."""

from __future__ import annotations

import json
import logging
import queue
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.moto import events as moto_events
from local.services.events.dead_letters import Failure, attributes
from local.services.events.target_input import PlainText, target_input, with_context
from local.services.events.timetable import ScheduleExpressionError, next_due

log = logging.getLogger(__name__)

_TICK_SECONDS = 0.5
_RETRIES = 2

Clock = Callable[[], datetime]
"""Returns the present, with a time zone."""


def _present() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class _Delivery:
    """An event that is on its way.

    Attributes:
        target: The target as the rule or the schedule has it.
        event: The event, the whole envelope.
        source_arn: ARN of the rule or the schedule.
    """

    target: dict[str, Any]
    event: dict[str, Any]
    source_arn: str

    @property
    def of_rule(self) -> bool:
        """Say whether it is a rule's, not a schedule's."""
        return self.source_arn.split(":")[2] == "events"

    @property
    def payload(self) -> Any:
        """What the target is to receive, see `target_input`."""
        return target_input(self.target, self.event, self.source_arn)


class Events:
    """Delivers events, and fires rules and schedules when they are due.

    Deliveries happen in a thread of their own, after the call that put the event has returned,
    each up to three times, as EventBridge delivers (there for 24 hours); what fails for good goes to the target's
    dead-letter queue.

    Args:
        client: Makes a boto3 client by service name; its calls show as those of `events`.
        account_id: Account.
        region: Region.
        clock: The present; tests put their own in its place and call `tick`.
    """

    def __init__(
        self,
        *,
        client: Callable[[str], Any],
        account_id: str,
        region: str,
        clock: Clock = _present,
    ) -> None:
        self._client = client
        self._account_id = account_id
        self._region = region
        self.clock = clock
        self._due: dict[tuple[str, str, str], datetime | None] = {}
        self._deliveries: queue.Queue[_Delivery | None] = queue.Queue()
        self._ticking = threading.Lock()
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._deliver_all, name="event-delivery", daemon=True),
            threading.Thread(target=self._watch_clock, name="event-clock", daemon=True),
        ]
        moto_events.deliver_events_to(self.take)
        for thread in self._threads:
            thread.start()

    def take(self, target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> None:
        """Take an event for a target of a rule, and deliver it soon."""
        self._deliveries.put(_Delivery(target, event, rule_arn))

    def flush(self) -> None:
        """Wait until all that was taken has been delivered, or given up."""
        self._deliveries.join()

    def tick(self) -> None:
        """Fire every rule and schedule that has become due since the last tick.

        What is seen for the first time counts from now; what was missed while nobody looked fires
        once.
        """
        with self._ticking:
            self._tick(self.clock())

    def _tick(self, now: datetime) -> None:
        known: dict[tuple[str, str, str], datetime | None] = {}
        for timer in moto_events.timers(self._account_id, self._region):
            key = (timer.arn, timer.expression, timer.timezone)
            due = self._due.get(key)
            try:
                if key not in self._due:
                    due = next_due(timer.expression, now, timer.timezone)
                if due is not None and due <= now:
                    moment, due = due, next_due(timer.expression, now, timer.timezone)
                    self._fire(timer, moment)
            except ScheduleExpressionError as error:
                log.warning("%s has no schedule: %s", timer.arn, error)
            except Exception:
                log.exception("%s could not fire", timer.arn)
            known[key] = due
        self._due = known

    def close(self) -> None:
        """End both threads; what was not delivered yet is not."""
        moto_events.deliver_events_to(None)
        self._closing.set()
        self._deliveries.put(None)
        for thread in self._threads:
            thread.join()

    def _fire(self, timer: moto_events.Timer, due: datetime) -> None:
        event: dict[str, Any] = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events" if timer.rule else "aws.scheduler",
            "account": self._account_id,
            "time": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._region,
            "resources": [timer.arn],
            "detail": {},
        }
        for target in timer.targets:
            if not timer.rule and target.get("Input"):
                text = with_context(target["Input"], timer.arn, event["id"], event["time"])
                target = {**target, "Input": text}
            self.take(target, event, timer.arn)

    def _watch_clock(self) -> None:
        while not self._closing.wait(_TICK_SECONDS):
            try:
                self.tick()
            except Exception:
                log.exception("the clock of rules and schedules failed")

    def _deliver_all(self) -> None:
        while (delivery := self._deliveries.get()) is not None:
            try:
                if not self._closing.is_set():
                    self._try(delivery)
            except Exception:
                log.exception("the delivery to %s failed", delivery.target.get("Arn"))
            finally:
                self._deliveries.task_done()
        self._deliveries.task_done()

    def _try(self, delivery: _Delivery) -> None:
        target = delivery.target
        wanted = (target.get("RetryPolicy") or {}).get("MaximumRetryAttempts", _RETRIES)
        most = min(wanted, _RETRIES)
        retries = 0
        while True:
            try:
                self._deliver(target, delivery.payload)
            except (ClientError, BotoCoreError) as error:
                log.warning("delivery %d to %s failed: %s", retries + 1, target["Arn"], error)
                failure = Failure.of(error)
            except Exception as error:
                log.exception("the delivery to %s failed", target.get("Arn"))
                failure = Failure.of(error)
            else:
                return
            if failure.final or retries >= most:
                self._keep(delivery, failure, retries)
                return
            retries += 1

    def _keep(self, delivery: _Delivery, failure: Failure, retries: int) -> None:
        """Send what could not be delivered to the target's dead-letter queue, if it has one."""
        queue_arn = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue_arn:
            return
        # A rule's queue has the event as it was; a schedule's has what the target was to receive.
        content = delivery.event if delivery.of_rule else delivery.payload
        self._send(
            queue_arn.rpartition(":")[2],
            content if isinstance(content, str) else json.dumps(content),
            attributes(
                failure,
                target=delivery.target,
                event=delivery.event,
                source_arn=delivery.source_arn,
                retries=retries,
            ),
        )

    def _send(self, name: str, text: str, notes: dict[str, Any] | None = None) -> None:
        sqs = self._client("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=text, MessageAttributes=notes or {})

    def _deliver(self, target: dict[str, Any], payload: Any) -> None:
        arn = target["Arn"]
        service, resource = arn.split(":", 5)[2], arn.split(":", 5)[5]
        # Who wants JSON refuses what is none.
        document = payload if isinstance(payload, PlainText) else json.dumps(payload)
        text = payload if isinstance(payload, str) else document
        if service == "states":
            self._client("stepfunctions").start_execution(stateMachineArn=arn, input=document)
        elif service == "lambda":
            self._client("lambda").invoke(
                FunctionName=arn, InvocationType="Event", Payload=document.encode()
            )
        elif service == "sqs":
            self._send(resource, text)
        elif service == "sns":
            self._client("sns").publish(TopicArn=arn, Message=text)
        elif service == "logs":
            self._log(resource.removeprefix("log-group:").removesuffix(":*"), text)
        elif service == "events" and resource.startswith("event-bus/"):
            self._forward(resource.removeprefix("event-bus/"), payload)
        else:
            log.warning("the embedded AWS cannot deliver events to %s", arn)

    def _log(self, group: str, text: str) -> None:
        logs = self._client("logs")
        stream = str(uuid.uuid4())
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        moment = int(self.clock().timestamp() * 1000)
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
