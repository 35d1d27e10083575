"""What targets of rules receive."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.services.events.target_input import PlainText, at_path, target_input, with_context

RULE = "arn:aws:events:us-east-1:123456789012:rule/rebuild"
EVENT: dict[str, Any] = {
    "detail-type": "Object Created",
    "time": "2026-01-15T12:00:00Z",
    "detail": {"name": 'dev "1"', "count": 2, "keys": ["a", "b"], "none": None},
}


def test_the_whole_envelope_is_the_default() -> None:
    assert target_input({"Arn": "x"}, EVENT, RULE) == EVENT


def test_a_constant_and_a_part() -> None:
    assert target_input({"Input": '{"action": "sweep"}'}, EVENT, RULE) == {"action": "sweep"}
    assert target_input({"InputPath": "$.detail"}, EVENT, RULE) == EVENT["detail"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", EVENT),
        ("$.detail-type", "Object Created"),
        ("$.detail.keys[1]", "b"),
        ("$['detail']['count']", 2),
        ("$.detail.nothing", None),
        ("$.detail.keys[9]", None),
        ("$..", None),
    ],
)
def test_paths(path: str, value: Any) -> None:
    assert at_path(EVENT, path) == value


def test_a_template_keeps_types_and_escapes_text() -> None:
    transformer = {
        "InputPathsMap": {"name": "$.detail.name", "count": "$.detail.count", "all": "$.detail"},
        "InputTemplate": '{"environment": <name>, "text": "for <name>, <count> times", '
        '"count": <count>, "detail": <all>, "rule": "<aws.events.rule-name>", "other": "<x>"}',
    }
    assert target_input({"InputTransformer": transformer}, EVENT, RULE) == {
        "environment": 'dev "1"',
        "text": 'for dev "1", 2 times',
        "count": 2,
        "detail": EVENT["detail"],
        "rule": "rebuild",
        "other": "<x>",
    }


def test_a_template_may_be_a_text() -> None:
    transformer = {"InputPathsMap": {"c": "$.detail.count"}, "InputTemplate": "seen <c> times"}
    seen = target_input({"InputTransformer": transformer}, EVENT, RULE)
    assert (seen, type(seen)) == ("seen 2 times", PlainText)


def test_what_is_no_json_is_a_plain_text() -> None:
    assert type(target_input({"Input": "good morning"}, EVENT, RULE)) is PlainText
    assert type(target_input({"Input": '"good morning"'}, EVENT, RULE)) is str


def test_a_schedule_fills_what_it_knows_into_its_input() -> None:
    template = (
        '{"id": "sweep-<aws.scheduler.scheduled-time>", "by": "<aws.scheduler.schedule-arn>", '
        '"attempt": <aws.scheduler.attempt-number>, "other": "<aws.events.rule-arn>"}'
    )
    arn = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/sweep"
    assert json.loads(with_context(template, arn, "d32c", "2026-11-23T03:00:00Z")) == {
        "id": "sweep-2026-11-23T03:00:00Z",
        "by": arn,
        "attempt": 1,
        "other": "<aws.events.rule-arn>",
    }
