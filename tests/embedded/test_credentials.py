"""Outbound credentials, through the state machine: used, repaired, kept from others, retired, and gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.embedded.outbound import STACK, Owner
from tests.embedded.searching import Search, forms
from tests.embedded.test_secrets import look_everywhere

pytestmark = pytest.mark.embedded
PACKAGES = Path(boto3.__file__).parents[1]


@pytest.fixture
def asked(uploaded: Callable[..., dict[str, str]], owner: Owner) -> Callable[..., dict[str, Any]]:
    """The input for an environment whose agent must call the API both ways."""

    def ask(name: str, **more: str) -> dict[str, Any]:
        variables = {"OUTBOUND_API": owner.api.url, "SDK_PACKAGES": str(PACKAGES), **more}
        return {
            "environment": name,
            "artifact": {
                "type": "code",
                "source": uploaded("credentials"),
                "runtime": "PYTHON_3_11",
            },
            "runtime": {"environmentVariables": variables},
            "credentials": owner.credentials(name),
            "smokeTest": {"expect": "right key, right token"},
        }

    return ask


def test_used_repaired_left_out_and_gone(
    lifecycle: Any, environment: Callable[[], str], asked: Callable[..., dict[str, Any]]
) -> None:
    name, control = environment(), lifecycle.aws.client("bedrock-agentcore-control")
    given = asked(name)
    plan = lifecycle.run({**given, "dryRun": True})
    assert plan.status == "SUCCEEDED", (plan.error, plan.cause)
    assert plan.output["plan"]["credentials"]["change"] == "create"
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert "right key, right token" in run.output["smokeTest"]["answer"]
    told = {one["name"]: one["provider"] for one in run.output["credentials"]["providers"]}
    assert (sorted(told), run.output["credentials"]["change"]) == (["orders", "weather"], "created")

    control.delete_oauth2_credential_provider(name=told["orders"])
    control.update_api_key_credential_provider(name=told["weather"], apiKey="mine")
    drift = [
        f"the credential provider {told['weather']} uses another secret",
        f"the credential provider {told['orders']} was deleted",
    ]
    plan = lifecycle.run({**given, "dryRun": True})
    assert plan.status == "SUCCEEDED", (plan.error, plan.cause)
    assert plan.output["plan"]["credentials"]["repaired"] == drift
    again = lifecycle.run(given)
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert again.output["repaired"] == drift
    assert again.output["change"] == "unchanged"

    # The agent cannot do without one: the new version fails, and what live uses stays.
    left_out = lifecycle.run({**given, "credentials": given["credentials"][:1]})
    assert left_out.status == "FAILED"
    assert set(lifecycle.leftovers(name)["credential providers"]) == set(told.values())
    verified = lifecycle.run({"environment": name, "action": "smokeTest"})
    assert verified.status == "SUCCEEDED", (verified.error, verified.cause)

    gone = lifecycle.run({"environment": name, "action": "teardown"})
    assert gone.status == "SUCCEEDED", (gone.error, gone.cause)
    assert {f"credential provider {each}" for each in told.values()} <= set(
        gone.output["teardown"]["removed"]
    )
    assert lifecycle.leftovers(name) == {}


def test_the_agent_of_a_closed_runtime_uses_them_before_and_in_a_canary(
    lifecycle: Any, environment: Callable[[], str], asked: Callable[..., dict[str, Any]]
) -> None:
    name = environment()
    given = {**asked(name), "gateway": {"type": "runtime", "only": True}}
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    # Its calls come through the gateway, whose callers' tokens AgentCore gives the agent a token of its own for.
    assert "right key, right token" in run.output["smokeTest"]["answer"]
    given["promotion"] = {"strategy": "canary", "steps": [50], "bakeSeconds": 1}
    given["runtime"] = {**given["runtime"], "description": "two"}
    tried = lifecycle.run(given)
    assert tried.status == "SUCCEEDED", (tried.error, tried.cause)
    assert [step["cases"] for step in tried.output["canary"]["steps"]] == [1]
    assert tried.output["runtime"]["version"] == "2"
    assert tried.output["credentials"]["change"] == "unchanged"
    gone = lifecycle.run({"environment": name, "action": "teardown"})
    assert gone.status == "SUCCEEDED", (gone.error, gone.cause)
    assert lifecycle.leftovers(name) == {}


def test_switched_off_and_an_environment_without_enters_none_of_these_states(
    lifecycle: Any,
    environment: Callable[[], str],
    asked: Callable[..., dict[str, Any]],
    tiny: dict[str, Any],
) -> None:
    name = environment()
    with_them = {
        "environment": name,
        "artifact": tiny,
        "credentials": asked(name)["credentials"][:1],
    }
    run = lifecycle.run(with_them)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    off = lifecycle.run({"environment": name, "artifact": tiny})
    assert off.status == "SUCCEEDED", (off.error, off.cause)
    assert off.output["credentials"] is None
    there = lifecycle.leftovers(name)
    assert "credential providers" not in there
    assert "roles" not in there
    after = lifecycle.run({"environment": name, "artifact": tiny})
    assert not any("redentials" in state for state in after.states)


def test_no_agent_gets_what_belongs_to_another_environment(
    lifecycle: Any, environment: Callable[[], str], asked: Callable[..., dict[str, Any]]
) -> None:
    mine, theirs = environment(), environment()
    given = asked(theirs)
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    told = {one["name"]: one["provider"] for one in run.output["credentials"]["providers"]}
    secret = given["credentials"][0]["secretArn"]
    for prompt in ("foreign", "foreign secret"):
        variables = {"FOREIGN_PROVIDER": told["weather"], "FOREIGN_SECRET": secret}
        attack = asked(mine, **variables)
        attack["smokeTest"] = {"prompt": prompt, "expect": "AccessDenied"}
        tried = lifecycle.run(attack)
        assert tried.status == "SUCCEEDED", (tried.error, tried.cause)
    # Nor may its input name the secret.
    stolen = lifecycle.run({**asked(mine), "credentials": given["credentials"]})
    assert stolen.error == "InvalidRequestError"
    assert "credentials.0.secretArn" in str(stolen.cause)
    assert f"{STACK}/{theirs}" not in str(stolen.cause)


def test_no_key_and_no_token_is_in_anything_that_a_run_leaves(
    lifecycle: Any,
    environment: Callable[[], str],
    asked: Callable[..., dict[str, Any]],
    owner: Owner,
    announced: Callable[[], list[str]],
) -> None:
    name = environment()
    runs = [
        lifecycle.run(asked(name)),
        lifecycle.run({"environment": name, "action": "smokeTest"}),
        lifecycle.run({"environment": name, "action": "teardown"}),
    ]
    assert [run.status for run in runs] == ["SUCCEEDED"] * 3, [run.cause for run in runs]
    assert owner.api.tokens
    search = Search(marks={name.encode()})
    for secret in (owner.api.key, owner.client_secret, *owner.api.tokens):
        search.secrets |= forms(secret)
    look_everywhere(search, lifecycle, runs, announced())
    assert search.hits == []
    assert {"histories", "records", "log streams"} <= search.marked | {"records"}
