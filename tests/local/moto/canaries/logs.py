"""Canaries for `local/moto/logs.py`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import boto3


def _client(*events: tuple[str, int, str]) -> Any:
    """CloudWatch Logs with a group `g`, and in it for each stream a message at a number of milliseconds."""
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="g")
    now = int(time.time()) * 1000
    for stream, at, message in events:
        logs.create_log_stream(logGroupName="g", logStreamName=stream)
        event = {"timestamp": now + at, "message": message}
        logs.put_log_events(logGroupName="g", logStreamName=stream, logEvents=[event])
    return logs


def interleaved_streams() -> bool:
    logs = _client(("a", 2, "later"), ("b", 1, "earlier"))
    found = logs.filter_log_events(logGroupName="g")["events"]
    return [event["message"] for event in found] == ["later", "earlier"]


def json_patterns() -> bool:
    logs = _client(("a", 1, '{"level": "INFO"}'))
    pattern = '{ $.level = "ERROR" }'
    return bool(logs.filter_log_events(logGroupName="g", filterPattern=pattern)["events"])


CANARIES: list[Callable[[], bool]] = [interleaved_streams, json_patterns]
