"""What a target of a rule receives: the event, a part of it, or text made from it."""

from __future__ import annotations

import json
import re
from typing import Any

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']+)'\]")
_NAME = re.compile(r"<([\w.-]+)>")


class PlainText(str):
    """A payload that is not JSON; it is delivered unchanged."""

    __slots__ = ()


def target_input(target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> Any:
    """Return what a target receives, as a JSON value, or as `PlainText` if it is not JSON.

    Args:
        target: The target, with `Input`, `InputPath`, `InputTransformer` or none of them.
        event: The event, the whole envelope.
        rule_arn: ARN of the rule, for `<aws.events.rule-arn>`.
    """
    if target.get("Input") is not None:
        return _parsed(target["Input"])
    if target.get("InputPath"):
        return at_path(event, target["InputPath"])
    transformer = target.get("InputTransformer")
    if transformer:
        return transform(transformer, event, rule_arn)
    return event


def with_context(template: str, schedule_arn: str, execution_id: str, moment: str) -> str:
    """Fill the context attributes of an input of EventBridge Scheduler.

    Args:
        template: The target's `Input`.
        schedule_arn: ARN of the schedule.
        execution_id: Id of this attempt to reach the target.
        moment: When the schedule was due, such as `2026-11-23T03:00:00Z`.

    Source: EventBridge Scheduler user guide, "Adding context attributes".
    """
    values = {
        "aws.scheduler.schedule-arn": schedule_arn,
        "aws.scheduler.scheduled-time": moment,
        "aws.scheduler.execution-id": execution_id,
        "aws.scheduler.attempt-number": "1",
    }
    return _NAME.sub(lambda found: values.get(found[1], found[0]), template)


def at_path(value: Any, path: str) -> Any:
    """Return the value at a JSON path such as `$.detail.items[0]`; `None` if there is none."""
    position = 1
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            return None
        position = step.end()
        name, index, quoted = step.groups()
        try:
            value = value[int(index)] if index is not None else value[name or quoted]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def transform(transformer: dict[str, Any], event: dict[str, Any], rule_arn: str) -> Any:
    """Fill an input template.

    A name between quotes becomes text in the string; elsewhere a string gets quotes and other
    values are written as JSON (EventBridge user guide, "Input transformation").
    """
    values = {
        name: at_path(event, path)
        for name, path in (transformer.get("InputPathsMap") or {}).items()
    }
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event.get("time"),
        "aws.events.event": {name: v for name, v in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    template = transformer["InputTemplate"]
    filled, quoted, position = "", False, 0
    while position < len(template):
        name = _NAME.match(template, position)
        if name is not None and name[1] in values:
            filled += _written(values[name[1]], quoted=quoted)
            position = name.end()
            continue
        character = template[position]
        if character == "\\" and quoted:
            filled += template[position : position + 2]
            position += 2
            continue
        quoted ^= character == '"'
        filled += character
        position += 1
    return _parsed(filled)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return PlainText(text)


def _written(value: Any, *, quoted: bool) -> str:
    if not quoted:
        return json.dumps(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text)[1:-1]
