"""A fleet of many environments: what grows with their number, and how long whole environments take at once.

Run as `python -m benchmarks.fleet sizes [--counts N,N]` or `python -m benchmarks.fleet whole [--counts N,N]` in the
project's root. Each prints a table.

`sizes` (10, 100, 1000) runs a rebuild of so many environments, all of which fail, on the local AWS with the deployed
stack. Its stand-in for the lifecycle is a state machine of one Fail state in the place of the deployed one; the table
has a record for each environment. The fleet's definition and its two functions are the real ones, the functions in
this process. It prints the largest text of a state, the largest event of the execution histories and of the event bus,
and the largest cause, in bytes.

`whole` (1, 10, 50, 200) provisions so many environments with the bundled agent at once, each by a lifecycle execution
of its own, nothing replaced. It prints seconds, failed executions, and the most memory that the local AWS's processes
had at once, in MiB.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.tables import table
from lifecycle.fleet.report import FleetReportEvent, report_fleet
from lifecycle.fleet.select import FleetEvent, select_environments
from lifecycle.record import now
from lifecycle.request.model import parse_request
from lifecycle.sections.runtime import RuntimeRecord
from lifecycle.values import to_attribute
from local.embedded import EmbeddedAws
from tests.statemachine.execution import Run, follow, follow_map

CAUSE = ('a cause with a "quote" and a line\n' * 60)[:2000]
AT_ONCE = 10
PATIENCE_SECONDS = 3600
_WRITTEN_AT_ONCE = 25


class Functions:
    """The fleet's functions with clients of the local AWS, and an event bus that keeps what is sent."""

    def __init__(self) -> None:
        self.clients: Any = None
        self.details: list[str] = []

    def by_name(self) -> dict[str, Any]:
        """The functions that replace processes, by logical id."""
        return {"SelectEnvironmentsFunction": self.select, "ReportFleetFunction": self.report}

    def select(self, event: dict[str, Any]) -> dict[str, Any]:
        """Run the fleet's first function."""
        found = select_environments(FleetEvent.model_validate(event), clients=self.clients)
        return found.model_dump(mode="json", by_alias=True)

    def report(self, event: dict[str, Any]) -> dict[str, Any]:
        """Run the fleet's last function."""
        report = report_fleet(FleetReportEvent.model_validate(event), clients=self.clients)
        return report.model_dump(mode="json", by_alias=True)

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """Stand in for EventBridge."""
        self.details += [entry["Detail"] for entry in Entries]
        return {"FailedEntryCount": 0}

    def enter(self, aws: EmbeddedAws) -> dict[str, str]:
        """Use a local AWS; returns the variables of a function of its stack."""
        names = ("dynamodb", "s3", "stepfunctions")
        self.clients = SimpleNamespace(events=self, **{name: aws.client(name) for name in names})
        return {
            "STACK_NAME": "agentcore-lifecycle",
            "TABLE_NAME": aws.outputs["EnvironmentsTableName"],
            "ARTIFACT_BUCKET": aws.outputs["ArtifactBucketName"],
            "ARTIFACTS_TABLE_NAME": aws.outputs["ArtifactsTableName"],
            "REPOSITORY_URI": aws.outputs["RepositoryUri"],
            "LIFECYCLE_MACHINE_ARN": aws.outputs["StateMachineArn"],
            "EVENT_BUS_NAME": "default",
        }


def fail_every_lifecycle(aws: EmbeddedAws) -> None:
    """Put a state machine of one Fail state in the place of the lifecycle."""
    broken = {"Type": "Fail", "Error": "BuildError", "Cause": CAUSE}
    aws.client("stepfunctions").update_state_machine(
        stateMachineArn=aws.outputs["StateMachineArn"],
        definition=json.dumps({"StartAt": "Broken", "States": {"Broken": broken}}),
    )


def fill_table(aws: EmbeddedAws, count: int) -> None:
    """Have the records of the environments e0000, e0001 and so on, as a provision leaves them, each of 5 KB."""
    request = parse_request({"environment": "e", "smokeTest": {"prompt": "x" * 4900}})
    runtime = RuntimeRecord(name="e", id="e-1", arn="arn:e", live_version="1")
    stamp = now()
    record = {
        "state": "READY",
        "createdAt": stamp,
        "updatedAt": stamp,
        "request": request.to_json(),
        "runtime": runtime.model_dump(mode="json", by_alias=True),
    }
    item: dict[str, Any] = to_attribute(record)["M"]
    table, dynamodb = aws.outputs["EnvironmentsTableName"], aws.client("dynamodb")
    names = [f"e{number:04}" for number in range(count)]
    for begin in range(0, count, _WRITTEN_AT_ONCE):
        puts = [
            {"PutRequest": {"Item": item | {"environment": {"S": name}}}}
            for name in names[begin : begin + _WRITTEN_AT_ONCE]
        ]
        dynamodb.batch_write_item(RequestItems={table: puts})


def rebuild(aws: EmbeddedAws, functions: Functions, count: int) -> tuple[Run, dict[str, int]]:
    """Run a fleet of environments that all fail.

    Args:
        aws: A local AWS on which every lifecycle fails.
        functions: The functions of its fleet.
        count: How many environments, at least as many as the fleet before had.

    Returns:
        The fleet's execution, and the largest of everything in bytes.
    """
    fill_table(aws, count)
    client = aws.client("stepfunctions")
    started = client.start_execution(
        stateMachineArn=aws.outputs["FleetStateMachineArn"],
        name=f"fleet-{count:04}",
        input=json.dumps({"action": "rebuild", "maxConcurrency": AT_ONCE}),
    )
    run = follow(client, started["executionArn"], seconds=PATIENCE_SECONDS)
    return run, {
        **{f"fleet's {name}": size for name, size in largest([run]).items()},
        **{f"item's {name}": size for name, size in largest(follow_map(client, run)).items()},
        "event on the bus": len(functions.details[-1].encode()),
    }


def largest(runs: list[Run]) -> dict[str, int]:
    """The largest text of a state, a whole event and a cause, in bytes of UTF-8."""
    events = [event for run in runs for event in run.history]
    details = [value for event in events for value in event.values() if isinstance(value, dict)]

    def longest(*names: str) -> int:
        texts = [str(detail[name]) for detail in details for name in names if name in detail]
        return max(len(text.encode()) for text in texts)

    return {
        "state": longest("input", "output"),
        "event": max(len(json.dumps(event, default=str).encode()) for event in events),
        "cause": longest("cause"),
    }


def measure_sizes(counts: list[int]) -> dict[str, Any]:
    """Measure fleets of growing numbers of environments, one after the other on one local AWS.

    Raises:
        RuntimeError: A fleet did not end as it must.
    """
    functions = Functions()
    figures: dict[str, dict[str, Any]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedAws.start(state_dir=Path(folder), functions=functions.by_name()) as aws,
    ):
        os.environ.update(functions.enter(aws))
        fail_every_lifecycle(aws)
        for count in sorted(counts):
            began = time.monotonic()
            run, sizes = rebuild(aws, functions, count)
            if run.description.get("error") != "FleetError":
                raise RuntimeError(f"{count}: {run.description}")
            seconds = round(time.monotonic() - began, 1)
            figures[str(count)] = {f"{name} (bytes)": size for name, size in sizes.items()}
            figures[str(count)]["seconds"] = seconds
    return figures


def measure_whole(counts: list[int]) -> dict[str, Any]:
    """Provision environments at once, each number on a local AWS of its own.

    Returns:
        Seconds, failed executions and MiB for each number.
    """
    figures = {}
    for count in counts:
        with (
            tempfile.TemporaryDirectory() as folder,
            EmbeddedAws.start(state_dir=Path(folder)) as aws,
        ):
            at_start = _resident_mib()
            seconds, errors, most = _provision(aws, count)
        figures[str(count)] = {
            "seconds": round(seconds, 1),
            "errors": errors,
            "MiB at start": round(at_start),
            "MiB at most": round(most),
        }
    return figures


def _provision(aws: EmbeddedAws, count: int) -> tuple[float, int, float]:
    client, machine = aws.client("stepfunctions"), aws.outputs["StateMachineArn"]
    began = time.monotonic()
    left = {
        client.start_execution(
            stateMachineArn=machine, input=json.dumps({"environment": f"e{number:03}"})
        )["executionArn"]
        for number in range(count)
    }
    errors, most = 0, _resident_mib()
    while left:
        time.sleep(1)
        most = max(most, _resident_mib())
        running = client.get_paginator("list_executions").paginate(
            stateMachineArn=machine, statusFilter="RUNNING"
        )
        still = {item["executionArn"] for page in running for item in page["executions"]}
        ended = left - still
        left &= still
        errors += sum(
            client.describe_execution(executionArn=arn)["status"] != "SUCCEEDED" for arn in ended
        )
    return time.monotonic() - began, errors, most


def _resident_mib() -> float:
    """The memory of this process and of all below it. A page that several share counts once, in parts."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[path.name] = (path / "stat").read_text().rpartition(")")[2].split()[1]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended just now
    family = {str(os.getpid())}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(map(_kilobytes, family)) / 1024


def _kilobytes(process: str) -> int:
    try:
        rolled = Path(f"/proc/{process}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it ended just now
    found = re.search(r"^Pss: +(\d+) kB", rolled, re.MULTILINE)
    return int(found[1]) if found else 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measures fleets on the local AWS.")
    parser.add_argument("mode", choices=["sizes", "whole"])
    parser.add_argument("--counts", help="how many environments, with commas between")
    given = parser.parse_args()
    default, measure = {
        "sizes": ("10,100,1000", measure_sizes),
        "whole": ("1,10,50,200", measure_whole),
    }[given.mode]
    counts = [int(count) for count in (given.counts or default).split(",")]
    figures = measure(counts)
    rows = [
        [name, *(found[name] for found in figures.values())]
        for name in next(iter(figures.values()))
    ]
    sys.stdout.write(table(["environments", *figures], rows) + "\n")


if __name__ == "__main__":
    main()
