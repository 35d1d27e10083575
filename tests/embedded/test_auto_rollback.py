"""A verification that fails rolls `live` back by itself, under a steady load; and when that fails, `live` stays."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.embedded.test_promotion import Load, access_token, marked, versions

pytestmark = pytest.mark.embedded


def verify(name: str, expect: str, **more: Any) -> dict[str, Any]:
    """A verification that rolls back by itself."""
    asked = {"expect": expect, "timeoutSeconds": 60, **more}
    return {
        "action": "smokeTest",
        "environment": name,
        "autoRollback": True,
        "smokeTest": asked,
    }


def says(*marks: str) -> str:
    """A pattern that only the versions with these marks answer."""
    return f'"ECHO_MARK": "({"|".join(marks)})"'


def told(announced: Callable[[], list[str]], run: Any) -> dict[str, Any]:
    """What the event of a failed execution says."""
    deadline = time.monotonic() + 20
    while True:
        for body in announced():
            event = json.loads(body)
            if run.arn in event.get("resources", []):
                assert event["detail-type"] == "Environment Failed"
                detail: dict[str, Any] = event["detail"]
                return detail
        assert time.monotonic() < deadline
        time.sleep(0.2)


def promotions(lifecycle: Any, name: str) -> list[tuple[str, str, str]]:
    """The promotions of an environment: version, by what, and by which execution."""
    return [
        (item["M"]["version"]["S"], item["M"]["by"]["S"], item["M"]["execution"]["S"])
        for item in lifecycle.record(name)["promotions"]["L"]
    ]


def test_a_bad_version_is_rolled_back_under_load_and_nothing_is_left(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    announced: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = environment()
    runs = [lifecycle.run(marked(name, tiny, mark)) for mark in ("one", "two", "three")]
    assert [run.status for run in runs] == ["SUCCEEDED"] * 3, [run.cause for run in runs]
    runtime = runs[-1].output["runtime"]
    began = time.monotonic()
    with Load(runtime["invocationUrl"], access_token(lifecycle, runs[-1].output["auth"])) as load:
        load.wait_for(2)
        # Nothing passes this: the version before does not, either, and live stays.
        red = lifecycle.run(verify(name, "never said"))
        assert (red.status, red.error) == ("FAILED", "SmokeTestError")
        said = "the rollback from 3 to 2 failed, too, and live serves version 3; check "
        assert red.cause.startswith(said)
        assert "; the rollback ended with SmokeTestError: check " in red.cause
        assert versions(lifecycle, runtime["id"])["live"] == "3"
        output = told(announced, red)
        assert output["autoRollback"]["rolledBack"] is False
        assert output["smokeTest"]["endpoint"] == "live"
        assert output["autoRollback"]["smokeTest"]["endpoint"] == "candidate"
        assert lifecycle.record(name)["state"]["S"] == "FAILED"
        # The version of live passes again: what failed on the candidate is forgotten.
        passed = lifecycle.run(verify(name, says("three")))
        assert passed.status == "SUCCEEDED", (passed.error, passed.cause)
        assert versions(lifecycle, runtime["id"])["live"] == "3"

        load.wait_for(2)
        started = time.monotonic()
        back = lifecycle.run(verify(name, says("one", "two")))
        took = time.monotonic() - started
        assert (back.status, back.error) == ("FAILED", "SmokeTestError")
        assert "the answer does not match" in back.cause
        assert back.cause.startswith("rolled back from 3 to 2, which passed the same gate; check ")
        assert versions(lifecycle, runtime["id"]) == {"DEFAULT": "3", "live": "2"}
        there = len(load.versions)
        load.wait_for(3)
        assert set(load.versions[there + 1 :]) == {"two"}

        output = told(announced, back)
        assert (output["action"], output["failure"]["error"]) == ("smokeTest", "SmokeTestError")
        assert output["failure"]["cause"] == back.cause
        assert output["promotion"] == {"endpoint": "live", "version": "2", "previousVersion": "3"}
        rolled = output["autoRollback"]
        assert (rolled["fromVersion"], rolled["toVersion"], rolled["rolledBack"]) == (
            *("3", "2"),
            True,
        )
        assert (rolled["smokeTest"]["endpoint"], rolled["smokeTest"]["passed"]) == (
            "candidate",
            True,
        )
        assert (output["smokeTest"]["endpoint"], output["smokeTest"]["passed"]) == ("live", False)
        assert promotions(lifecycle, name)[-1] == ("2", "autoRollback", back.arn)
        record = lifecycle.record(name)
        assert record["state"]["S"] == "READY"
        assert "rolled back from 3 to 2" in record["stateReason"]["S"]

        # Not twice in a row by itself.
        again = lifecycle.run(verify(name, says("one")))
        assert (again.status, again.error) == ("FAILED", "SmokeTestError")
        said = "not rolled back, and live serves version 2: an automatic rollback brought version 2"
        assert again.cause.startswith(said)
        assert "Restore the version" not in again.states
        assert versions(lifecycle, runtime["id"])["live"] == "2"
    seconds = time.monotonic() - began
    assert load.failed == []
    assert list(dict.fromkeys(load.versions)) == ["three", "two"]
    with capsys.disabled():
        print(
            f"\nautomatic rollback under load: {len(load.versions) + len(load.failed)} calls in {seconds:.1f} s, "
            f"{len(load.failed)} failed, versions seen: {dict(Counter(load.versions))}; the verification that rolled "
            f"back took {took:.1f} s"
        )
    gone = lifecycle.run({"action": "teardown", "environment": name})
    assert gone.status == "SUCCEEDED", (gone.error, gone.cause)
    assert lifecycle.leftovers(name) == {}
    assert lifecycle.promotions(name) == []


def test_what_does_not_blame_the_version_rolls_nothing_back(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    runs = [lifecycle.run(marked(name, tiny, mark)) for mark in ("one", "two")]
    output = runs[-1].output
    cognito = lifecycle.aws.client("cognito-idp")
    cognito.admin_set_user_password(
        UserPoolId=output["auth"]["userPoolId"],
        Username=secret_user(lifecycle, output["auth"]),
        Password="Another-Password-1-and-longer",
        Permanent=True,
    )
    # The password in the secret is stale: nobody knows whether the version is bad.
    stale = lifecycle.run(verify(name, says("one")))
    assert (stale.status, stale.error) == ("FAILED", "SmokeTestError")
    assert "check 'The test user signs in'" in stale.cause
    assert (
        "live serves version 2: the failure does not say that the version itself is bad"
        in stale.cause
    )
    assert "Restore the version" not in stale.states
    assert versions(lifecycle, output["runtime"]["id"]) == {"DEFAULT": "2", "live": "2"}
    assert lifecycle.record(name)["state"]["S"] == "READY"


def secret_user(lifecycle: Any, auth: dict[str, Any]) -> str:
    answer = lifecycle.aws.client("secretsmanager").get_secret_value(SecretId=auth["secretArn"])
    return str(json.loads(answer["SecretString"])["username"])


def test_cases_and_a_fleet_roll_back_too(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    iam = {"auth": {"type": "iam"}}
    runs = [lifecycle.run({**marked(name, tiny, mark), **iam}) for mark in ("one", "two")]
    assert [run.status for run in runs] == ["SUCCEEDED"] * 2, [run.cause for run in runs]
    runtime_id = runs[-1].output["runtime"]["id"]
    cases = [{"prompt": "which?", "expect": says("one")}, {"prompt": "any?", "expect": "."}]
    back = lifecycle.run(verify(name, ".", cases=cases))
    assert (back.status, back.error) == ("FAILED", "SmokeTestError")
    assert "check 'The cases pass'" in back.cause
    assert back.cause.startswith("rolled back from 2 to 1, which passed the same gate; check ")
    assert back.states.count("Run the cases") == 2
    assert versions(lifecycle, runtime_id)["live"] == "1"

    # After a provision the next one may go back again, past the version that was left; the fleet passes the wish on.
    third = lifecycle.run({**marked(name, tiny, "three"), **iam})
    assert third.status == "SUCCEEDED", (third.error, third.cause)
    table = lifecycle.aws.outputs["EnvironmentsTableName"]
    set_expectation(lifecycle, table, name, says("one"))
    request = {"action": "verify", "environments": [name], "autoRollback": True}
    fleet = lifecycle.run(request, machine="FleetStateMachineArn", quick=False)
    assert (fleet.status, fleet.error) == ("FAILED", "FleetError")
    assert "rolled back from 3 to 1" in fleet.cause, fleet.cause
    assert versions(lifecycle, runtime_id)["live"] == "1"


def set_expectation(lifecycle: Any, table: str, name: str, expect: str) -> None:
    """The request that `live` was made with asks for something else from now on."""
    lifecycle.aws.client("dynamodb").update_item(
        TableName=table,
        Key={"environment": {"S": name}},
        UpdateExpression="SET provenRequest.smokeTest.expect = :e",
        ExpressionAttributeValues={":e": {"S": expect}},
    )
