"""EventBridge and EventBridge Scheduler: who delivers events, and which schedules there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from moto.events.models import Rule, events_backends
from moto.scheduler.models import scheduler_backends


class EventSink(Protocol):
    """Takes an event for one target of one rule."""

    def __call__(self, target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> None:
        """Deliver an event (the whole envelope) to a target of a rule."""


_sink: EventSink | None = None


def deliver_events_to(sink: EventSink | None) -> None:
    """Choose what delivers events to targets.

    Args:
        sink: Receives each event for each target; `None` drops events.
    """
    global _sink
    _sink = sink


def route_events() -> None:
    """Pass each event to the sink, once for each target of each enabled rule that matches.

    moto raises NotImplementedError for a state machine or a function, delivers for disabled rules,
    writes the time as a number, adds `ingestion-time`, and sends events of AWS services to every bus.
    Upstream: upstream/event-targets.md (state machines: getmoto/moto#8452),
    upstream/disabled-rules.md, upstream/event-time.md, upstream/service-events.md.
    """

    def send_to_targets(
        self: Rule, original_event: dict[str, Any], transform_input: bool = True
    ) -> None:
        event: Any = {
            name: value for name, value in original_event.items() if name != "ingestion-time"
        }
        bus = self.event_bus_name.rpartition("/")[2]
        if event["source"].startswith("aws.") and bus != "default":
            return
        if isinstance(event["time"], int | float):
            moment = datetime.fromtimestamp(event["time"], UTC)
            event["time"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        # A rule without a pattern has a schedule; in moto it matches every event.
        wanted = self.event_pattern.dump() and self.event_pattern.matches_event(event)
        if self.state != "ENABLED" or _sink is None or not wanted:
            return
        for target in self.targets:
            _sink(target, event, self.arn)

    Rule.send_to_targets = send_to_targets  # type: ignore[method-assign, assignment]


@dataclass(frozen=True)
class Timer:
    """A rule or a schedule that fires at set times.

    Attributes:
        arn: Its ARN.
        expression: `rate(…)`, `cron(…)` or `at(…)`.
        timezone: Time zone of `cron` and `at`.
        targets: Its targets.
        rule: True for a rule of EventBridge, false for a schedule of EventBridge Scheduler.
    """

    arn: str
    expression: str
    timezone: str
    targets: list[dict[str, Any]]
    rule: bool


def timers(account_id: str, region: str) -> list[Timer]:
    """Return every enabled rule with a schedule, and every enabled schedule.

    moto stores them and never fires one. They are read from its models, because polling its API
    would fill the call log. Upstream: upstream/schedules.md.
    """
    rules = [
        Timer(rule.arn, rule.scheduled_expression, "UTC", [*rule.targets], rule=True)
        for bus in [*events_backends[account_id][region].event_buses.values()]
        for rule in [*bus.rules.values()]
        if rule.scheduled_expression and rule.state == "ENABLED"
    ]
    schedules = [
        Timer(
            schedule.arn,
            schedule.schedule_expression,
            schedule.schedule_expression_timezone,
            [schedule.target],
            rule=False,
        )
        for group in [*scheduler_backends[account_id][region].schedule_groups.values()]
        for schedule in [*group.schedules.values()]
        if schedule.state == "ENABLED"
    ]
    return rules + schedules
