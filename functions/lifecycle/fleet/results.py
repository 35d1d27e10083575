"""The results of a fleet's map run: what the files say that Step Functions wrote into the artifact bucket."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lifecycle.fleet.failures import ItemResult
from lifecycle.fleet.files import Location, read_json, read_list

_CAUSE_LENGTH = 300


def read_results(s3: Any, manifest: Location) -> Iterator[ItemResult]:
    """Read the result files of a map run, one item at a time.

    Args:
        s3: boto3's `s3` client.
        manifest: Where the map run's manifest is.

    Source: developer guide, "ResultWriter (Map)": the manifest lists files by status; each file is an array of
    executions, whose `Input` and `Output` are JSON as text.
    """
    files = read_json(s3, manifest)["ResultFiles"]
    for kind in ("SUCCEEDED", "FAILED", "PENDING"):
        for file in files.get(kind, []):
            for entry in read_list(s3, Location(bucket=manifest.bucket, key=file["Key"])):
                yield _ended(entry) if kind == "SUCCEEDED" else _broken(entry)


def _ended(entry: dict[str, Any]) -> ItemResult:
    """An item whose execution ended in order: it says how its environment fared."""
    result = ItemResult.model_validate(json.loads(entry["Output"]))
    return result.model_copy(update={"cause": _line(result.cause)})


def _broken(entry: dict[str, Any]) -> ItemResult:
    """An item whose own execution failed, such as by a result that is too large for Step Functions, or never began."""
    return ItemResult(
        environment=_environment(entry),
        execution=entry.get("ExecutionArn"),
        status="FAILED",
        error=entry.get("Error") or entry.get("Status"),
        cause=_line(entry.get("Cause")),
    )


def _environment(entry: dict[str, Any]) -> str:
    # A very long input is left out (the same page: `InputDetails`).
    try:
        return str(json.loads(entry["Input"])["environment"])
    except (KeyError, TypeError, ValueError):
        return str(entry.get("Name") or "unknown")


def _line(text: str | None) -> str | None:
    line = re.sub(r"\s+", " ", text or "").strip()
    return line[:_CAUSE_LENGTH] or None
