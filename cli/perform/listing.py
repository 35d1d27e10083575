"""Lists executions of the lifecycle, the newest first, with the environment that each is about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from cli.environments.moments import iso_of
from cli.perform.account import asked
from cli.perform.naming import name_of
from lifecycle.request.limits.environment import environment_of

LOOKED_AT = 200
"""How many executions are looked at for those of one environment: DescribeExecution has a quota of its own."""


def executions(
    client: Any, machine: str, *, environment: str | None, most: int
) -> tuple[list[dict[str, Any]], bool]:
    """Read the newest executions of a state machine.

    ListExecutions says nothing about an input, so each execution is described.

    Args:
        client: boto3's `stepfunctions` client.
        machine: ARN of the lifecycle's state machine.
        environment: Only those of this environment; `None` for all.
        most: How many to return at most.

    Returns:
        Each with `name`, `execution` (the ARN), `environment` (`None` if the input has no valid one), `action`,
        `status`, `startedAt`, `endedAt` and `seconds`; and whether there may be more, which were not looked at.

    Raises:
        DeniedError: The caller may not list or describe executions.
    """
    found: list[dict[str, Any]] = []
    for looked, arn in enumerate(_newest(client, machine)):
        if len(found) == most or looked == LOOKED_AT:
            return found, True
        one = _line(client.describe_execution(executionArn=arn))
        if environment in (None, one["environment"]):
            found.append(one)
    return found, False


def _newest(client: Any, machine: str) -> Iterator[str]:
    # ListExecutions returns the newest first (API reference).
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=machine, PaginationConfig={"PageSize": 100}
    )
    arns = (each["executionArn"] for page in pages for each in page["executions"])
    return islice(arns, LOOKED_AT + 1)


def _line(description: dict[str, Any]) -> dict[str, Any]:
    value = asked(description)
    began, ended = description["startDate"], description.get("stopDate")
    return {
        "name": name_of(description["executionArn"]),
        "execution": description["executionArn"],
        "environment": environment_of(value),
        "action": value.get("action", "provision"),
        "status": description["status"],
        "startedAt": iso_of(began),
        "endedAt": iso_of(ended),
        "seconds": round(((ended or datetime.now(UTC)) - began).total_seconds(), 1),
    }
