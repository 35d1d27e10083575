"""Follows an execution to its end: polls its history, quick while something happens, slower while nothing does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cli.execution.history import HistoryReader, StepFunctions
from cli.execution.timeline import Failure, Moment, Timeline

RUNNING = ("RUNNING", "PENDING_REDRIVE")
REPORTING_STATE = "Report the outcome"
"""The stage whose result holds the output, of a failed execution too."""


@dataclass(frozen=True)
class Pace:
    """Seconds between two polls: `quick` after news, then half as much again each time, `slow` at the most."""

    quick: float = 0.25
    slow: float = 2.0

    def after(self, last: float, *, news: bool) -> float:
        """Return how long to wait now."""
        return self.quick if news else min(last * 1.5, self.slow)


@dataclass(frozen=True)
class Result:
    """How an execution ended.

    Attributes:
        execution_arn: Its ARN.
        status: `SUCCEEDED`, `FAILED`, `ABORTED` or `TIMED_OUT`.
        output: The output object (DESIGN section 4); of a failed execution what its last stage reported, or `None`.
        failure: Error and cause; `None` when it succeeded.
    """

    execution_arn: str
    status: str
    output: dict[str, Any] | None
    failure: Failure | None

    @property
    def succeeded(self) -> bool:
        """Whether the execution reached its goal."""
        return self.status == "SUCCEEDED"


def follow(
    client: StepFunctions,
    execution_arn: str,
    tell: Callable[[Timeline, list[Moment]], None],
    *,
    pace: Pace | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Follow an execution until it ends.

    Args:
        client: boto3's `stepfunctions` client, of AWS or of the embedded AWS.
        execution_arn: Which execution.
        tell: Called after each poll with the timeline and what is new in it (often nothing).
        pace: How often to poll.
        sleep: Waits so many seconds.

    Returns:
        How it ended.

    Raises:
        botocore.exceptions.ClientError: Step Functions refused a call.
    """
    pace = pace or Pace()
    reader = HistoryReader(client, execution_arn)
    timeline = Timeline()
    wait = pace.quick
    while True:
        events = reader.read()
        tell(timeline, timeline.add(events))
        if timeline.ended is not None:
            return _result(
                execution_arn, timeline.ended, timeline.output, timeline.failure, timeline
            )
        if not events:
            # The history may lag behind, so the execution itself is asked when there is no news.
            execution = client.describe_execution(executionArn=execution_arn)
            if execution["status"] not in RUNNING:
                tell(timeline, timeline.add(reader.read()))
                return _described(execution, timeline)
        wait = pace.after(wait, news=bool(events))
        sleep(wait)


def _described(execution: dict[str, Any], timeline: Timeline) -> Result:
    failure = None
    if execution.get("error"):
        failure = Failure(execution["error"], execution.get("cause") or "")
    return _result(
        execution["executionArn"],
        execution["status"],
        execution.get("output"),
        failure or timeline.failure,
        timeline,
    )


def _result(
    arn: str, status: str, output: str | None, failure: Failure | None, timeline: Timeline
) -> Result:
    if status == "SUCCEEDED":
        return Result(arn, status, json.loads(output or "null"), None)
    reported = _reported_output(timeline.result_of(REPORTING_STATE))
    return Result(
        arn,
        status,
        reported,
        failure
        or Failure(status, "it was stopped, or ran out of time; the execution gives no cause"),
    )


def _reported_output(reported: Any) -> dict[str, Any] | None:
    # A task that invokes a function through `lambda:invoke` wraps its answer in `Payload`.
    payload = reported.get("Payload", reported) if isinstance(reported, dict) else None
    output = payload.get("output") if isinstance(payload, dict) else None
    return output if isinstance(output, dict) else None
