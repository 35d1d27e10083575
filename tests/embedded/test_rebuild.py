"""Rebuild in place: what is unchanged is left alone, what is changed is written back whole."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.embedded
# What a function may do to an environment that is as it should be: take the lock, note, look, sign in, tell.
HARMLESS = {
    ("dynamodb", "UpdateItem"),
    ("cognito-idp", "AdminInitiateAuth"),
    ("secretsmanager", "GetSecretValue"),
    ("bedrock-agentcore", "InvokeAgentRuntime"),
    ("bedrock-agentcore", "StopRuntimeSession"),
    ("events", "PutEvents"),
}
READS = ("Get", "Describe", "List", "Head", "BatchGet", "AdminGet", "Scan", "Query")


def calls_of(lifecycle: Any, since: float) -> list[tuple[str, str]]:
    """Every call that a function has made since, as (service, operation)."""
    return [
        (call.service, str(call.operation))
        for call in lifecycle.aws.calls.calls(since=since)
        if call.caller and call.caller.kind == "function"
    ]


def changes_of(calls: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The calls that change something which a rebuild of nothing must leave alone."""
    return [call for call in calls if call not in HARMLESS and not call[1].startswith(READS)]


def configuration(lifecycle: Any, runtime: dict[str, Any]) -> dict[str, Any]:
    """The runtime as the service has it, without what changes by itself."""
    found = lifecycle.aws.client("bedrock-agentcore-control").get_agent_runtime(
        agentRuntimeId=runtime["id"]
    )
    ignored = {"ResponseMetadata", "createdAt", "lastUpdatedAt", "agentRuntimeVersion", "status"}
    return {name: value for name, value in found.items() if name not in ignored}


def test_a_rebuild_of_nothing_new_builds_nothing_and_updates_nothing(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = environment()
    source = uploaded("echo", f"uploads/{name}.zip", **{"content.txt": name})
    given = {"environment": name, "artifact": {"source": source}}
    before = time.time()
    first = lifecycle.run(given)
    assert first.status == "SUCCEEDED", (first.error, first.cause)
    first_calls = calls_of(lifecycle, before)
    assert (first.output["artifact"]["built"], first.output["change"]) == (True, "created")
    assert {"StartBuild", "CreateAgentRuntime", "CreateUserPool"} <= {o for _, o in first_calls}
    there = configuration(lifecycle, first.output["runtime"])

    before = time.time()
    again = lifecycle.run(given)
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    calls = calls_of(lifecycle, before)
    assert changes_of(calls) == []
    assert (again.output["artifact"]["built"], again.output["change"]) == (False, "unchanged")
    assert again.output["repaired"] == []
    for part in ("runtime", "auth"):
        assert again.output[part] == first.output[part], part
    for part in ("digest", "containerUri", "sourceHash"):
        assert again.output["artifact"][part] == first.output["artifact"][part], part
    assert again.output["promotion"] == {
        "endpoint": "live",
        "version": "1",
        "previousVersion": "1",
    }
    assert again.output["smokeTest"]["passed"] is True
    assert configuration(lifecycle, again.output["runtime"]) == there
    with capsys.disabled():
        seconds = [sum(run.output["timings"].values()) for run in (first, again)]
        print(
            f"\nrebuild of nothing new: {len(calls)} calls in {seconds[1]:.1f} s; "
            f"first build: {len(first_calls)} calls in {seconds[0]:.1f} s"
        )


def test_the_api_calls_keep_to_their_bounds() -> None:
    """On a local AWS of its own: what another test has left running would be counted, too."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.api_calls"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    totals = re.findall(r"^\w+: (\d+) calls \(bound (\d+): kept\)", ended.stdout, re.MULTILINE)
    assert [int(bound) for _, bound in totals] == [70, 30]
    # What the gate proves, it proves each time.
    assert ended.stdout.count("apart from these 7 of the smoke test without a signature") == 2


def test_a_change_makes_a_version_and_carries_everything_else_over(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    runtime: dict[str, Any] = {
        "environmentVariables": {"ECHO_MARK": "one", "ECHO_KEPT": "kept"},
        "requestHeaders": ["X-Amzn-Bedrock-AgentCore-Runtime-Custom-Mark", "Authorization"],
        "network": {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]},
        "description": "As it was",
        "idleTimeoutSeconds": 120,
        "maxLifetimeSeconds": 600,
    }
    given = {"environment": environment(), "artifact": tiny, "runtime": runtime}
    first = lifecycle.run(given)
    assert first.status == "SUCCEEDED", (first.error, first.cause)
    assert first.output["runtime"]["version"] == "1"
    was = configuration(lifecycle, first.output["runtime"])
    authorizer = was["authorizerConfiguration"]["customJWTAuthorizer"]
    assert authorizer["allowedClients"] == [first.output["auth"]["clientId"]]

    # The lifecycle does not manage it, so an update must not lose it.
    control = lifecycle.aws.client("bedrock-agentcore-control")
    changes: list[tuple[str, Any, str]] = [
        (
            "environmentVariables",
            {"ECHO_MARK": "two", "ECHO_KEPT": "kept"},
            "environmentVariables",
        ),
        ("description", "As it is", "description"),
        (
            "requestHeaders",
            ["X-Amzn-Bedrock-AgentCore-Runtime-Custom-Mark"],
            "requestHeaderConfiguration",
        ),
    ]
    for number, (field, value, part) in enumerate(changes, start=2):
        runtime[field] = value
        run = lifecycle.run(given)
        assert run.status == "SUCCEEDED", (run.error, run.cause)
        version = str(number)
        assert (run.output["change"], run.output["repaired"]) == ("updated", [])
        assert (run.output["runtime"]["version"], run.output["promotion"]) == (
            version,
            {"endpoint": "live", "version": version, "previousVersion": str(number - 1)},
        )
        now = configuration(lifecycle, run.output["runtime"])
        assert {name for name in was | now if was.get(name) != now.get(name)} == {part}
        assert now["metadataConfiguration"]["requireMMDSV2"] is True
        for endpoint in ("DEFAULT", "live"):
            found = control.get_agent_runtime_endpoint(
                agentRuntimeId=run.output["runtime"]["id"], endpointName=endpoint
            )
            assert (found["status"], found["liveVersion"]) == ("READY", version)
        was = now
    assert was["environmentVariables"]["ECHO_MARK"] == "two"
    assert was["description"] == "As it is"


def test_a_runtime_that_does_not_require_mmdsv2_is_mended(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    given = {"environment": environment(), "artifact": tiny}
    first = lifecycle.run(given)
    assert first.status == "SUCCEEDED", (first.error, first.cause)
    runtime_id = first.output["runtime"]["id"]
    control = lifecycle.aws.client("bedrock-agentcore-control")
    found = control.get_agent_runtime(agentRuntimeId=runtime_id)
    told = control.meta.service_model.operation_model("UpdateAgentRuntime").input_shape.members
    whole = {name: found[name] for name in told if found.get(name) is not None}
    control.update_agent_runtime(**whole | {"metadataConfiguration": {"requireMMDSV2": False}})

    again = lifecycle.run(given)
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert again.output["repaired"] == ["the runtime did not require MMDSv2"]
    now = configuration(lifecycle, again.output["runtime"])
    assert now["metadataConfiguration"]["requireMMDSV2"] is True
    assert now["authorizerConfiguration"] == found["authorizerConfiguration"]
