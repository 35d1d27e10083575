"""The environments of a fleet's execution, from the files that its Distributed Map wrote into S3."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from cli.perform.naming import name_of
from cli.target.denied import DeniedError
from cli.target.target import BUCKET_OUTPUT, Place
from lifecycle.fleet.failures import ItemResult, console_link
from lifecycle.fleet.files import Location, folder
from lifecycle.fleet.results import read_results

MOST_ROWS = 1_000
"""How many environments a report lists at most."""


def rows(place: Place, client: Any, arn: str, output: dict[str, Any]) -> dict[str, Any]:
    """Read how each environment fared.

    Args:
        place: The stack.
        client: boto3's `stepfunctions` client.
        arn: ARN of the fleet's execution.
        output: Its output; empty if it failed or still runs.

    Returns:
        `total`, `succeeded` and `failed`; `rows` (each with `environment`, `status`, `error`, `cause`, `execution` and
        `link`), those that failed first, at most 1,000; how many are `leftOut`; and a `note` if they cannot be read.
    """
    nothing = {"total": 0, "succeeded": 0, "failed": 0, "rows": [], "leftOut": 0}
    try:
        manifest = _manifest(place, client, arn, output)
        if manifest is None:
            note = "No environment was started, or the results are not written yet."
            return {**nothing, "note": note}
        found = first(read_results(place.client("s3"), manifest))
    except (DeniedError, ClientError) as error:
        return {**nothing, "note": f"The results cannot be read: {error}"}
    for row in found["rows"]:
        # AWS's console knows nothing of a local AWS.
        row["link"] = None if place.endpoint_url else console_link(row["execution"])
    return {**found, "note": None}


def first(results: Iterable[ItemResult], most: int = MOST_ROWS) -> dict[str, Any]:
    """Count results, and keep the first ones by name, those that failed before the others.

    What is kept does not grow with the number of results.

    Args:
        results: The results, in any order.
        most: How many to keep.
    """
    counts = {"SUCCEEDED": 0, "FAILED": 0}

    def counted() -> Iterable[ItemResult]:
        for one in results:
            counts[one.status] += 1
            yield one

    kept = heapq.nsmallest(
        most, counted(), key=lambda one: (one.status != "FAILED", one.environment)
    )
    total = sum(counts.values())
    return {
        "total": total,
        "succeeded": counts["SUCCEEDED"],
        "failed": counts["FAILED"],
        "rows": [
            {
                "environment": one.environment,
                "status": one.status,
                "error": one.error,
                "cause": one.cause,
                "execution": one.execution,
            }
            for one in kept
        ],
        "leftOut": total - len(kept),
    }


def _manifest(place: Place, client: Any, arn: str, output: dict[str, Any]) -> Location | None:
    if output.get("dryRun"):
        return None
    if results := output.get("results"):
        return Location.model_validate(results)
    # A failed execution has no output, but a map run, whose files have its name.
    bucket = place.outputs.get(BUCKET_OUTPUT)
    found = client.list_map_runs(executionArn=arn)["mapRuns"]
    if bucket is None or not found:
        return None
    run = name_of(found[0]["mapRunArn"])
    return Location(bucket=bucket, key=f"{folder(arn)}/results/{run}/manifest.json")
