"""Functions that die, calls that are throttled or lost: the same end, with one of everything."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from local.edge.faults import Fault

pytestmark = pytest.mark.embedded
STAGES = (
    "PrepareRequestFunction",
    "ProvisionIdentityFunction",
    "PublishArtifactFunction",
    "DeployRuntimeFunction",
    "CheckRuntimeFunction",
    "RunSmokeTestFunction",
    "PromoteVersionFunction",
    "ReportOutcomeFunction",
)
REMOVING = ("DeleteRuntimeFunction", "DeleteIdentityFunction", "DeleteArtifactFunction")


def crash(lifecycle: Any, kind: Any, functions: tuple[str, ...]) -> None:
    for function in functions:
        lifecycle.aws.faults.add(
            Fault(service="lambda", operation="Invoke", kind=kind, caller=function)
        )


@pytest.mark.parametrize("kind", ["crashBefore", "crashAfter"])
def test_each_function_dies_once_and_there_is_one_of_everything(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    kind: str,
) -> None:
    name = environment()
    crash(lifecycle, kind, STAGES)
    before = time.time()
    source = uploaded("echo", f"uploads/{name}.zip", **{"content.txt": name})
    run = lifecycle.run({"environment": name, "artifact": {"source": source}})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert lifecycle.aws.faults.list() == []
    assert (run.output["artifact"]["built"], run.output["change"]) == (True, "created")
    assert run.output["runtime"]["version"] == "1"
    assert run.output["promotion"]["version"] == "1"
    made = [str(call.operation) for call in lifecycle.aws.calls.calls(since=before)]
    for once in ("CreateUserPool", "CreateSecret", "StartBuild", "CreateAgentRuntime"):
        assert made.count(once) == 1, once
    found = lifecycle.leftovers(name)
    for one in ("pools", "secrets", "artifacts", "runtimes"):
        assert len(found[one]) == 1, found

    crash(lifecycle, kind, ("PrepareRequestFunction", *REMOVING, "ReportOutcomeFunction"))
    removed = lifecycle.run({"action": "teardown", "environment": name})
    assert removed.status == "SUCCEEDED", (removed.error, removed.cause)
    assert lifecycle.aws.faults.list() == []
    assert lifecycle.leftovers(name) == {}
    for kind_of_thing in ("endpoint", "runtime", "log group", "user pool", "secret", "s3://"):
        assert any(kind_of_thing in item for item in removed.output["teardown"]["removed"])


def test_a_compensation_whose_functions_die_leaves_nothing_and_keeps_the_original_error(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    crash(lifecycle, "crashAfter", ("RecordFailureFunction", *REMOVING, "ReportOutcomeFunction"))
    run = lifecycle.run(
        {
            "environment": name,
            "artifact": tiny,
            "smokeTest": {"expect": "never said"},
            "teardown": "onFailure",
        }
    )
    assert (run.status, run.error) == ("FAILED", "SmokeTestError"), (run.error, run.cause)
    assert "never said" in run.cause
    assert lifecycle.aws.faults.list() == []
    assert lifecycle.leftovers(name) == {}


def test_throttled_and_failing_calls_of_the_control_plane_are_made_again(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    operations = [
        "CreateAgentRuntime",
        "GetAgentRuntime",
        "CreateAgentRuntimeEndpoint",
        "DeleteAgentRuntimeEndpoint",
        "DeleteAgentRuntime",
    ]
    for operation in operations:
        for kind in ("throttle", "serverError"):
            lifecycle.aws.faults.add(
                Fault(
                    service="bedrock-agentcore-control",
                    operation=operation,
                    kind=kind,
                )
            )
    run = lifecycle.run({"environment": name, "artifact": tiny, "teardown": "always"})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert lifecycle.aws.faults.list() == []
    assert run.output["runtime"]["version"] == "1"
    assert lifecycle.leftovers(name) == {}


def test_throttles_that_outlast_the_client_are_retried_by_the_state_machine(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    lifecycle.aws.faults.add(
        Fault(
            service="bedrock-agentcore-control",
            operation="CreateAgentRuntime",
            kind="throttle",
            times=8,
        )
    )
    run = lifecycle.run({"environment": name, "artifact": tiny})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert lifecycle.aws.faults.list() == []
    failed = [event for event in run.history if event["type"] == "TaskFailed"]
    assert {event["taskFailedEventDetails"]["error"] for event in failed} == {"ThrottledError"}
    assert run.output["runtime"]["version"] == "1"
    assert len(lifecycle.leftovers(name)["runtimes"]) == 1


def test_a_create_whose_answer_was_lost_makes_one_runtime(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    for operation in ("CreateAgentRuntime", "CreateAgentRuntimeEndpoint"):
        lifecycle.aws.faults.add(
            Fault(service="bedrock-agentcore-control", operation=operation, kind="timeoutAfter")
        )
    run = lifecycle.run({"environment": name, "artifact": tiny})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert lifecycle.aws.faults.list() == []
    assert run.output["runtime"]["version"] == "1"
    assert len(lifecycle.leftovers(name)["runtimes"]) == 1
