"""Follows an execution to its end. It polls the history often while events arrive, and less often while none do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cli.execution.history import HistoryReader
from cli.execution.step_functions import StepFunctions
from cli.execution.timeline import Failure, Moment, Timeline, payload_of

RUNNING = ("RUNNING", "PENDING_REDRIVE")
REPORTING_STATE = "Report the failure"
"""The stage whose result contains the output of an execution that failed."""


@dataclass(frozen=True)
class Pace:
    """Seconds between two polls: `quick` after new events, then 1.5 times the last wait, at most `slow`."""

    quick: float = 0.25
    slow: float = 2.0

    def after(self, last: float, *, news: bool) -> float:
        """Return the seconds to wait before the next poll."""
        return self.quick if news else min(last * 1.5, self.slow)


@dataclass(frozen=True)
class Result:
    """How an execution ended.

    Attributes:
        execution_arn: Its ARN.
        status: `SUCCEEDED`, `FAILED`, `ABORTED` or `TIMED_OUT`.
        output: The output object; of a failed execution what its last stage reported, or `None`.
        failure: Error and cause; `None` when it succeeded.
    """

    execution_arn: str
    status: str
    output: dict[str, Any] | None
    failure: Failure | None

    @property
    def succeeded(self) -> bool:
        """Whether the execution succeeded."""
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
        client: boto3's `stepfunctions` client, for AWS or for the local AWS.
        execution_arn: ARN of the execution.
        tell: Called after each poll with the timeline and its new moments (often none).
        pace: How often to poll.
        sleep: Waits for a number of seconds.

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
            # The history can lag behind, so without new events the execution itself is described.
            execution = client.describe_execution(executionArn=execution_arn)
            if execution["status"] not in RUNNING:
                tell(timeline, timeline.add(reader.read()))
                return result_of(execution, timeline)
        wait = pace.after(wait, news=bool(events))
        sleep(wait)


def result_of(execution: dict[str, Any], timeline: Timeline) -> Result:
    """Return how an execution ended.

    Args:
        execution: What DescribeExecution returns of an execution that has ended.
        timeline: Its stages.
    """
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
        or Failure(status, "the execution was stopped or timed out; Step Functions gives no cause"),
    )


def _reported_output(reported: Any) -> dict[str, Any] | None:
    payload = payload_of(reported)
    output = payload.get("output") if isinstance(payload, dict) else None
    return output if isinstance(output, dict) else None
