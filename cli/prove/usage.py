"""Counts what an execution used, from its history, its output and its build."""

from __future__ import annotations

from typing import Any

from cli.execution.follow import Result
from cli.prove.cost import FUNCTION_GB, Meter
from cli.prove.place import Place

_SECRET_MONTHS = 0.001
"""A secret that lives for less than an hour."""


def count(place: Place, meter: Meter, result: Result) -> None:
    """Add what an execution used: transitions, time of functions, sessions and build.

    Args:
        place: Where it ran.
        meter: Receives the quantities.
        result: How it ended.
    """
    pages = (
        place.client("stepfunctions")
        .get_paginator("get_execution_history")
        .paginate(executionArn=result.execution_arn)
    )
    scheduled: dict[int, Any] = {}
    for event in (event for page in pages for event in page["events"]):
        kind, before = event["type"], event.get("previousEventId", 0)
        if kind.endswith("StateEntered"):
            meter.add("transitions", 1)
        elif kind in ("TaskScheduled", "LambdaFunctionScheduled"):
            scheduled[event["id"]] = event["timestamp"]
        elif before in scheduled:
            begun = scheduled.pop(before)
            if kind.endswith("Started"):
                scheduled[event["id"]] = begun
            else:
                meter.add("lambda", (event["timestamp"] - begun).total_seconds() * FUNCTION_GB)
    output = result.output or {}
    checks = (output.get("smokeTest") or {}).get("checks") or []
    meter.session(sum(check["milliseconds"] for check in checks) / 1000)
    meter.add("secrets", _SECRET_MONTHS)
    build = (output.get("artifact") or {}).get("buildId")
    if build:
        for one in place.client("codebuild").batch_get_builds(ids=[build])["builds"]:
            if one.get("startTime") and one.get("endTime"):
                meter.add("build", (one["endTime"] - one["startTime"]).total_seconds() / 60)
