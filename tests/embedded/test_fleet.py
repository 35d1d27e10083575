"""Fleets of real environments: rebuild, sweep, verify. One that fails stops no other; orphans are found by tag."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from lifecycle.fleet.strays import SETTLED_SECONDS
from tests.embedded.fleet_results import results
from tests.functions.lifecycle.fleet.aging import age

pytestmark = pytest.mark.embedded
# A runtime that is gone answers 404, which decides nothing until the smoke test's time is up.
IAM = {"auth": {"type": "iam"}, "smokeTest": {"expect": "echo of", "timeoutSeconds": 5}}
# To live for 1.08 s.
SOON = 0.0003


def fleet(lifecycle: Any, **request: Any) -> Any:
    return lifecycle.run(request, machine="FleetStateMachineArn", quick=False)


def outcomes(lifecycle: Any, run: Any) -> dict[str, str]:
    return {item["environment"]: item["status"] for item in results(lifecycle, run.output)}


def provision(lifecycle: Any, names: list[str], tiny: dict[str, Any], **more: Any) -> list[Any]:
    """Provision several at once; each gives its finished execution."""
    given = {**IAM, "artifact": tiny, **more}
    started = [lifecycle.start({**given, "environment": name}) for name in names]
    runs = [lifecycle.finish(arn) for arn in started]
    for run in runs:
        assert run.status == "SUCCEEDED", (run.error, run.cause)
    return runs


def delete_the_runtime_by_hand(lifecycle: Any, run: Any) -> None:
    control = lifecycle.aws.client("bedrock-agentcore-control")
    runtime_id = run.output["runtime"]["id"]
    control.delete_agent_runtime_endpoint(agentRuntimeId=runtime_id, endpointName="live")
    deadline = time.monotonic() + 20
    while any(
        endpoint["name"] == "live"
        for endpoint in control.list_agent_runtime_endpoints(agentRuntimeId=runtime_id)[
            "runtimeEndpoints"
        ]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    control.delete_agent_runtime(agentRuntimeId=runtime_id)


def test_rebuild_and_verify_by_name_and_by_pattern_with_one_that_fails(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    names = [environment() for _ in range(3)]
    made = provision(lifecycle, names, tiny)
    first, second, broken = names

    by_name = fleet(lifecycle, action="rebuild", environments=[first])
    assert by_name.status == "SUCCEEDED", (by_name.error, by_name.cause)
    assert outcomes(lifecycle, by_name) == {first: "SUCCEEDED"}
    rebuilt = lifecycle.finish(results(lifecycle, by_name.output)[0]["execution"])
    assert rebuilt.output["action"] == "provision"
    assert rebuilt.output["artifact"]["containerUri"] == tiny["containerUri"]
    assert rebuilt.output["auth"]["type"] == "iam"

    by_pattern = fleet(lifecycle, action="verify", pattern=f"{second[:6]}*")
    assert outcomes(lifecycle, by_pattern) == {second: "SUCCEEDED"}

    dry = fleet(lifecycle, action="rebuild", environments=names, dryRun=True)
    assert (dry.output["started"], dry.output["wouldStart"]) == (0, sorted(names))

    delete_the_runtime_by_hand(lifecycle, made[2])
    before = datetime.now(UTC)
    verified = fleet(lifecycle, action="verify", environments=names, maxConcurrency=2)
    assert (verified.status, verified.error) == ("FAILED", "FleetError")
    assert f"1 of 3 environments failed: {broken}: SmokeTestError" in verified.cause
    assert not any(f"{name}:" in verified.cause for name in (first, second))
    # The others were asked all the same, in executions of their own.
    started = [
        item
        for item in lifecycle.stepfunctions.list_executions(
            stateMachineArn=lifecycle.aws.outputs["StateMachineArn"], maxResults=1000
        )["executions"]
        if item["startDate"] >= before and "-verify-" in item["name"]
    ]
    ended = {item["name"].partition("-")[0]: item["status"] for item in started}
    assert ended == {first: "SUCCEEDED", second: "SUCCEEDED", broken: "FAILED"}

    # And a rebuild mends the broken one.
    mended = fleet(lifecycle, action="rebuild", environments=[broken])
    assert mended.status == "SUCCEEDED", (mended.error, mended.cause)
    assert fleet(lifecycle, action="verify", environments=names).status == "SUCCEEDED"


def test_sweep_removes_what_has_expired_and_nothing_else(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    expired, young, forever = (environment() for _ in range(3))
    provision(lifecycle, [expired], tiny, ttlHours=SOON)
    provision(lifecycle, [young], tiny, ttlHours=1)
    provision(lifecycle, [forever], tiny)
    time.sleep(max(0.0, float(lifecycle.record(expired)["expiresAt"]["N"]) - time.time() + 0.1))
    swept = fleet(lifecycle, action="sweep", findOrphans=False)
    assert swept.status == "SUCCEEDED", (swept.error, swept.cause)
    assert outcomes(lifecycle, swept) == {expired: "SUCCEEDED"}
    assert lifecycle.leftovers(expired) == {}
    assert lifecycle.record(young) is not None
    assert fleet(lifecycle, action="verify", environments=[young, forever]).status == "SUCCEEDED"


def test_orphans_are_reported_and_removed_only_when_that_is_said(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    (made,) = provision(lifecycle, [name], tiny, auth={"type": "cognito"})
    # Somebody deletes the record by hand: pool, secret and runtime are left without a home.
    lifecycle.aws.client("dynamodb").delete_item(
        TableName=lifecycle.aws.outputs["EnvironmentsTableName"],
        Key={"environment": {"S": name}},
    )
    left = lifecycle.leftovers(name)
    assert {"pools", "secrets", "runtimes"} <= set(left)

    reported = fleet(lifecycle, action="sweep")
    assert reported.status == "SUCCEEDED", (reported.error, reported.cause)
    orphans = {
        item["arn"]: item["removable"]
        for item in reported.output["orphans"]
        if item["environment"] == name
    }
    assert set(orphans.values()) == {True}
    assert {made.output["runtime"]["arn"], made.output["auth"]["secretArn"]} <= set(orphans)
    assert any(arn.endswith(made.output["auth"]["userPoolId"]) for arn in orphans)
    assert lifecycle.leftovers(name) == left, "only reported"

    removed = fleet(lifecycle, action="sweep", removeOrphans=True, pattern=name)
    assert removed.status == "SUCCEEDED", (removed.error, removed.cause)
    assert outcomes(lifecycle, removed) == {name: "SUCCEEDED"}
    assert lifecycle.leftovers(name) == {}
    assert json.dumps(fleet(lifecycle, action="sweep").output).count(name) == 0


def test_what_no_item_vouches_for_is_swept_once_it_is_old(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    tiny: dict[str, Any],
) -> None:
    image, archive, other = environment(), environment(), environment()
    source = uploaded("echo", f"uploads/{image}.zip", **{"own.txt": image})
    provision(lifecycle, [image], {"type": "container", "source": source})
    provision(lifecycle, [archive], {"type": "code", "source": source})
    provision(lifecycle, [other], tiny)
    # Somebody deletes the artifacts' items by hand, so the teardown does not know of them.
    for item in lifecycle.artifacts():
        if item["usedBy"] <= {image, archive}:
            lifecycle.aws.client("dynamodb").delete_item(
                TableName=lifecycle.aws.outputs["ArtifactsTableName"],
                Key={"contentHash": {"S": item["contentHash"]}},
            )
    for name in (image, archive):
        gone = lifecycle.run({"action": "teardown", "environment": name})
        assert gone.status == "SUCCEEDED", (gone.error, gone.cause)
    left = lifecycle.leftovers(image)
    assert left.keys() == {"images", "objects"}
    young = fleet(lifecycle, action="sweep", removeOrphans=True)
    assert not [one for one in young.output["orphans"] if one["environment"] is None]
    assert lifecycle.leftovers(image) == left

    age(SETTLED_SECONDS + 60)
    reported = fleet(lifecycle, action="sweep")
    strays = [one for one in reported.output["orphans"] if one["environment"] is None]
    assert len(strays) == len(left["images"]) + len(set(left["objects"]))
    assert {(one["removable"], one["removed"]) for one in strays} == {(True, False)}
    assert lifecycle.leftovers(image) == left, "only reported"
    removed = fleet(lifecycle, action="sweep", removeOrphans=True)
    assert removed.status == "SUCCEEDED", (removed.error, removed.cause)
    assert {one["arn"] for one in removed.output["orphans"] if one["removed"]} == {
        one["arn"] for one in strays
    }
    assert lifecycle.leftovers(image) == {}
    # The other environments' artifacts are as old, and still there.
    assert fleet(lifecycle, action="verify", environments=[other]).status == "SUCCEEDED"


def test_a_fleet_of_an_unknown_environment_is_refused(lifecycle: Any) -> None:
    run = fleet(lifecycle, action="rebuild", environments=["nobody-knows"])
    assert (run.status, run.error) == ("FAILED", "InvalidRequestError")
    assert "nobody-knows" in run.cause
