"""Filter patterns for JSON, as CloudWatch Logs has them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.logs.exceptions import InvalidParameterException

from local.moto.logs import JsonPattern

EVENT = {
    "environment": "dev",
    "stage": "run_smoke_test",
    "seconds": 2.5,
    "done": True,
    "error": None,
    "detail": {"tags": ["one", "two"], "a-b": "x"},
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{ $.environment = "dev" }', True),
        ("{ $.environment = dev }", True),
        ('{$.environment="de"}', False),
        ('{ $.environment = "d*" }', True),
        ('{ $.environment != "dev" }', False),
        ('{ $.missing != "dev" }', False),
        ('{ ($.environment = "dev") && ($.stage = "run_smoke_test") }', True),
        ('{ $.environment = "dev" && $.stage = "other" }', False),
        ('{ $.environment = "other" || $.stage = "run_smoke_test" }', True),
        ('{ $.environment = "x" && $.stage = "y" || $.seconds > 2 }', True),
        ('{ $.environment = "x" && ($.stage = "y" || $.seconds > 2) }', False),
        ("{ $.seconds >= 2.5 }", True),
        ("{ $.seconds < 2.5 }", False),
        ("{ $.seconds = 2.5 }", True),
        ("{ $.done = 1 }", False),
        ("{ $.done IS TRUE }", True),
        ("{ $.done IS FALSE }", False),
        ("{ $.error IS NULL }", True),
        ("{ $.missing IS NULL }", False),
        ("{ $.missing NOT EXISTS }", True),
        ("{ $.error NOT EXISTS }", False),
        ('{ $.detail.tags[1] = "two" }', True),
        ('{ $.detail.tags[2] = "two" }', False),
        ("{ $.detail.a-b = x }", True),
    ],
)
def test_a_pattern_matches(pattern: str, *, expected: bool) -> None:
    assert JsonPattern(pattern).matches(json.dumps(EVENT)) is expected


@pytest.mark.parametrize("message", ["START RequestId", '"dev"', "[1]", "{"])
def test_what_is_no_object_is_not_matched(message: str) -> None:
    assert not JsonPattern("{ $.environment NOT EXISTS }").matches(message)


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.environment = "dev"',
        "{ environment = dev }",
        "{ $.environment }",
        "{ $.environment = }",
        "{ ($.environment = dev }",
        "{ $.environment < dev }",
        "{ $.environment = %d.v% }",
        "{ $.environment = dev extra }",
        '{ $.environment = "dev }',
        "{}",
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidParameterException, match="Invalid filter pattern"):
        JsonPattern(pattern)


def test_the_service_matches_patterns_and_sorts_by_time(machines: Any) -> None:
    logs = machines.aws.client("logs")
    logs.create_log_group(logGroupName="g")
    now = 1_795_747_437_000
    for stream, at, environment in (("a", 3, "dev"), ("b", 1, "dev"), ("b", 2, "other")):
        if at != 2:
            logs.create_log_stream(logGroupName="g", logStreamName=stream)
        event = {"timestamp": now + at, "message": json.dumps({"environment": environment})}
        logs.put_log_events(logGroupName="g", logStreamName=stream, logEvents=[event])
    found = logs.filter_log_events(logGroupName="g", filterPattern='{ $.environment = "dev" }')
    assert [event["timestamp"] - now for event in found["events"]] == [1, 3]
    everything = logs.filter_log_events(logGroupName="g")["events"]
    assert [event["timestamp"] - now for event in everything] == [1, 2, 3]
    for refused in ("{ environment }", "[a, b]", "%d.v%", "?dev ?other", "-dev"):
        with pytest.raises(logs.exceptions.InvalidParameterException):
            logs.filter_log_events(logGroupName="g", filterPattern=refused)
