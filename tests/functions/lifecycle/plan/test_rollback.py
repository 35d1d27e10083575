"""A dry run of a rollback says what the real run after it does, and touches nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lifecycle.errors import InvalidRequestError, SmokeTestError

DESCRIPTIONS = ("one", "two", "three")
IAM = {"auth": {"type": "iam"}}


def described(text: str, **more: Any) -> dict[str, Any]:
    return {"runtime": {"description": text}, **more}


def three_versions(world: Any, **more: Any) -> None:
    for text in DESCRIPTIONS:
        world.provision(described(text, **more))


def members(plan: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {item["member"]: (item["from"], item["to"]) for item in plan["runtime"]["differences"]}


def test_to_the_version_before(world: Any) -> None:
    three_versions(world)
    plan = world.compared_back()
    version = plan["version"]
    assert (version["version"], version["exists"], version["candidate"]) == ("2", True, "create")
    assert version["reason"] == "the version that live served before version 3"
    assert version["promotedBy"].endswith(":2")
    assert version["others"] == ["1"]
    assert version["artifactIsThere"] is True
    assert plan["live"] == {"version": "3", "status": "READY"}
    assert members(plan) == {"description": ("three", "two")}
    assert plan["promotion"] == {"moves": True, "fromVersion": "3", "toVersion": "2"}
    assert (plan["identity"], plan["artifact"]) == ([], None)
    assert plan["runtime"]["change"] == "unchanged"
    assert plan["cost"] == {"builds": 0, "buildMinutes": None}
    assert world.history() == ["1", "2", "3", "2"]


def test_to_a_named_version(world: Any) -> None:
    three_versions(world)
    plan = world.compared_back(version="1")
    assert (plan["version"]["version"], plan["version"]["reason"]) == ("1", "the input names it")
    assert plan["version"]["others"] == ["2"]
    assert members(plan) == {"description": ("three", "one")}
    # And back again, to the version that live served before.
    assert world.compared_back()["version"]["version"] == "3"


def test_to_a_version_that_is_gone(world: Any) -> None:
    three_versions(world)
    world.delete_version("2")
    plan = world.compared_back(version="2")
    version = plan["version"]
    assert (version["exists"], version["candidate"]) == (False, None)
    assert version["artifactIsThere"] is True
    assert plan["gate"]["endpoint"] == "DEFAULT"
    assert (plan["artifact"]["change"], plan["artifact"]["builds"]) == ("unchanged", 0)
    assert plan["runtime"]["change"] == "update"
    assert members(plan) == {"description": ("three", "two")}
    assert plan["promotion"] == {"moves": True, "fromVersion": "3", "toVersion": None}
    assert world.record().runtime.live_version == "4"


def test_to_a_version_that_is_gone_with_its_image(world: Any) -> None:
    three_versions(world)
    digest = world.record().artifact.image_digest
    world.clients.ecr.batch_delete_image(
        repositoryName="agents", imageIds=[{"imageDigest": digest}]
    )
    plan = world.compared_back(version="2")
    # AgentCore still has the version, but could not start it.
    assert (plan["version"]["exists"], plan["version"]["artifactIsThere"]) == (True, False)
    world.delete_version("1")
    plan = world.compared_back(version="1")
    assert (plan["version"]["exists"], plan["version"]["artifactIsThere"]) == (False, False)
    assert (plan["artifact"]["change"], plan["cost"]["builds"]) == ("build", 1)


def test_the_newest_version_may_be_what_is_gone_already(world: Any) -> None:
    world.provision(described("one"))
    world.provision(described("two"))
    world.provision(described("one"))
    world.delete_version("1")
    world.compared_back(version="2")
    plan = world.compared_back(version="1")
    # Version 3 is made of the same: nothing is changed, and DEFAULT serves it.
    assert (plan["version"]["exists"], plan["runtime"]["change"]) == (False, "unchanged")
    assert plan["promotion"] == {"moves": True, "fromVersion": "2", "toVersion": "3"}
    assert members(plan) == {"description": ("two", "one")}


def test_the_authorizer_goes_back_too(world: Any) -> None:
    world.provision()
    machine = {"auth": {"flow": "clientCredentials"}}
    world.provision(machine)
    plan = world.compared_back()
    scopes = "authorizerConfiguration.customJWTAuthorizer.allowedScopes"
    assert members(plan)[scopes][1] is None
    assert [name for name in plan["gate"]["checks"] if "scope" in name] == []
    assert "The ID token of the right user is refused" in plan["gate"]["checks"]
    plan = world.compared_back()
    assert members(plan)[scopes][0] is None
    assert "An access token with the wrong scope is refused" in plan["gate"]["checks"]


def test_the_gate_is_the_versions_own_and_the_input_wins(world: Any) -> None:
    cases = [{"prompt": "6 × 7?", "expect": "42"}, {"prompt": "1 + 1?", "expect": "2"}]
    smoke_test = {"prompt": "first", "cases": cases, "repeat": 3, "minPassRate": 0.5}
    world.provision(described("one", smokeTest=smoke_test, **IAM))
    world.provision(described("two", **IAM))
    plan = world.compared_back(smokeTest={"expect": "given", "maxP95Seconds": 2})
    assert plan["gate"] == {
        "endpoint": "candidate",
        "checks": [
            "A call without an Authorization header is refused",
            "A garbage token is refused",
            "SigV4 is answered",
        ],
        "prompt": "first",
        "expect": "given",
        "cases": 2,
        "questions": 6,
        "casesFrom": None,
        "minPassRate": 0.5,
        "maxP95Seconds": 2,
        "evaluations": [],
    }


def test_the_gate_has_the_websocket_and_the_evaluators(world: Any) -> None:
    evaluators = [{"evaluator": "Builtin.Correctness", "minScore": 0.8}]
    both = {"webSocket": True, "evaluators": evaluators}
    world.provision(described("one", smokeTest=both, **IAM))
    world.provision(described("two", **IAM))
    gate = world.compared_back()["gate"]
    assert gate["checks"][3:] == [
        "A call without an Authorization header is refused a WebSocket",
        "A garbage token is refused a WebSocket",
        "SigV4 is answered on a WebSocket",
    ]
    assert gate["evaluations"] == evaluators


def test_variables_are_named_without_their_values(world: Any) -> None:
    for value in ("one-secret", "two-secret"):
        world.provision({"runtime": {"environmentVariables": {"LEVEL": value}}, **IAM})
    plan = world.compared_back()
    assert members(plan) == {"environmentVariables.LEVEL": ("a value", "another value")}
    assert "-secret" not in json.dumps(plan)


def test_the_candidate_of_a_rollback_that_failed_is_moved_or_kept(world: Any) -> None:
    three_versions(world)
    world.leave_a_candidate("1")
    assert world.plan_back()["version"]["candidate"] == "move"
    assert world.compared_back(version="1")["version"]["candidate"] == "unchanged"


def test_a_candidate_that_failed_is_made_again(world: Any) -> None:
    three_versions(world)
    world.leave_a_candidate("1")
    world.only_runtime().endpoints["candidate"].status = "CREATE_FAILED"
    assert world.compared_back()["version"]["candidate"] == "create"


def test_a_live_that_was_moved_by_hand(world: Any) -> None:
    three_versions(world)
    world.only_runtime().endpoints["live"].live = "2"
    plan = world.compared_back()
    assert plan["live"]["version"] == "2"
    assert plan["promotion"] == {"moves": False, "fromVersion": "2", "toVersion": "2"}
    assert plan["runtime"]["differences"] == []


def test_a_live_whose_version_is_gone_cannot_be_compared(world: Any) -> None:
    three_versions(world)
    world.control.delete_agent_runtime_endpoint(
        agentRuntimeId=world.only_runtime().id, endpointName="live"
    )
    world.pass_(10)
    plan = world.compared_back()
    assert plan["live"] == {"version": None, "status": None}
    assert plan["promotion"]["moves"] is True
    assert any("what differs" in sentence for sentence in plan["notKnown"])


def test_an_image_of_ones_own_may_be_gone(world: Any) -> None:
    host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
    for tag in ("mine", "other"):
        world.push("agents", tag)
        world.provision({"artifact": {"containerUri": f"{host}/agents:{tag}"}, **IAM})
    assert world.plan_back()["version"]["artifactIsThere"] is True
    world.clients.ecr.batch_delete_image(repositoryName="agents", imageIds=[{"imageTag": "mine"}])
    assert world.plan_back()["version"]["artifactIsThere"] is False


@pytest.mark.parametrize(
    ("provisions", "more", "sentence"),
    [
        (1, {}, "only after another version was promoted; live serves version 1"),
        (3, {"version": "9"}, "version: given '9', allowed: a version that was promoted"),
        (3, {"version": "3"}, "a version that is not live already"),
    ],
)
def test_what_a_rollback_refuses_its_dry_run_refuses(
    world: Any, provisions: int, more: dict[str, Any], sentence: str
) -> None:
    for text in DESCRIPTIONS[:provisions]:
        world.provision(described(text, **IAM))
    before = world.record()
    for run in (world.plan_back, world.roll_back):
        with pytest.raises(InvalidRequestError, match=sentence):
            run(**more)
        assert world.record() == before


def test_a_version_without_a_recorded_identity_fails_as_its_smoke_test_would(world: Any) -> None:
    three_versions(world)
    two = world.record().promotions[1]
    item = world.promotions.read("dev", two)
    world.promotions.write("dev", two, item.model_copy(update={"identity": None}))
    with pytest.raises(SmokeTestError, match="no longer says what version 2 was provisioned with"):
        world.plan_back()


def test_what_was_planned_is_planned_again(world: Any) -> None:
    three_versions(world)
    assert world.plan_back() == world.plan_back()
    assert "candidate" not in world.only_runtime().endpoints
