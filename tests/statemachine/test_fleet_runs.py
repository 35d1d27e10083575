"""The fleet's definition, executed with stand-ins: every state, transition and Catch; and nothing starts by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle.errors import EnvironmentBusyError, FleetError, InvalidRequestError, ThrottledError
from lifecycle.request.model import parse_request
from local.embedded import EmbeddedAws
from tests.foreign.engines.reference import Evaluations
from tests.statemachine.execution import Run, follow, uncovered

pytestmark = pytest.mark.embedded
ROOT = Path(__file__).parents[2]
DEFINITION = json.loads((ROOT / "statemachine" / "fleet.asl.json").read_text())
# What each scenario's fleet works on; an environment called busy… fails.
SCENARIOS = {
    "all-well": ["a", "b"],
    "one-fails": ["a", "busy", "c"],
    "nobody": [],
    "five-by-two": ["a", "b", "c", "d", "e"],
    "throttled": ["a"],
    "no-selection": [],
    "no-list": [],
    "no-report": ["a"],
}


class StandIns:
    """The functions: a fleet's two, and as much of the lifecycle as a smoke test needs."""

    def __init__(self) -> None:
        self.reports: dict[str, dict[str, Any]] = {}
        self._throttles = [ThrottledError("slow down")]

    def functions(self) -> dict[str, Any]:
        return {
            "SelectEnvironmentsFunction": self.select,
            "ReportFleetFunction": self.report,
            "PrepareRequestFunction": self.prepare,
            "RunSmokeTestFunction": self.smoke,
            "ReportOutcomeFunction": self.outcome,
        }

    def select(self, event: dict[str, Any]) -> dict[str, Any]:
        scenario = event["execution"].rpartition(":")[2]
        if scenario == "throttled" and self._throttles:
            raise self._throttles.pop()
        if scenario == "no-selection":
            raise InvalidRequestError(f"action: given {event['input']['action']!r}")
        items: Any = [
            {
                "environment": name,
                "executionName": f"{scenario}-{name}",
                "input": {"action": "smokeTest", "environment": name},
            }
            for name in SCENARIOS[scenario]
        ]
        if scenario == "no-list":
            items = 7
        return {"action": "verify", "maxConcurrency": 2, "items": items}

    def prepare(self, event: dict[str, Any]) -> dict[str, Any]:
        if event["input"]["environment"] == "busy":
            raise EnvironmentBusyError("held by another")
        return {"request": parse_request(event["input"]).to_json()}

    def smoke(self, _event: dict[str, Any]) -> dict[str, Any]:
        return {"smokeTest": {"passed": True, "checks": []}}

    def outcome(self, event: dict[str, Any]) -> dict[str, Any]:
        failure = event.get("failure")
        return {
            "output": {},
            "failure": {"error": failure["Error"], "cause": failure["Cause"]} if failure else None,
        }

    def report(self, event: dict[str, Any]) -> dict[str, Any]:
        scenario = event["execution"].rpartition(":")[2]
        self.reports[scenario] = event
        if scenario == "no-report":
            raise FleetError("the bus refused")
        return {"succeeded": sum(item["status"] == "SUCCEEDED" for item in event["results"])}


@pytest.fixture(scope="module")
def stand_ins() -> StandIns:
    return StandIns()


@pytest.fixture(scope="module")
def aws(stand_ins: StandIns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with EmbeddedAws.start(
        state_dir=tmp_path_factory.mktemp("aws"), functions=stand_ins.functions()
    ) as embedded:
        yield embedded


@pytest.fixture(scope="module")
def runs(aws: EmbeddedAws, evaluations: Evaluations) -> dict[str, Run]:
    client = aws.client("stepfunctions")
    started = {
        name: client.start_execution(
            stateMachineArn=aws.outputs["FleetStateMachineArn"],
            name=name,
            input=json.dumps({"action": "verify"}),
        )["executionArn"]
        for name in SCENARIOS
    }
    return {name: follow(client, arn) for name, arn in started.items()}


@pytest.mark.parametrize(
    ("name", "succeeded"), [("all-well", 2), ("nobody", 0), ("five-by-two", 5), ("throttled", 1)]
)
def test_a_fleet_that_goes_well(runs: dict[str, Run], name: str, succeeded: int) -> None:
    description = runs[name].description
    assert description["status"] == "SUCCEEDED", description
    assert json.loads(description["output"]) == {"succeeded": succeeded}


def test_one_that_fails_stops_no_other_and_is_reported_with_its_own_error(
    runs: dict[str, Run], stand_ins: StandIns
) -> None:
    assert runs["one-fails"].description["status"] == "SUCCEEDED"
    results = stand_ins.reports["one-fails"]["results"]
    assert [(item["environment"], item["status"]) for item in results] == [
        ("a", "SUCCEEDED"),
        ("busy", "FAILED"),
        ("c", "SUCCEEDED"),
    ]
    described = json.loads(results[1]["cause"])
    assert (described["Error"], described["Status"]) == ("EnvironmentBusyError", "FAILED")
    assert described["ExecutionArn"].endswith(":one-fails-busy")
    assert results[0]["execution"].endswith(":one-fails-a")


def test_as_many_are_worked_on_at_once_as_was_said(aws: EmbeddedAws, runs: dict[str, Run]) -> None:
    assert runs["five-by-two"].description["status"] == "SUCCEEDED"
    executions = [
        item
        for item in aws.client("stepfunctions").list_executions(
            stateMachineArn=aws.outputs["StateMachineArn"], maxResults=1000
        )["executions"]
        if item["name"].startswith("five-by-two-")
    ]
    assert len(executions) == 5
    at_once = [
        sum(other["startDate"] <= item["startDate"] < other["stopDate"] for other in executions)
        for item in executions
    ]
    assert max(at_once) == 2


@pytest.mark.parametrize(
    ("name", "error", "cause"),
    [
        ("no-selection", "InvalidRequestError", "action: given 'verify'"),
        ("no-list", "States.QueryEvaluationError", ""),
        ("no-report", "FleetError", "the bus refused"),
    ],
)
def test_a_fleet_that_cannot_go_on_ends_red(
    runs: dict[str, Run], name: str, error: str, cause: str
) -> None:
    description = runs[name].description
    assert (description["status"], description["error"]) == ("FAILED", error)
    assert cause in description["cause"]
    assert "stackTrace" not in description["cause"]


def test_coverage_of_the_fleets_definition_is_complete(
    runs: dict[str, Run], capsys: pytest.CaptureFixture[str]
) -> None:
    missing, total = uncovered(DEFINITION, runs.values())
    with capsys.disabled():
        print(
            f"\nfleet definition coverage: {100 * (total - len(missing)) / total:.0f} % "
            f"of {total} states and transitions"
        )
    assert missing == set()


def test_the_reference_engine_evaluates_every_expression_alike(
    runs: dict[str, Run], evaluations: Evaluations
) -> None:
    assert runs
    assert evaluations.missing(DEFINITION) == []
    assert evaluations.differences() == []


def test_nothing_starts_by_itself_unless_it_is_turned_on(
    aws: EmbeddedAws, runs: dict[str, Run]
) -> None:
    """Deployed with no parameter: no event, no upload and no year of nights starts an execution."""
    assert runs
    client = aws.client("stepfunctions")
    machines = [aws.outputs[name] for name in ("StateMachineArn", "FleetStateMachineArn")]

    def count() -> int:
        return sum(
            len(client.list_executions(stateMachineArn=arn, maxResults=1000)["executions"])
            for arn in machines
        )

    before, called = count(), len(aws.calls.calls(service="lambda", operation="Invoke"))
    entry = {
        "Source": "agentcore.lifecycle",
        "DetailType": "Environment Rebuild Requested",
        "Detail": "{}",
    }
    aws.client("events").put_events(Entries=[entry])
    bucket = aws.outputs["ArtifactBucketName"]
    aws.client("s3").put_object(Bucket=bucket, Key="sources/agent.zip", Body=b"zip")
    present = aws.events.clock
    try:
        for days in (1, 2, 365):
            moment = datetime.now(UTC) + timedelta(days=days)
            aws.events.clock = lambda moment=moment: moment  # type: ignore[misc]
            aws.events.tick()
    finally:
        aws.events.clock = present
    aws.events.flush()
    assert count() == before
    assert len(aws.calls.calls(service="lambda", operation="Invoke")) == called
    rules = aws.client("events").list_rules(NamePrefix="agentcore-lifecycle-")["Rules"]
    assert [rule["State"] for rule in rules] == ["DISABLED", "DISABLED"]
    schedules = aws.client("scheduler").list_schedules()["Schedules"]
    assert [schedule["State"] for schedule in schedules] == ["DISABLED"] * 3
