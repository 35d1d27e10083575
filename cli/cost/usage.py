"""What an execution used, from its history: state transitions and runs of functions; and the minutes of its build."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cli.execution.history import Event


@dataclass(frozen=True)
class Run:
    """One run of a function, as the history shows it.

    Attributes:
        function: The function's ARN or name; empty if the history does not say.
        seconds: From when it was scheduled until it had ended, which is more than Lambda charges for.
    """

    function: str
    seconds: float


@dataclass
class Used:
    """What an execution used.

    Attributes:
        transitions: State transitions. A retry counts as one (Step Functions, "Pricing").
        runs: The runs of functions that have ended.
    """

    transitions: int = 0
    runs: list[Run] = field(default_factory=list)


def used(events: Iterable[Event]) -> Used:
    """Count what an execution used.

    Args:
        events: Its history, in order.
    """
    found = Used()
    # A task by the number of its last event: the function, and when it was scheduled.
    scheduled: dict[int, tuple[str, datetime]] = {}
    tried: set[int] = set()
    origin: dict[int, int] = {}
    for event in events:
        origin[event.id] = origin.get(event.previous, event.id)
        if event.type.endswith("StateEntered"):
            found.transitions += 1
            origin[event.id] = event.id
        elif event.type in ("TaskScheduled", "LambdaFunctionScheduled"):
            entry = origin[event.id]
            found.transitions += entry in tried
            tried.add(entry)
            if event.details.get("resourceType", "lambda") == "lambda":
                scheduled[event.id] = (_function(event.details), event.at)
        elif event.previous in scheduled:
            function, since = scheduled.pop(event.previous)
            if event.type.endswith("Started"):
                scheduled[event.id] = (function, since)
            else:
                found.runs.append(Run(function, (event.at - since).total_seconds()))
    return found


def build_minutes(codebuild: Any, build: str | None) -> int:
    """Return how many minutes of a build are charged; 0 without a build, or if CodeBuild no longer has it.

    CodeBuild rounds each build up to a minute.

    Args:
        codebuild: boto3's `codebuild` client.
        build: The build's id.
    """
    if build is None:
        return 0
    return sum(
        math.ceil((one["endTime"] - one["startTime"]).total_seconds() / 60)
        for one in codebuild.batch_get_builds(ids=[build])["builds"]
        if one.get("startTime") and one.get("endTime")
    )


def _function(details: dict[str, Any]) -> str:
    if "parameters" not in details:
        return str(details.get("resource", ""))
    try:
        given = json.loads(details["parameters"])
    except ValueError:
        # Step Functions cuts long parameters.
        return ""
    return str(given.get("FunctionName", "")) if isinstance(given, dict) else ""
