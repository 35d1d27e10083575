"""Prepare the rollback: only a failure of the version itself rolls back, and by the request that made the other one."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.auto_rollback.prepare import VerificationFailed, prepare_rollback
from lifecycle.doors.mcp import McpRecord
from lifecycle.doors.section import GatewayRecord
from lifecycle.errors import LockLostError
from lifecycle.outcome.cause import RawFailure
from lifecycle.record import FailedSmokeTest
from lifecycle.request.gateway.section import Gateway

INPUT = {"action": "smokeTest", "autoRollback": True}
FAILURE = {"Error": "SmokeTestError", "Cause": "check 'it answers': no"}


def three_versions(world: Any, **more: Any) -> None:
    for text in ("one", "two", "three"):
        world.provision(text, {"runtime": {"description": text}, **more})


def fail(
    world: Any,
    *,
    of_version: bool = True,
    endpoint: str = "live",
    by: str = "verify",
    version: str = "3",
) -> None:
    """A verification of `live` that failed, and still has the lock."""
    world.execution = f"execution:{by}"
    world.records.acquire("dev", world.execution, lambda _: False, {})
    world.records.update(
        "dev",
        world.execution,
        failed_smoke_test=FailedSmokeTest(
            execution=world.execution,
            report={"endpoint": endpoint, "version": version, "passed": False},
            of_version=of_version,
        ),
    )


def prepare(world: Any, **given: Any) -> Any:
    event = VerificationFailed(
        execution=world.execution,
        input={**INPUT, **given},
        failure=RawFailure.model_validate(FAILURE),
    )
    return prepare_rollback(event, clients=world.clients)


def test_the_request_is_that_of_the_version_before(world: Any) -> None:
    three_versions(world, smokeTest={"prompt": "as then", "expect": "as then"})
    fail(world)
    found = prepare(world, smokeTest={"expect": "given"}, wait={"timeoutSeconds": 77})
    request = found.request
    assert (request.action, request.version, request.auto_rollback) == ("rollback", "2", False)
    assert request.runtime.description == "two"
    assert (request.smoke_test.prompt, request.smoke_test.expect) == ("as then", "given")
    assert request.wait.timeout_seconds == 77
    assert (found.auto_rollback.from_version, found.auto_rollback.to_version) == ("3", "2")
    assert found.auto_rollback.smoke_test["endpoint"] == "live"
    record = world.record()
    assert record.state == "PROVISIONING"
    assert record.state_reason.startswith(
        "an automatic rollback from 3 to 2: SmokeTestError: check"
    )
    # Called again, after an answer that was lost.
    assert prepare(world, smokeTest={"expect": "given"}, wait={"timeoutSeconds": 77}) == found


def test_its_cases_are_planned(world: Any) -> None:
    cases = [{"prompt": "a", "expect": "b"}] * 3
    three_versions(world, smokeTest={"cases": cases})
    fail(world)
    assert prepare(world).cases.total == 3


def test_its_evaluators_are_looked_up(world: Any) -> None:
    three_versions(
        world, smokeTest={"evaluators": [{"evaluator": "Builtin.Correctness", "minScore": 0.8}]}
    )
    fail(world)
    (planned,) = prepare(world).evaluations.evaluators
    assert (planned.evaluator, planned.min_score) == ("Builtin.Correctness", 0.8)
    assert planned.level == "TRACE"


@pytest.mark.parametrize("part", [{"of_version": False}, {"endpoint": "DEFAULT"}])
def test_what_does_not_blame_the_version_of_live_rolls_nothing_back(
    world: Any, part: dict[str, Any]
) -> None:
    three_versions(world)
    fail(world, **part)
    before = world.record()
    found = prepare(world)
    assert found.request is None
    assert "does not say that the version itself is bad" in found.auto_rollback.refused
    assert world.record() == before


def test_a_version_that_the_record_does_not_know_as_live_rolls_nothing_back(world: Any) -> None:
    """Somebody, or an execution that was stopped, moved `live`: the version of the record is not the bad one."""
    three_versions(world)
    fail(world, version="4")
    found = prepare(world)
    assert found.request is None
    assert "live serves version 4, and the record says 3" in found.auto_rollback.refused


def test_the_report_of_another_execution_is_none(world: Any) -> None:
    three_versions(world)
    fail(world, by="yesterday")
    world.records.release("dev", world.execution)
    world.execution = "execution:today"
    world.records.acquire("dev", world.execution, lambda _: False, {})
    assert prepare(world).auto_rollback.refused is not None


def test_without_a_way_back_it_says_why(world: Any) -> None:
    world.provision("one")
    fail(world, version="1")
    before = world.record()
    found = prepare(world)
    assert "no earlier version" in found.auto_rollback.refused
    assert world.record() == before


def test_what_a_rollback_refuses_is_refused_here(world: Any) -> None:
    three_versions(world)
    fail(world)
    # It only counts for cases, and the version before has none.
    assert "repeat" in prepare(world, smokeTest={"repeat": 2}).auto_rollback.refused


def test_a_gateway_that_the_stack_does_not_allow_any_more_rolls_nothing_back(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    three_versions(world)
    target = {"name": "tools", "mcpServer": {"endpoint": "https://api.example.com/mcp"}}
    asked = {"type": "mcp", "targets": [target], "test": {"tool": "tools___get"}}
    mcp = McpRecord(asked=Gateway.model_validate(asked).to_json(), role="r")
    fail(world)
    world.records.update("dev", world.execution, gateway=GatewayRecord(name="stack-dev", mcp=mcp))
    assert prepare(world).auto_rollback.to_version == "2"
    monkeypatch.setenv("GATEWAY_HOSTS", "")
    assert "stack's parameter GatewayHosts" in prepare(world).auto_rollback.refused


def test_whoever_lost_the_lock_rolls_nothing_back(world: Any) -> None:
    three_versions(world)
    fail(world)
    world.records.release("dev", world.execution)
    world.records.acquire("dev", "execution:other", lambda _: False, {})
    with pytest.raises(LockLostError):
        prepare(world)
