"""The fleet's definition, executed with stand-ins: every state, transition and Catch; and nothing starts by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lifecycle.errors import EnvironmentBusyError, InvalidRequestError, ThrottledError
from lifecycle.fleet.files import Location, folder, write_list
from lifecycle.fleet.report import FleetReportEvent, report_fleet
from lifecycle.fleet.select import FleetItem, Selection
from lifecycle.request.model import parse_request
from local.embedded import EmbeddedAws
from tests.foreign.engines.reference import Evaluations
from tests.statemachine.execution import Run, follow, follow_map, uncovered

pytestmark = pytest.mark.embedded
ROOT = Path(__file__).parents[2]
DEFINITION = json.loads((ROOT / "statemachine" / "fleet.asl.json").read_text())
# What each scenario's fleet works on. An environment called busy fails; one called odd gets a name that no execution
# can have.
SCENARIOS = {
    "all-well": ["a", "b"],
    "one-fails": ["a", "busy", "c"],
    "none-starts": ["odd"],
    "nobody": [],
    "dry-run": ["a"],
    "five-by-two": ["a", "b", "c", "d", "e"],
    "throttled": ["a"],
    "no-selection": [],
    "no-file": ["a"],
    "no-report": ["a"],
}


class StandIns:
    """The fleet's first function, its last one with an event bus of our own, and a smoke test's lifecycle."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.aws: EmbeddedAws | None = None
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
        items = [
            FleetItem(
                environment=name,
                execution_name="not a name" if name == "odd" else f"{scenario}-{name}",
                input={"action": "smokeTest", "environment": name},
            )
            for name in SCENARIOS[scenario]
        ]
        assert self.aws is not None
        place = folder(event["execution"])
        file = Location(bucket=self.aws.outputs["ArtifactBucketName"], key=f"{place}/items.json")
        if items and scenario != "no-file":
            write_list(self.aws.client("s3"), file, items)
        selection = Selection(
            action="verify",
            max_concurrency=2,
            dry_run=scenario == "dry-run",
            selected=len(items),
            items=file if items else None,
            results_prefix=f"{place}/results",
        )
        return selection.model_dump(mode="json", by_alias=True)

    def prepare(self, event: dict[str, Any]) -> dict[str, Any]:
        if event["input"]["environment"] == "busy":
            raise EnvironmentBusyError("held by another")
        request = parse_request(event["input"]).to_json()
        return {
            "request": request,
            "cases": None,
            "evaluations": None,
            "telemetry": False,
            "gateway": False,
            "credentials": False,
            "closes": False,
            "canary": None,
            "leftCanary": False,
            "learned": {},
        }

    def smoke(self, _event: dict[str, Any]) -> dict[str, Any]:
        return {"smokeTest": {"passed": True, "checks": []}, "casesDeadline": 0}

    def outcome(self, event: dict[str, Any]) -> dict[str, Any]:
        failure = event.get("failure")
        if failure is None:
            return {"output": {}, "failure": None}
        cause = json.loads(failure["Cause"])["errorMessage"]
        return {"output": {}, "failure": {"error": failure["Error"], "cause": cause}}

    def report(self, event: dict[str, Any]) -> dict[str, Any]:
        if event["execution"].endswith(":no-report"):
            raise InvalidRequestError("the bus refused")
        assert self.aws is not None
        clients: Any = SimpleNamespace(s3=self.aws.client("s3"), events=self)
        report = report_fleet(FleetReportEvent.model_validate(event), clients=clients)
        return report.model_dump(mode="json", by_alias=True)

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.events += [json.loads(entry["Detail"]) for entry in Entries]
        return {"FailedEntryCount": 0}


@pytest.fixture(scope="module")
def stand_ins() -> StandIns:
    return StandIns()


@pytest.fixture(scope="module")
def aws(stand_ins: StandIns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with (
        EmbeddedAws.start(
            state_dir=tmp_path_factory.mktemp("aws"), functions=stand_ins.functions()
        ) as embedded,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name in ("STACK_NAME", "TABLE_NAME", "EVENT_BUS_NAME"):
            patch.setenv(name, "default")
        patch.setenv("ARTIFACT_BUCKET", embedded.outputs["ArtifactBucketName"])
        stand_ins.aws = embedded
        yield embedded


@pytest.fixture(scope="module")
def runs(aws: EmbeddedAws, evaluations: Evaluations) -> dict[str, Run]:
    """The fleets' executions."""
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


@pytest.fixture(scope="module")
def children(aws: EmbeddedAws, runs: dict[str, Run]) -> list[Run]:
    """The executions of all fleets' items."""
    client = aws.client("stepfunctions")
    return [child for run in runs.values() for child in follow_map(client, run)]


@pytest.mark.parametrize(
    ("name", "succeeded"),
    [("all-well", 2), ("nobody", 0), ("dry-run", 0), ("five-by-two", 5), ("throttled", 1)],
)
def test_a_fleet_that_goes_well(runs: dict[str, Run], name: str, succeeded: int) -> None:
    description = runs[name].description
    assert description["status"] == "SUCCEEDED", description
    output = json.loads(description["output"])
    assert (output["started"], output["succeeded"], output["failed"]) == (succeeded, succeeded, 0)
    assert output["selected"] == len(SCENARIOS[name])
    started = "Run each environment" in runs[name].entered()
    assert started == (succeeded > 0), "a map run of nothing is not started"


def test_one_that_fails_stops_no_other_and_is_reported_with_its_own_error(
    aws: EmbeddedAws, runs: dict[str, Run], stand_ins: StandIns
) -> None:
    description = runs["one-fails"].description
    assert (description["status"], description["error"]) == ("FAILED", "FleetError")
    assert (
        "1 of 3 environments failed: busy: EnvironmentBusyError: held by another;"
        in (description["cause"])
    )
    (event,) = [event for event in stand_ins.events if event["failed"] and event["started"] == 3]
    (failure,) = event["failures"]
    assert failure["link"].endswith(f"#/v2/executions/details/{failure['execution']}")
    assert failure.pop("execution").endswith(":one-fails-busy")
    del failure["link"]
    assert failure == {
        "environment": "busy",
        "status": "FAILED",
        "error": "EnvironmentBusyError",
        "cause": "held by another",
    }
    # The whole list is where the output says.
    manifest = json.loads(
        aws.client("s3")
        .get_object(Bucket=event["results"]["bucket"], Key=event["results"]["key"])["Body"]
        .read()
    )
    assert {kind: len(files) for kind, files in manifest["ResultFiles"].items()} == {
        "SUCCEEDED": 1,
        "FAILED": 0,
        "PENDING": 0,
    }
    assert event["results"]["key"].startswith("fleets/one-fails/results/")


def test_an_execution_that_cannot_be_started_is_a_failed_environment(
    runs: dict[str, Run], stand_ins: StandIns
) -> None:
    assert runs["none-starts"].description["error"] == "FleetError"
    (failure,) = [
        failure
        for event in stand_ins.events
        for failure in event["failures"]
        if failure["environment"] == "odd"
    ]
    assert (failure["execution"], failure["error"]) == (None, "StepFunctions.InvalidNameException")
    assert "not a name" in failure["cause"]


def test_the_items_see_no_variable_of_the_fleet() -> None:
    """In AWS they are executions of their own (developer guide, "Passing data between states with variables")."""
    fleet = DEFINITION["States"]
    assigned = {name for state in fleet.values() for name in state.get("Assign", {})}
    assert assigned == {"selection", "results"}
    inner = json.dumps(fleet["Run each environment"]["ItemProcessor"])
    assert [name for name in assigned if f"${name}" in inner] == []


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
        ("no-file", "States.ItemReaderFailed", "key does not exist"),
        ("no-report", "InvalidRequestError", "the bus refused"),
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
    runs: dict[str, Run], children: list[Run], capsys: pytest.CaptureFixture[str]
) -> None:
    assert children
    missing, total = uncovered(DEFINITION, [*runs.values(), *children])
    with capsys.disabled():
        print(
            f"\nfleet definition coverage: {100 * (total - len(missing)) / total:.0f} % "
            f"of {total} states and transitions"
        )
    assert missing == set()


def test_the_reference_engine_evaluates_every_expression_alike(
    aws: EmbeddedAws, runs: dict[str, Run], evaluations: Evaluations
) -> None:
    assert runs
    text = json.dumps(DEFINITION)
    machine = aws.outputs["StateMachineArn"]
    deployed = json.loads(text.replace("${LifecycleStateMachineArn}", machine))
    assert evaluations.missing(deployed) == []
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
    # The one that is on takes callers back after a canary that was stopped, and makes nothing.
    states = {"aws.states" in rule["EventPattern"]: rule["State"] for rule in rules}
    assert (len(rules), states) == (3, {True: "ENABLED", False: "DISABLED"})
    schedules = aws.client("scheduler").list_schedules()["Schedules"]
    assert [schedule["State"] for schedule in schedules] == ["DISABLED"] * 4
