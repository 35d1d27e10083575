"""A deployed stack with a table in moto and a Step Functions that tells one story."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cli import main as command
from cli.commands import fleet
from cli.commands.environments import list_environments, rollback, show, teardown
from cli.commands.executions import (
    follow_execution,
    history,
    list_executions,
    open_console,
    report_execution,
    stop,
)
from cli.errors import UsageError
from cli.perform import execution
from lifecycle.record import Record
from lifecycle.values import to_attribute

STATES = "arn:aws:states:us-east-1:123456789012"
MACHINE = f"{STATES}:stateMachine:lifecycle"
FLEET = f"{STATES}:stateMachine:fleet"
TABLE = "environments"
DEFINITION = Path(__file__).resolve().parents[3] / "statemachine/lifecycle.asl.json"
STARTED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def plain(text: str) -> str:
    """What a terminal shows, without its styles."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@dataclass
class Machines:
    """Step Functions with executions by ARN; each is what DescribeExecution returns. All tell the same story.

    Attributes:
        story: The story.
        known: The executions.
        started: The arguments of every StartExecution.
        stopped: The ARN of every execution that was stopped.
        map_runs: What ListMapRuns and DescribeMapRun return.
    """

    story: Any
    serve: Any
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    started: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    map_runs: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, value: str = "{}", *, machine: str = MACHINE, **more: Any) -> str:
        arn = f"{machine.replace('stateMachine', 'execution')}:{name}"
        given = {"executionArn": arn, "name": name, "input": value, "startDate": STARTED}
        self.known[arn] = {**given, "status": "RUNNING", **more}
        return arn

    def start_execution(self, **arguments: Any) -> dict[str, Any]:
        self.started.append(arguments)
        return {
            "executionArn": self.add(
                arguments["name"], arguments["input"], machine=arguments["stateMachineArn"]
            )
        }

    def stop_execution(self, **arguments: Any) -> dict[str, Any]:
        self.stopped.append(arguments["executionArn"])
        self.known[arguments["executionArn"]]["status"] = "ABORTED"
        return {}

    def describe_execution(self, **arguments: Any) -> dict[str, Any]:
        arn = arguments["executionArn"]
        if arn not in self.known:
            error = {"Error": {"Code": "ExecutionDoesNotExist", "Message": "no"}}
            raise ClientError(error, "DescribeExecution")
        return self.known[arn]

    def list_map_runs(self, **_arguments: Any) -> dict[str, Any]:
        return {"mapRuns": self.map_runs}

    def describe_map_run(self, **arguments: Any) -> dict[str, Any]:
        (found,) = (one for one in self.map_runs if one["mapRunArn"] == arguments["mapRunArn"])
        return found

    def get_execution_history(self, **arguments: Any) -> dict[str, Any]:
        page: dict[str, Any] = self.serve(self.story).get_execution_history(**arguments)
        return page

    def get_paginator(self, _name: str) -> Machines:
        return self

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        of = arguments["stateMachineArn"].replace("stateMachine", "execution")
        arns = [arn for arn in reversed(self.known) if arn.startswith(f"{of}:")]
        told = ("executionArn", "name", "status", "startDate", "stopDate")
        for arn in arns:
            one = {name: value for name, value in self.known[arn].items() if name in told}
            if arguments.get("statusFilter") in (None, one["status"]):
                yield {"executions": [one]}

    def describe_state_machine_for_execution(self, **_arguments: Any) -> dict[str, Any]:
        return {"definition": DEFINITION.read_text("utf-8")}


@dataclass
class Place:
    """Stands in for `cli.target.deployed.Deployed`.

    Attributes:
        machines: Its Step Functions.
        denied: Raised by a client of this service, by the service's name.
    """

    machines: Machines
    label: str = "stack mine in us-east-1"
    options: str = "--stack mine"
    aws: str = "aws"
    outputs: dict[str, str] = field(
        default_factory=lambda: {
            "StateMachineArn": MACHINE,
            "FleetStateMachineArn": FLEET,
            "EnvironmentsTableName": TABLE,
        }
    )
    denied: dict[str, Exception] = field(default_factory=dict)
    endpoint_url: str | None = None

    def client(self, service: str, _config: Any = None) -> Any:
        if service in self.denied:
            raise self.denied[service]
        return self.machines if service == "stepfunctions" else boto3.client(service)

    def output(self, name: str) -> str:
        if name not in self.outputs:
            raise UsageError(f"no output {name}")
        return self.outputs[name]

    def put(self, record: Record) -> None:
        """Write a record as the lifecycle does."""
        put(record)


def put(record: Record, client: Any = None) -> None:
    """Write a record into the table as the lifecycle does."""
    plain = record.model_dump(mode="json", by_alias=True, exclude_none=True)
    plain.pop("openCalls")
    (client or boto3.client("dynamodb")).put_item(
        TableName=TABLE, Item={name: to_attribute(value) for name, value in plain.items()}
    )


def create_table() -> None:
    """Make the table in moto."""
    boto3.client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "environment", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "environment", "KeyType": "HASH"}],
    )


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, story: Any, serve: Any) -> Iterator[Place]:
    """The stack; every command that looks for one finds it."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    found = Place(Machines(story, serve))
    modules = (list_environments, rollback, show, teardown, fleet)
    seeing = (follow_execution, history, list_executions, open_console, report_execution, stop)
    for module in (*modules, *seeing):
        monkeypatch.setattr(module, "deployed", lambda *_a, **_k: found)
    monkeypatch.setattr(execution, "execution_name", lambda: "cli-20261123-020000-4f2a9c")
    with mock_aws():
        create_table()
        yield found


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Calls `lifecycle` with some arguments, and returns its exit status."""

    def lifecycle(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["lifecycle", *arguments])
        with pytest.raises(SystemExit) as ended:
            command.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return lifecycle


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes the streams a terminal of so many columns; `plain` takes its styles out."""

    def of(columns: int) -> None:
        for name, value in {
            "COLUMNS": str(columns),
            "TTY_COMPATIBLE": "1",
            "TERM": "xterm",
            "CI": "1",
            "NO_COLOR": "1",
        }.items():
            monkeypatch.setenv(name, value)

    return of
