"""Stops an execution."""

from __future__ import annotations

from typing import Any

from cli.execution.follow import RUNNING
from cli.perform.naming import describe
from cli.target.deployed import Deployed

BY_COMMAND = "stopped with `lifecycle stop`"


def stop_execution(
    place: Deployed, execution: str, cause: str = BY_COMMAND
) -> tuple[dict[str, Any], bool]:
    """Stop an execution if it still runs.

    Args:
        place: The stack.
        execution: Its ARN or name.
        cause: The cause that the execution's history keeps.

    Returns:
        What DescribeExecution said before, and whether it was stopped.

    Raises:
        UsageError: There is no such execution, or it is of another stack.
        DeniedError: The caller may not describe or stop executions.
    """
    client = place.client("stepfunctions")
    found = describe(place, client, execution)
    runs = found["status"] in RUNNING
    if runs:
        client.stop_execution(executionArn=found["executionArn"], cause=cause)
    return found, runs
