"""A dry run of a provision through the state machine touches nothing, and the real run after it does what it said."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.fence import READS
from lifecycle.identity.user_pool import POOL_SETTINGS

pytestmark = pytest.mark.embedded
LOCK = [("dynamodb", "UpdateItem")]


def writes(lifecycle: Any, since: float) -> list[tuple[str, str]]:
    """The calls of functions that are not known to read."""
    return [
        (call.service, call.operation)
        for call in lifecycle.aws.calls.calls(since=since)
        if call.caller and call.caller.kind == "function" and not call.operation.startswith(READS)
    ]


def dry_run(lifecycle: Any, given: dict[str, Any], *, locks: bool) -> dict[str, Any]:
    """The plan; the account must be as it was, but for the lock."""
    name = given["environment"]
    was, record = lifecycle.leftovers(name), lifecycle.record(name) or {}
    before = time.time()
    run = lifecycle.run({**given, "dryRun": True})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    # The lock is taken and given back, where there is a record to keep it.
    assert writes(lifecycle, before) == (LOCK * 2 if locks else [])
    assert lifecycle.leftovers(name) == was
    after = lifecycle.record(name) or {}
    assert {**after, "updatedAt": None} == {**record, "updatedAt": None}
    assert run.output["change"] is None
    assert run.output["repaired"] == []
    plan: dict[str, Any] = run.output["plan"]
    return plan


def real_run(lifecycle: Any, given: dict[str, Any]) -> Any:
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    return run.output


def assert_equal(plan: dict[str, Any], output: dict[str, Any]) -> None:
    """The output of the real run says what the plan said."""
    words = {"create": "created", "update": "updated", "unchanged": "unchanged"}
    assert words[plan["runtime"]["change"]] == output["change"]
    assert (plan["artifact"]["change"] == "build") == output["artifact"]["built"]
    assert plan["artifact"]["sourceHash"] == output["artifact"]["sourceHash"]
    phrases = [
        phrase
        for item in plan["identity"]
        if item["change"] == "repair"
        for phrase in item["details"]
    ]
    assert [*phrases, *plan["runtime"]["repaired"]] == output["repaired"]
    promotion = output["promotion"]
    moved = promotion["version"] != promotion["previousVersion"]
    assert plan["promotion"]["moves"] == moved
    assert plan["promotion"]["fromVersion"] == promotion["previousVersion"]
    assert plan["promotion"]["toVersion"] in (None, promotion["version"])


@pytest.mark.parametrize("flow", ["password", "clientCredentials"])
def test_what_a_dry_run_says_is_what_the_real_run_does(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    flow: str,
) -> None:
    name = environment()
    own = uploaded("echo", f"uploads/{name}.zip", **{"own.txt": name})
    given: dict[str, Any] = {
        "environment": name,
        "artifact": {"source": own},
        "auth": {"flow": flow},
        "runtime": {"environmentVariables": {"ECHO_MARK": "first-value"}},
    }
    plan = dry_run(lifecycle, given, locks=False)
    assert lifecycle.leftovers(name) == {}
    assert {item["change"] for item in plan["identity"]} == {"create"}
    assert (plan["artifact"]["change"], plan["runtime"]["change"]) == ("build", "create")
    output = real_run(lifecycle, given)
    assert_equal(plan, output)

    plan = dry_run(lifecycle, given, locks=True)
    assert {item["change"] for item in plan["identity"]} == {"unchanged"}
    assert (plan["artifact"]["change"], plan["runtime"]["change"]) == ("unchanged", "unchanged")
    assert (plan["runtime"]["differences"], plan["cost"]["builds"]) == ([], 0)
    assert plan["promotion"]["moves"] is False

    # Somebody changes things by hand, and the request changes, too.
    cognito = lifecycle.aws.client("cognito-idp")
    cognito.delete_user_pool_client(
        UserPoolId=output["auth"]["userPoolId"], ClientId=output["auth"]["clientId"]
    )
    control = lifecycle.aws.client("bedrock-agentcore-control")
    runtime_id = output["runtime"]["id"]
    found = control.get_agent_runtime(agentRuntimeId=runtime_id)
    model = control.meta.service_model.operation_model("UpdateAgentRuntime")
    whole = {member: found[member] for member in model.input_shape.members if found.get(member)}
    control.update_agent_runtime(**{**whole, "description": "by hand"})
    deadline = time.monotonic() + 20
    while control.get_agent_runtime(agentRuntimeId=runtime_id)["status"] != "READY":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    given["runtime"] = {"environmentVariables": {"ECHO_MARK": "second-value"}}
    plan = dry_run(lifecycle, given, locks=True)
    changes = {item["resource"]: item["change"] for item in plan["identity"]}
    assert changes["app client"] == "repair"
    members = {item["member"]: item for item in plan["runtime"]["differences"]}
    assert members["description"]["from"] == "by hand"
    assert members["environmentVariables.ECHO_MARK"]["to"] == "another value"
    assert "second-value" not in str(plan)
    assert plan["runtime"]["repaired"] == ["the runtime's description was changed"]
    assert_equal(plan, real_run(lifecycle, given))


def moved(lifecycle: Any, since: int) -> list[str]:
    """The endpoints of a runtime that functions created or moved."""
    return [
        str(call.operation)
        for call in lifecycle.aws.calls.calls()[since:]
        if call.caller
        and call.caller.kind == "function"
        and call.operation in ("CreateAgentRuntimeEndpoint", "UpdateAgentRuntimeEndpoint")
    ]


def roll_back_as_planned(lifecycle: Any, name: str, **more: Any) -> tuple[dict[str, Any], Any]:
    """A dry run and the real run after it, which must do what the plan says."""
    given = {"action": "rollback", "environment": name, **more}
    plan = dry_run(lifecycle, given, locks=True)
    runtime_id = lifecycle.record(name)["runtime"]["M"]["id"]["S"]
    control = lifecycle.aws.client("bedrock-agentcore-control")

    def version(number: str) -> dict[str, Any]:
        found: dict[str, Any] = control.get_agent_runtime(
            agentRuntimeId=runtime_id, agentRuntimeVersion=number
        )
        return found

    served = version(plan["live"]["version"])
    before = len(lifecycle.aws.calls.calls())
    output = real_run(lifecycle, given)
    promotion, smoke_test = output["promotion"], output["smokeTest"]
    assert plan["promotion"]["moves"] is True
    assert plan["promotion"]["fromVersion"] == promotion["previousVersion"]
    assert plan["promotion"]["toVersion"] in (None, promotion["version"])
    assert plan["gate"]["endpoint"] == smoke_test["endpoint"]
    assert plan["gate"]["checks"] == [check["name"] for check in smoke_test["checks"]]
    asked = (smoke_test.get("cases") or {}).get("total", 0)
    assert plan["gate"]["questions"] == asked
    if plan["version"]["exists"]:
        assert (output["artifact"], output["change"], output["repaired"]) == (None, None, [])
        first = {"create": "Create", "move": "Update"}[plan["version"]["candidate"]]
        assert moved(lifecycle, before)[0] == f"{first}AgentRuntimeEndpoint"
    else:
        words = {"create": "created", "update": "updated", "unchanged": "unchanged"}
        assert words[plan["runtime"]["change"]] == output["change"]
        assert plan["artifact"]["sourceHash"] == output["artifact"]["sourceHash"]
        assert (plan["cost"]["builds"] > 0) == output["artifact"]["built"]
    serves = version(promotion["version"])
    for item in plan["runtime"]["differences"]:
        part, _, rest = item["member"].partition(".")
        assert served.get(part) != serves.get(part), item
        if not rest:
            assert (served[part], serves[part]) == (item["from"], item["to"])
    return plan, output


def test_what_a_dry_run_of_a_rollback_says_is_what_the_rollback_does(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    given = {"environment": name, "artifact": tiny}
    case = {"prompt": "anything", "expect": r"\S"}
    real_run(
        lifecycle, {**given, "runtime": {"description": "one"}, "smokeTest": {"cases": [case]}}
    )
    real_run(lifecycle, {**given, "runtime": {"description": "two"}, "auth": {"type": "iam"}})
    real_run(lifecycle, {**given, "runtime": {"description": "three"}})

    plan, _ = roll_back_as_planned(lifecycle, name)
    assert plan["version"]["version"] == "2"
    assert plan["version"]["reason"] == "the version that live served before version 3"
    members = {item["member"]: item for item in plan["runtime"]["differences"]}
    assert (members["description"]["from"], members["description"]["to"]) == ("three", "two")
    # The authorizer goes with the version.
    assert any(member.startswith("authorizerConfiguration") for member in members)
    assert "SigV4 is answered" in plan["gate"]["checks"]

    plan, output = roll_back_as_planned(lifecycle, name, version="1")
    assert (plan["version"]["reason"], plan["gate"]["cases"]) == ("the input names it", 1)
    assert output["smokeTest"]["cases"]["total"] == 1

    control = lifecycle.aws.client("bedrock-agentcore-control")
    control.delete_agent_runtime(agentRuntimeId=output["runtime"]["id"], agentRuntimeVersion="2")
    deadline = time.monotonic() + 20
    while plan["version"]["exists"]:
        assert time.monotonic() < deadline
        again = {"action": "rollback", "environment": name, "version": "2"}
        plan = dry_run(lifecycle, again, locks=True)
    plan, output = roll_back_as_planned(lifecycle, name, version="2")
    assert (plan["version"]["exists"], output["promotion"]["version"]) == (False, "4")
    assert plan["artifact"]["change"] == "unchanged"

    # What a rollback refuses, its dry run refuses in the same words.
    for more in ({"version": "9"}, {"version": "4"}):
        both = [
            lifecycle.run({"action": "rollback", "environment": name, **more, "dryRun": dry})
            for dry in (True, False)
        ]
        assert {(run.status, run.error) for run in both} == {("FAILED", "InvalidRequestError")}
        assert both[0].cause == both[1].cause


def test_a_dry_run_of_a_rollback_needs_a_record(lifecycle: Any) -> None:
    run = lifecycle.run({"action": "rollback", "environment": "nobody", "dryRun": True})
    assert (run.status, run.error) == ("FAILED", "EnvironmentNotFoundError")
    assert lifecycle.record("nobody") is None


def test_a_pool_without_its_tags_is_planned_as_far_as_it_may_be_read(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    given = {"environment": environment(), "artifact": tiny}
    output = real_run(lifecycle, given)
    cognito = lifecycle.aws.client("cognito-idp")
    cognito.update_user_pool(
        UserPoolId=output["auth"]["userPoolId"], UserPoolTags={"other": "tag"}, **POOL_SETTINGS
    )
    plan = dry_run(lifecycle, given, locks=True)
    (planned,) = plan["identity"]
    assert (planned["resource"], planned["change"]) == ("user pool", "repair")
    assert any("tags again" in sentence for sentence in plan["notKnown"])
    assert_equal(plan, real_run(lifecycle, given))


def test_a_dry_run_that_fails_leaves_nothing_behind(
    lifecycle: Any, environment: Callable[[], str]
) -> None:
    name = environment()
    bucket = lifecycle.aws.outputs["ArtifactBucketName"]
    missing = {"source": {"bucket": bucket, "key": "uploads/none.zip"}}
    before = time.time()
    run = lifecycle.run(
        {"environment": name, "artifact": missing, "dryRun": True, "teardown": "onFailure"}
    )
    assert (run.status, run.error) == ("FAILED", "ArtifactBuildError")
    assert "uploads/none.zip does not exist" in str(run.cause)
    assert writes(lifecycle, before) == [("events", "PutEvents")]
    assert lifecycle.leftovers(name) == {}
