"""StopExecution while a function waits for a slow AWS: a teardown waits for the function, and leaves nothing.

`tests/functions/lifecycle/test_stopped.py` holds each function before each of its writes. These are whole executions.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from local.edge.faults import Fault

pytestmark = pytest.mark.embedded
# A teardown of what a stopped execution left takes less, so that without a fence it would be over before the call.
HELD = 15.0
# The status of a conditional write whose condition is not true.
REFUSED = 400


def stop_while(lifecycle: Any, given: dict[str, Any], fault: Fault) -> str:
    """Start an execution, and stop it as soon as a call of it hangs."""
    lifecycle.aws.faults.add(fault)
    execution = str(lifecycle.start(given))
    deadline = time.monotonic() + 120
    while lifecycle.aws.faults.list():
        assert time.monotonic() < deadline, lifecycle.history(execution)[-3:]
        time.sleep(0.1)
    lifecycle.stepfunctions.stop_execution(executionArn=execution, error="Stopped")
    assert lifecycle.finish(execution).status == "ABORTED"
    return execution


@pytest.mark.parametrize(
    ("service", "operation", "caller"),
    [
        ("cognito-idp", "CreateUserPool", "ProvisionIdentityFunction"),
        ("s3", "PutObject", "PublishArtifactFunction"),
        ("codebuild", "StartBuild", "PublishArtifactFunction"),
        ("bedrock-agentcore-control", "CreateAgentRuntime", "DeployRuntimeFunction"),
        ("bedrock-agentcore-control", "CreateAgentRuntimeEndpoint", "PromoteVersionFunction"),
    ],
)
def test_a_teardown_after_a_stop_leaves_nothing(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    tiny: dict[str, Any],
    service: str,
    operation: str,
    caller: str,
) -> None:
    name = environment()
    builds = caller == "PublishArtifactFunction"
    given = {
        "environment": name,
        # A source of its own: it has to be built.
        "artifact": {"source": uploaded("echo", f"uploads/{name}.zip", **{"own.txt": name})}
        if builds
        else tiny,
    }
    stop_while(
        lifecycle, given, Fault(service, operation, "delayBefore", seconds=HELD, caller=caller)
    )
    removed = lifecycle.run({"action": "teardown", "environment": name})
    assert removed.status == "SUCCEEDED", (removed.error, removed.cause)
    waited = {
        event["taskFailedEventDetails"]["error"]
        for event in removed.history
        if event["type"] == "TaskFailed"
    }
    assert "EnvironmentSettlingError" in waited
    assert lifecycle.aws.faults.list() == []
    assert lifecycle.leftovers(name) == {}
    calls = lifecycle.aws.calls.calls(service, operation, caller)
    assert calls[-1].status in (200, 202), "the call took effect after the stop"


def test_a_function_that_only_read_when_it_was_stopped_is_not_waited_for_and_creates_nothing(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name, caller = environment(), "ProvisionIdentityFunction"
    reading = Fault("cognito-idp", "ListUserPools", "delayBefore", seconds=HELD, caller=caller)
    stop_while(lifecycle, {"environment": name, "artifact": tiny}, reading)
    removed = lifecycle.run({"action": "teardown", "environment": name})
    assert removed.status == "SUCCEEDED", (removed.error, removed.cause)
    deadline = time.monotonic() + 60
    while (last := lifecycle.aws.calls.calls(caller=caller)[-1]).status != REFUSED:
        assert time.monotonic() < deadline, last
        time.sleep(0.1)
    assert (last.service, last.operation) == ("dynamodb", "UpdateItem")
    assert lifecycle.leftovers(name) == {}


def test_a_provision_after_a_stopped_teardown_is_whole(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    given = {"environment": name, "artifact": tiny}
    assert lifecycle.run(given).status == "SUCCEEDED"
    late = Fault(
        "cognito-idp",
        "DeleteUserPool",
        "delayBefore",
        seconds=HELD,
        caller="DeleteIdentityFunction",
    )
    stop_while(lifecycle, {"action": "teardown", "environment": name}, late)
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert run.output["smokeTest"]["passed"]
    found = lifecycle.leftovers(name)
    assert {kind: len(found[kind]) for kind in ("pools", "secrets", "runtimes")} == {
        "pools": 1,
        "secrets": 1,
        "runtimes": 1,
    }
