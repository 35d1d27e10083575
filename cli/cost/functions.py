"""How much Lambda an execution used: from what Lambda reported of each run, else from memory and duration."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from cli.cost.usage import Run
from cli.target.denied import DeniedError
from cli.target.target import Place

LOG_GROUP_OUTPUT = "FunctionLogGroupName"
"""The output of the stack that holds the name of the functions' log group."""
MOST_LINES = 5_000
"""How many log lines are read at most."""
_ASSUMED_MB = 1024
_SETTLE = timedelta(minutes=2)
_REPORT = "platform.report"
# Lambda's own line has `Billed Duration`; the first number is the fallback.
_BILLED = re.compile(r"Billed Duration: (\d+) ms")
_DURATION = re.compile(r"Duration: ([\d.]+) ms")
_MEMORY = re.compile(r"Memory Size: (\d+) MB")


@dataclass(frozen=True)
class FunctionTime:
    """What the functions used.

    Attributes:
        gb_seconds: Memory times duration.
        requests: How many runs there were.
        basis: What the two are from, as a sentence.
    """

    gb_seconds: float
    requests: int
    basis: str


def function_time(
    place: Place, execution: str, runs: Sequence[Run], began: datetime, ended: datetime
) -> FunctionTime:
    """Find out how much Lambda an execution used.

    Args:
        place: The stack.
        execution: The execution's ARN, which each function writes into its log lines.
        runs: The runs of functions, from the execution's history.
        began: When the execution began.
        ended: When it ended.
    """
    if not runs:
        return FunctionTime(0.0, 0, "The execution ran no function.")
    reported, why = _reported(place, execution, began, ended)
    if len(reported) >= len(runs):
        return FunctionTime(
            sum(reported), len(reported), "GB-seconds are from the REPORT lines of the functions."
        )
    why = why or f"{len(reported)} of {len(runs)} runs have a REPORT line in the log"
    memory, assumed = _memory(place, runs)
    total = sum(run.seconds * memory.get(run.function, _ASSUMED_MB) / 1024 for run in runs)
    note = f", {_ASSUMED_MB} MB where it cannot be read" if assumed else ""
    return FunctionTime(
        total,
        len(runs),
        f"GB-seconds are memory size{note} times the duration of each run in the history, which is more than "
        f"Lambda charges: {why}.",
    )


def _reported(
    place: Place, execution: str, began: datetime, ended: datetime
) -> tuple[list[float], str]:
    """Return the GB-seconds of each run that Lambda reported; and why they cannot be read, if so."""
    group = place.outputs.get(LOG_GROUP_OUTPUT)
    if group is None:
        return [], "the stack names no log group"
    pattern = f'{{ $.type = "{_REPORT}" || $.execution = "{execution}" }}'
    pages = place.client("logs").get_paginator("filter_log_events")
    asked = pages.paginate(
        logGroupName=group,
        startTime=int(began.timestamp() * 1000),
        endTime=int((ended + _SETTLE).timestamp() * 1000),
        filterPattern=pattern,
        PaginationConfig={"MaxItems": MOST_LINES},
    )
    ours: set[str] = set()
    reports: dict[str, float] = {}
    try:
        for line in _lines(asked):
            if line.get("type") == _REPORT:
                record = line.get("record") or {}
                reports[str(record.get("requestId"))] = _gb_seconds(record)
            elif line.get("execution") == execution:
                ours.add(str(line.get("function_request_id")))
    except DeniedError as error:
        return [], f"the log cannot be read ({error})"
    except ClientError as error:
        # There is no log group before the first line.
        return [], f"the log cannot be read ({error.response['Error']['Code']})"
    return [used for request, used in reports.items() if request in ours], ""


def _lines(pages: Any) -> Iterator[dict[str, Any]]:
    for page in pages:
        for event in page["events"]:
            try:
                line = json.loads(event["message"])
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line


def _gb_seconds(record: dict[str, Any]) -> float:
    metrics, text = record.get("metrics") or {}, str(record.get("message") or "")
    milliseconds = metrics.get("billedDurationMs") or _first(_BILLED, text)
    if milliseconds is None:
        milliseconds = math.ceil(_first(_DURATION, text) or 0)
    megabytes = metrics.get("memorySizeMB") or _first(_MEMORY, text) or _ASSUMED_MB
    return float(milliseconds) / 1000 * float(megabytes) / 1024


def _first(pattern: re.Pattern[str], text: str) -> float | None:
    found = pattern.search(text)
    return float(found[1]) if found else None


def _memory(place: Place, runs: Sequence[Run]) -> tuple[dict[str, int], bool]:
    """Return the memory size of each function in MB, and whether one cannot be read."""
    client = place.client("lambda")
    found: dict[str, int] = {}
    for function in {run.function for run in runs} - {""}:
        try:
            settings = client.get_function_configuration(FunctionName=function)
        except (DeniedError, ClientError):
            continue
        found[function] = settings["MemorySize"]
    return found, any(run.function not in found for run in runs)
