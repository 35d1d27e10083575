"""No state, event or cause of a fleet grows with the number of environments, even if all of them fail.

The fleet's own functions run as they are; the lifecycle is a machine that fails at once with a cause of 300 characters.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from lifecycle.fleet.report import FleetReportEvent, report_fleet
from lifecycle.fleet.select import FleetEvent, select_environments
from lifecycle.record import RuntimeRecord, now
from lifecycle.request.model import parse_request
from local.embedded import EmbeddedAws
from tests.statemachine.execution import Run, follow, follow_map

pytestmark = pytest.mark.embedded
COUNTS = [int(count) for count in os.environ.get("FLEET_COUNTS", "10,100").split(",")]
"""How many environments; a thousand take minutes: `FLEET_COUNTS=10,100,1000`."""
LARGEST = 64 * 1024
# Below what the service allows: 262,144 bytes (Step Functions, "Service quotas").
MARGIN = 64
CAUSE = ('a cause with a "quote" and a line\n' * 9)[:300]


class Table:
    """A DynamoDB client that can only scan: moto takes half a minute for a thousand records."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    def get_paginator(self, operation: str) -> Table:
        assert operation == "scan"
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        yield {"Items": self.items}

    def fill(self, count: int) -> None:
        """Have the records of the environments e0000, e0001 and so on."""
        one = one_record()
        self.items = [one | {"environment": {"S": f"e{number:04}"}} for number in range(count)]


class Functions:
    """The fleet's functions with clients of the local AWS, and an event bus that keeps what is sent."""

    def __init__(self) -> None:
        self.clients: Any = None
        self.details: list[str] = []

    def select(self, event: dict[str, Any]) -> dict[str, Any]:
        found = select_environments(FleetEvent.model_validate(event), clients=self.clients)
        return found.model_dump(mode="json", by_alias=True)

    def report(self, event: dict[str, Any]) -> dict[str, Any]:
        report = report_fleet(FleetReportEvent.model_validate(event), clients=self.clients)
        return report.model_dump(mode="json", by_alias=True)

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.details += [entry["Detail"] for entry in Entries]
        return {"FailedEntryCount": 0}


@pytest.fixture(scope="module")
def functions() -> Functions:
    return Functions()


@pytest.fixture(scope="module")
def aws(functions: Functions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with (
        EmbeddedAws.start(
            state_dir=tmp_path_factory.mktemp("aws"),
            functions={
                "SelectEnvironmentsFunction": functions.select,
                "ReportFleetFunction": functions.report,
            },
        ) as embedded,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("STACK_NAME", "agentcore-lifecycle")
        patch.setenv("TABLE_NAME", embedded.outputs["EnvironmentsTableName"])
        patch.setenv("ARTIFACT_BUCKET", embedded.outputs["ArtifactBucketName"])
        patch.setenv("ARTIFACTS_TABLE_NAME", embedded.outputs["ArtifactsTableName"])
        patch.setenv("REPOSITORY_URI", embedded.outputs["RepositoryUri"])
        patch.setenv("EVENT_BUS_NAME", "default")
        functions.clients = SimpleNamespace(
            dynamodb=Table(), s3=embedded.client("s3"), events=functions
        )
        broken = {"Type": "Fail", "Error": "BuildError", "Cause": CAUSE}
        embedded.client("stepfunctions").update_state_machine(
            stateMachineArn=embedded.outputs["StateMachineArn"],
            definition=json.dumps({"StartAt": "Broken", "States": {"Broken": broken}}),
        )
        yield embedded


def one_record() -> dict[str, Any]:
    """The item of an environment as a provision leaves it, with a request of 5 KB."""
    request = parse_request({"environment": "e", "smokeTest": {"prompt": "x" * 4900}})
    runtime = RuntimeRecord(name="e", id="e-1", arn="arn:e", live_version="1")
    stamp = now()
    record = {
        "environment": "e",
        "state": "READY",
        "createdAt": stamp,
        "updatedAt": stamp,
        "request": request.to_json(),
        "runtime": runtime.model_dump(mode="json", by_alias=True),
    }
    item: dict[str, Any] = TypeSerializer().serialize(record)["M"]
    return item


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


def test_nothing_of_a_fleet_grows_with_its_environments(
    aws: EmbeddedAws, functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    client = aws.client("stepfunctions")
    sizes: dict[int, dict[str, int]] = {}
    for count in COUNTS:
        functions.clients.dynamodb.fill(count)
        started = client.start_execution(
            stateMachineArn=aws.outputs["FleetStateMachineArn"],
            name=f"fleet-{count:04}",
            input=json.dumps({"action": "rebuild", "maxConcurrency": 4}),
        )
        run = follow(client, started["executionArn"], seconds=900)
        assert (run.description["status"], run.description["error"]) == ("FAILED", "FleetError")
        assert (
            f"rebuild: {count} of {count} environments failed: e0000: BuildError: a cause"
            in (run.description["cause"])
        )
        parent = largest([run])
        items = largest(follow_map(client, run))
        sizes[count] = {
            **{f"fleet's {name}": size for name, size in parent.items()},
            **{f"item's {name}": size for name, size in items.items()},
            "event on the bus": len(functions.details[-1].encode()),
        }
    with capsys.disabled():
        print("\nlargest of a fleet, in bytes")
        for count, found in sizes.items():
            print(f"  {count:5} environments: " + ", ".join(f"{k} {v}" for k, v in found.items()))
    assert max(size for found in sizes.values() for size in found.values()) < LARGEST
    for name in sizes[COUNTS[0]]:
        values = [found[name] for found in sizes.values()]
        assert max(values) - min(values) <= MARGIN, name
