"""One execution works on an environment at a time, many on many; what a killed one left is taken over."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from local.edge.faults import Fault

pytestmark = pytest.mark.embedded
MANY = 20


def wait_for_state(lifecycle: Any, execution: str, state: str, seconds: float = 60) -> None:
    """Wait until an execution has entered a state."""
    deadline = time.monotonic() + seconds
    while not any(
        event.get("stateEnteredEventDetails", {}).get("name") == state
        for event in lifecycle.history(execution)
    ):
        assert time.monotonic() < deadline, lifecycle.history(execution)[-3:]
        time.sleep(0.1)


def delay_runtime(lifecycle: Any, seconds: float) -> None:
    lifecycle.aws.faults.add(
        Fault(
            service="bedrock-agentcore-control",
            operation="CreateAgentRuntime",
            kind="delayedState",
            seconds=seconds,
        )
    )


def holder(lifecycle: Any, name: str) -> str | None:
    record = lifecycle.record(name) or {}
    lock = record.get("lock")
    return None if lock is None else str(lock["M"]["execution"]["S"])


def test_of_two_executions_at_the_same_moment_one_works_and_the_other_names_it(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    given = {"environment": name, "artifact": tiny}
    arns = [lifecycle.start(given) for _ in range(2)]
    runs = [lifecycle.finish(arn) for arn in arns]
    assert sorted(run.status for run in runs) == ["FAILED", "SUCCEEDED"]
    winner = next(run for run in runs if run.status == "SUCCEEDED")
    loser = next(run for run in runs if run.status == "FAILED")
    assert loser.error == "EnvironmentBusyError"
    assert winner.arn in loser.cause
    # The loser did nothing, not even to the winner's record.
    assert loser.states == [
        "Prepare the request",
        "Report the failure",
        "Lifecycle failed",
    ]
    assert lifecycle.record(name)["state"] == {"S": "READY"}
    assert holder(lifecycle, name) is None


def test_no_action_disturbs_another(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    delay_runtime(lifecycle, 8)
    first = lifecycle.start({"environment": name, "artifact": tiny})
    wait_for_state(lifecycle, first, "Wait for the runtime")
    assert holder(lifecycle, name) == first
    others = [
        lifecycle.start({"environment": name, "action": action})
        for action in ("teardown", "smokeTest")
    ]
    for other in (lifecycle.finish(arn) for arn in others):
        assert (other.status, other.error) == ("FAILED", "EnvironmentBusyError")
        assert first in other.cause
    assert holder(lifecycle, name) == first
    run = lifecycle.finish(first)
    assert run.status == "SUCCEEDED", (run.error, run.cause)


def test_the_lock_of_a_killed_execution_is_taken_over(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    delay_runtime(lifecycle, 5)
    given = {"environment": name, "artifact": tiny}
    killed = lifecycle.start(given)
    wait_for_state(lifecycle, killed, "Wait for the runtime")
    lifecycle.stepfunctions.stop_execution(executionArn=killed, error="Killed", cause="by a test")
    assert lifecycle.finish(killed).status == "ABORTED"
    assert holder(lifecycle, name) == killed
    before = time.time()
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    # What the killed one had made is adopted: one of everything.
    made = {
        str(call.operation)
        for call in lifecycle.aws.calls.calls(since=before)
        if call.caller and call.caller.kind == "function"
    }
    assert made.isdisjoint({"CreateUserPool", "CreateUserPoolClient", "CreateAgentRuntime"})
    found = lifecycle.leftovers(name)
    assert {kind: len(found[kind]) for kind in ("pools", "secrets", "runtimes")} == {
        "pools": 1,
        "secrets": 1,
        "runtimes": 1,
    }
    assert run.output["runtime"]["version"] == "1"
    assert holder(lifecycle, name) is None


def test_many_executions_on_as_many_environments_all_succeed(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = [environment() for _ in range(MANY)]
    began = time.monotonic()
    # Each is a whole round trip, so that nothing is left for the end of the test.
    arns = [
        lifecycle.start({"environment": name, "artifact": tiny, "teardown": "always"})
        for name in names
    ]
    runs = [lifecycle.finish(arn) for arn in arns]
    assert [(run.status, run.error, run.cause) for run in runs] == [
        ("SUCCEEDED", None, None)
    ] * MANY
    assert sorted(run.output["environment"] for run in runs) == sorted(names)
    assert len({run.output["runtime"]["id"] for run in runs}) == MANY
    assert all(run.output["smokeTest"]["passed"] for run in runs)
    assert [lifecycle.leftovers(name) for name in names] == [{}] * MANY
    with capsys.disabled():
        print(f"\n{MANY} round trips at once: {time.monotonic() - began:.1f} s")
