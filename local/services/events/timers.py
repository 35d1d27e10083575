"""Rules and schedules that become due."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from local.moto import events as moto_events
from local.services.events.target_input import with_context
from local.services.events.timetable import ScheduleExpressionError, next_due

log = logging.getLogger(__name__)

Fire = Callable[[dict[str, Any], dict[str, Any], str], None]
"""Takes a target, the event, and the ARN of the rule or the schedule."""


class Timers:
    """Fires rules and schedules.

    Args:
        account_id: Account.
        region: Region.
        fire: Called once for each target of what is due.
    """

    def __init__(self, account_id: str, region: str, fire: Fire) -> None:
        self._account_id = account_id
        self._region = region
        self._fire_at = fire
        self._due: dict[tuple[str, str, str], datetime | None] = {}
        self._ticking = threading.Lock()

    def tick(self, now: datetime) -> None:
        """Fire every rule and schedule that has become due since the last call.

        A new one counts from `now`. One that was due several times fires once.

        Args:
            now: The current time, with a time zone.
        """
        with self._ticking:
            self._tick(now)

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
            self._fire_at(target, event, timer.arn)
