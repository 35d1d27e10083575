"""What the benchmarks share: run an execution of the lifecycle on a local AWS to its end, and read its history."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from local.edge.calls import Call
from local.embedded import EmbeddedAws

POLL_SECONDS = 0.05


def succeed(aws: EmbeddedAws, given: dict[str, Any]) -> str:
    """Run an input, and wait for the end.

    Args:
        aws: The local AWS.
        given: The execution's input.

    Returns:
        The execution's ARN.

    Raises:
        RuntimeError: The execution failed.
    """
    stepfunctions = aws.client("stepfunctions")
    arn = stepfunctions.start_execution(
        stateMachineArn=aws.outputs["StateMachineArn"], input=json.dumps(given)
    )["executionArn"]
    while (found := stepfunctions.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(POLL_SECONDS)
    if found["status"] != "SUCCEEDED":
        raise RuntimeError(f"{found['status']}: {found.get('error')}: {found.get('cause')}")
    return str(arn)


def history_of(aws: EmbeddedAws, arn: str) -> list[dict[str, Any]]:
    """Every event of an execution's history."""
    pages = aws.client("stepfunctions").get_paginator("get_execution_history")
    return [event for page in pages.paginate(executionArn=arn) for event in page["events"]]


def left(history: list[dict[str, Any]], state: str) -> list[Any]:
    """When a state was left, each time."""
    exits = (
        event for event in history if event.get("stateExitedEventDetails", {}).get("name") == state
    )
    return [event["timestamp"] for event in exits]


def tasks(history: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each task that ended: the event that scheduled it, and the one of its end."""
    events = {event["id"]: event for event in history}
    for ended in history:
        if ended["type"] in ("TaskSucceeded", "TaskFailed"):
            scheduled = ended
            while scheduled["type"] != "TaskScheduled":
                scheduled = events[scheduled["previousEventId"]]
            yield scheduled, ended


def role_calls(aws: EmbeddedAws, after: float) -> list[Call]:
    """The calls of functions and builds since the call log had so many; those that ship logs apart."""
    return [
        call
        for call in aws.calls.calls(since=after)
        if call.caller and call.caller.kind != "root" and call.service != "logs"
    ]
