"""An execution as a whole: what it was asked, how far it came, how it ended; for programs and for people."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from cli.environments.moments import duration, iso_of, readable
from cli.execution.follow import RUNNING, Result
from cli.execution.timeline import Stage, Timeline
from cli.perform.naming import name_of
from lifecycle.request.inputs import unwrap
from lifecycle.request.limits.environment import environment_of


def asked(description: dict[str, Any]) -> dict[str, Any]:
    """Return the input of an execution, out of its envelope; empty if it is no object.

    Args:
        description: What DescribeExecution returns.
    """
    value = unwrap(json.loads(description.get("input") or "{}"))
    return value if isinstance(value, dict) else {}


def account(
    description: dict[str, Any], timeline: Timeline, result: Result | None, *, of_fleet: bool
) -> dict[str, Any]:
    """Return what `lifecycle history --json` says of an execution.

    Args:
        description: What DescribeExecution returns.
        timeline: The stages so far.
        result: How it ended; `None` while it runs.
        of_fleet: Whether it is of the fleet's state machine.

    Returns:
        `execution` (the ARN), `name`, `status`, `environment`, `action`, `startedAt`, `endedAt`, `seconds`, `stages`,
        `output` and `failure`; null where there is nothing, such as no valid name
        of an environment. Not the whole input, which may have confidential values.
    """
    value = asked(description)
    began = description["startDate"]
    ended = description.get("stopDate")
    now = datetime.now(UTC)
    failure = result.failure if result else None
    return {
        "execution": description["executionArn"],
        "name": name_of(description["executionArn"]),
        "status": description["status"],
        "environment": None if of_fleet else environment_of(value),
        "action": value.get("action", None if of_fleet else "provision"),
        "startedAt": iso_of(began),
        "endedAt": iso_of(ended),
        "seconds": round(((ended or now) - began).total_seconds(), 1),
        "stages": [_stage(stage, now) for stage in timeline.stages],
        "output": result.output if result else None,
        "failure": {"error": failure.error, "cause": failure.reason} if failure else None,
    }


def facts(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the names and values that people read first, from what `account` returns."""
    known = [
        ("execution", told["name"]),
        ("environment", told["environment"]),
        ("action", told["action"]),
        ("status", told["status"]),
        ("started", readable(told["startedAt"])),
        ("took" if told["status"] not in RUNNING else "runs for", duration(told["seconds"])),
    ]
    return [(name, str(value)) for name, value in known if value is not None]


def _stage(stage: Stage, now: datetime) -> dict[str, Any]:
    failed = stage.failure if stage.outcome == "failed" else None
    return {
        "state": stage.state,
        "outcome": stage.outcome.value,
        "startedAt": iso_of(stage.started),
        "seconds": round(max(stage.seconds(now), 0), 1),
        "rounds": stage.rounds,
        "retries": stage.retries,
        "failure": {"error": failed.error, "cause": failed.reason} if failed else None,
    }
