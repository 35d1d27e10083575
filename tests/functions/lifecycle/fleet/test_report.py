"""Report the fleet: what is counted, what is sent to the event bus, and which failures are named."""

import json
from typing import Any

import pytest

from lifecycle.errors import FleetError
from lifecycle.fleet.report import FleetReportEvent, report_fleet
from tests.functions.lifecycle.fleet.environments import environment, select


@pytest.fixture
def heard(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is put onto the event bus."""
    monkeypatch.setenv("EVENT_BUS_NAME", "default")
    entries: list[dict[str, Any]] = []

    class Events:
        def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
            entries.extend(Entries)
            return {"FailedEntryCount": 0}

    world.clients.__dict__["events"] = Events()
    yield entries
    del world.clients.__dict__["events"]


def report(world: Any, *results: dict[str, Any]) -> Any:
    environment(world, "a")
    selection = select(world, action="rebuild")
    event = FleetReportEvent.model_validate(
        {"execution": "fleet:one", "selection": selection, "results": list(results)}
    )
    return report_fleet(event, clients=world.clients)


GOOD = {"environment": "a", "execution": "x:1", "status": "SUCCEEDED", "error": None, "cause": None}


def test_a_good_fleet_is_counted(world: Any, heard: Any) -> None:
    result = report(world, GOOD, GOOD | {"environment": "b"})
    assert (result.started, result.succeeded, result.failed) == (2, 2, 0)
    assert [entry["DetailType"] for entry in heard] == ["Fleet Complete"]


def test_a_failed_environment_is_named_with_its_own_error(world: Any, heard: Any) -> None:
    cause = {
        "ExecutionArn": "x:2",
        "Status": "FAILED",
        "Error": "SmokeTestError",
        "Cause": "check 'answer':\nexpected rain",
    }
    failed = {
        "environment": "b",
        "execution": None,
        "status": "FAILED",
        "error": "States.TaskFailed",
        "cause": json.dumps(cause),
    }
    with pytest.raises(FleetError, match="1 of 2 environments failed: b: SmokeTestError: check"):
        report(world, GOOD, failed)
    (entry,) = heard
    assert entry["DetailType"] == "Fleet Failed"
    assert json.loads(entry["Detail"])["failed"] == 1
