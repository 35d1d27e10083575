"""The metrics of environments: what the handlers emit, and that the template's alarms and dashboard read just that."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from handlers import report_fleet as report_handler
from handlers import select_environments as select_handler
from lifecycle import entry
from lifecycle.errors import FleetError
from lifecycle.fleet.report import report_fleet
from lifecycle.fleet.select import select_environments
from tests.functions.lifecycle.fleet.environments import environment
from tests.functions.lifecycle.fleet.test_report import item, written
from tests.functions.lifecycle.lambda_context import LambdaContext
from tests.functions.test_policies import plain_template

HOUR = 3600
STACK = "AWS::StackName"
AGES = ("OldestLockAge", "OldestExpiredAge")


@pytest.fixture
def handlers(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The real handlers on the test's account, as functions of the stack."""

    class Events:
        def put_events(self, **_: Any) -> dict[str, Any]:
            return {"FailedEntryCount": 0}

    monkeypatch.setenv("EVENT_BUS_NAME", "default")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    monkeypatch.setitem(world.clients.__dict__, "events", Events())
    for function in (select_environments, report_fleet):
        monkeypatch.setitem(function.__kwdefaults__ or {}, "clients", world.clients)
    monkeypatch.setattr(entry.metrics, "service", STACK)
    entry.metrics.clear_metrics()
    return world


def emf(output: str) -> list[dict[str, Any]]:
    """The events in CloudWatch's embedded metric format among lines of output."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


def select(capsys: pytest.CaptureFixture[str], **request: Any) -> dict[str, Any]:
    capsys.readouterr()
    select_handler.handler({"execution": "fleet:one", "input": request}, LambdaContext())
    (event,) = emf(capsys.readouterr().out)
    return event


def values(event: dict[str, Any], *names: str) -> list[float]:
    return [value for name in names for value in event[name]]


def test_what_a_fleet_execution_measures(handlers: Any, capsys: pytest.CaptureFixture[str]) -> None:
    handlers.clients.stepfunctions.run("execution:slow", 7)
    handlers.clients.stepfunctions.run("execution:quick", 0.1)
    environment(handlers, "old", expires_at=int(time.time()) - 30 * HOUR)
    environment(handlers, "due", expires_at=int(time.time()) + HOUR)
    environment(handlers, "forever")
    event = select(capsys, action="sweep", dryRun=True)
    counts = ("Environments", "LockedEnvironments", "ExpiredEnvironments", "Orphans")
    assert values(event, *counts) == [3, 2, 1, 0]
    assert values(event, *AGES) == pytest.approx([7 * HOUR, 30 * HOUR], abs=30)
    # To find the execution of a metric, without a metric for each.
    assert event["execution"] == "fleet:one"


def test_a_sweep_of_what_has_expired_measures_locks_and_expiries_alike(
    handlers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    handlers.clients.stepfunctions.run("execution:slow", 7)
    environment(handlers, "old", expires_at=int(time.time()) - 30 * HOUR)
    environment(handlers, "forever")
    event = select(capsys, action="sweep", findOrphans=False)
    assert values(event, "LockedEnvironments", "ExpiredEnvironments") == [1, 1]
    assert values(event, *AGES) == pytest.approx([7 * HOUR, 30 * HOUR], abs=30)
    # It does not know them.
    assert not {"Environments", "Orphans"} & {*event}


def test_an_age_of_nothing_is_zero(handlers: Any, capsys: pytest.CaptureFixture[str]) -> None:
    environment(handlers, "dev")
    # By the clock of Step Functions, it begins in a moment.
    handlers.clients.stepfunctions.run("execution:new", -0.01)
    event = select(capsys, action="rebuild", dryRun=True)
    assert values(event, *AGES) == [0, 0]
    assert "Orphans" not in event


def report(
    world: Any, capsys: pytest.CaptureFixture[str], action: str, *errors: str | None
) -> dict[str, Any]:
    results = written(world, SUCCEEDED=[[item(f"e{n}", error) for n, error in enumerate(errors)]])
    selection = {
        **{"action": action, "maxConcurrency": 5, "dryRun": False, "selected": len(errors)},
        "resultsPrefix": "fleets/one/results",
    }
    given = {
        "execution": "fleet:one",
        "selection": selection,
        "results": results.model_dump(by_alias=True),
    }
    capsys.readouterr()
    if any(errors):
        with pytest.raises(FleetError):
            report_handler.handler(given, LambdaContext())
    else:
        report_handler.handler(given, LambdaContext())
    (event,) = emf(capsys.readouterr().out)
    return event


def test_only_a_verify_tells_how_many_failed_to_verify(
    handlers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(handlers, capsys, "verify", "SmokeTestError", None, "X")["VerifyFailed"] == [2]
    # So that the alarm ends.
    assert report(handlers, capsys, "verify", None)["VerifyFailed"] == [0]
    assert "VerifyFailed" not in report(handlers, capsys, "rebuild", "SmokeTestError")


def series(event: dict[str, Any]) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    """The metrics of an event: name and dimensions with their values."""
    return {
        (metric["Name"], frozenset((name, str(event[name])) for name in dimensions))
        for directive in event["_aws"]["CloudWatchMetrics"]
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
        if directive["Namespace"] == "AgentCoreLifecycle"
    }


def read_by_alarms() -> set[tuple[str, frozenset[tuple[str, str]]]]:
    resources = plain_template()["Resources"].values()
    return {
        (
            alarm["MetricName"],
            frozenset((one["Name"], one["Value"]) for one in alarm["Dimensions"]),
        )
        for alarm in (r["Properties"] for r in resources if r["Type"] == "AWS::CloudWatch::Alarm")
        if alarm.get("Namespace") == "AgentCoreLifecycle"
    }


def read_by_the_dashboard() -> set[tuple[str, frozenset[tuple[str, str]]]]:
    body = json.loads(
        plain_template()["Resources"]["OperationsDashboard"]["Properties"]["DashboardBody"]
    )
    lines = [
        line
        for widget in body["widgets"]
        for line in widget["properties"].get("metrics", [])
        if line[0] == "AgentCoreLifecycle"
    ]
    found = set()
    for _, metric, *dimensions, _how in lines:
        pairs = zip(dimensions[::2], dimensions[1::2], strict=True)
        found.add((metric, frozenset((n, v.replace(f"${{{STACK}}}", STACK)) for n, v in pairs)))
    return found


def test_alarms_and_dashboard_read_what_the_handlers_emit(
    handlers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    emitted = series(select(capsys, action="sweep", dryRun=True))
    emitted |= series(report(handlers, capsys, "verify", None))
    assert len(read_by_alarms()) == 3
    assert read_by_alarms() - emitted == set()
    assert len(read_by_the_dashboard()) == 7
    assert read_by_the_dashboard() - emitted == set()


def test_no_metric_has_a_dimension_that_grows(
    handlers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    emitted = series(select(capsys, action="sweep", dryRun=True))
    assert {name for _, dimensions in emitted for name, _ in dimensions} == {"service", "stage"}
