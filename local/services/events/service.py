"""EventBridge and EventBridge Scheduler: delivers events to targets, and fires schedules."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.moto import events as moto_events
from local.services.events.dead_letters import Failure, attributes
from local.services.events.target_input import target_input
from local.services.events.targets import Targets
from local.services.events.timers import Timers

log = logging.getLogger(__name__)

_TICK_SECONDS = 0.5
_RETRIES = 2

Clock = Callable[[], datetime]
"""Returns the current time, with a time zone."""


def _present() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class _Delivery:
    """An event on its way to a target.

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
        """True for a rule, false for a schedule."""
        return self.source_arn.split(":")[2] == "events"

    @property
    def payload(self) -> Any:
        """What the target receives, see `target_input`."""
        return target_input(self.target, self.event, self.source_arn)


class Events:
    """Delivers events, and fires rules and schedules when they are due.

    Events are delivered in a thread, after the call that put the event has returned. Each delivery is
    tried up to three times (EventBridge retries for 24 hours). An event that cannot be delivered goes to
    the target's dead-letter queue.

    Args:
        client: Makes a boto3 client by service name; the call log shows its calls as those of `events`.
        account_id: Account.
        region: Region.
        clock: Returns the current time; tests pass their own and call `tick`.
    """

    def __init__(
        self,
        *,
        client: Callable[[str], Any],
        account_id: str,
        region: str,
        clock: Clock = _present,
    ) -> None:
        self.clock = clock
        self._targets = Targets(client, lambda: self.clock())
        self._timers = Timers(account_id, region, self.take)
        self._deliveries: queue.Queue[_Delivery | None] = queue.Queue()
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._deliver_all, name="event-delivery", daemon=True),
            threading.Thread(target=self._watch_clock, name="event-clock", daemon=True),
        ]
        moto_events.deliver_events_to(self.take)
        for thread in self._threads:
            thread.start()

    def take(self, target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> None:
        """Queue an event for a target of a rule."""
        self._deliveries.put(_Delivery(target, event, rule_arn))

    def flush(self) -> None:
        """Wait until every queued event has been delivered or has failed."""
        self._deliveries.join()

    def tick(self) -> None:
        """Fire every rule and schedule that has become due since the last tick.

        A new one counts from now. One that was due several times fires once.
        """
        self._timers.tick(self.clock())

    def close(self) -> None:
        """Stop both threads; events that are still queued are dropped."""
        moto_events.deliver_events_to(None)
        self._closing.set()
        self._deliveries.put(None)
        for thread in self._threads:
            thread.join()

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
                self._targets.deliver(target, delivery.payload)
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
        """Send an event that could not be delivered to the target's dead-letter queue, if it has one."""
        queue_arn = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue_arn:
            return
        # A rule's queue receives the original event; a schedule's receives the target's payload.
        content = delivery.event if delivery.of_rule else delivery.payload
        self._targets.send_message(
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
