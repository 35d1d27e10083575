"""Counts what an execution used, from its history, its output and its build."""

from __future__ import annotations

from cli.cost.usage import build_minutes, used
from cli.execution.follow import Result
from cli.execution.history import HistoryReader
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
    history = HistoryReader(place.client("stepfunctions"), result.execution_arn)
    found = used(history.read())
    meter.add("transitions", found.transitions)
    meter.add("lambda", sum(run.seconds for run in found.runs) * FUNCTION_GB)
    output = result.output or {}
    checks = (output.get("smokeTest") or {}).get("checks") or []
    meter.session(sum(check["milliseconds"] for check in checks) / 1000)
    meter.add("secrets", _SECRET_MONTHS)
    build = (output.get("artifact") or {}).get("buildId")
    meter.add("build", build_minutes(place.client("codebuild"), build))
