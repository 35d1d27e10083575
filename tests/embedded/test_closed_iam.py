"""A runtime whose callers sign with IAM, through the state machine: closed, tested, repaired, opened, and gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import httpx
import pytest

from tests.embedded.test_closed import checks, good
from tests.embedded.test_promotion import marked

pytestmark = pytest.mark.embedded
IAM: dict[str, Any] = {"auth": {"type": "iam"}}
CLOSED: dict[str, Any] = IAM | {"gateway": {"type": "runtime", "only": True}}
OPEN: dict[str, Any] = IAM | {"gateway": {"type": "runtime"}}
DIRECTLY = "SigV4 is refused without the gateway"


@pytest.fixture
def caller(lifecycle: Any) -> Callable[[str], int]:
    """Calls an address, signed with the keys of the account's root user, who may do everything."""
    names = lifecycle.aws.environment()
    keys = botocore.credentials.Credentials(
        names["AWS_ACCESS_KEY_ID"], names["AWS_SECRET_ACCESS_KEY"]
    )

    def call(url: str) -> int:
        body = json.dumps({"prompt": "hello"}).encode()
        headers = {"Content-Type": "application/json"}
        signed = botocore.awsrequest.AWSRequest("POST", url, headers, body)
        botocore.auth.SigV4Auth(keys, "bedrock-agentcore", lifecycle.aws.region).add_auth(signed)
        sent = dict(signed.headers.items())
        return httpx.post(signed.url, content=body, headers=sent, timeout=60).status_code

    return call


def policy(lifecycle: Any, output: dict[str, Any]) -> str | None:
    control = lifecycle.aws.client("bedrock-agentcore-control")
    try:
        found = control.get_resource_policy(resourceArn=output["runtime"]["arn"])
    except control.exceptions.ResourceNotFoundException:
        return None
    return str(found["policy"])


def test_closed_tested_rebuilt_verified_and_gone(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    caller: Callable[[str], int],
) -> None:
    name, control = environment(), lifecycle.aws.client("bedrock-agentcore-control")
    first = good(lifecycle.run(marked(name, tiny, "one", **CLOSED)))
    assert (first["gateway"]["only"], first["gateway"]["change"]) == (True, "created")
    assert (first["runtime"]["version"], first["repaired"]) == ("1", [])
    assert checks(first["smokeTest"])[DIRECTLY]
    assert checks(first["gateway"])[DIRECTLY]
    url, through = first["runtime"]["invocationUrl"], first["gateway"]["endpoint"]
    assert (caller(url), caller(url.replace("=live", "=DEFAULT"))) == (403, 403)
    assert caller(through) == 200

    second = good(lifecycle.run(marked(name, tiny, "two", **CLOSED)))
    assert (second["runtime"]["version"], second["gateway"]["change"]) == ("2", "unchanged")
    assert "two" in second["smokeTest"]["answer"]
    verified = good(lifecycle.run({"action": "smokeTest", "environment": name}))
    assert verified["gateway"]["only"] is True
    assert checks(verified["smokeTest"])[DIRECTLY]

    # What somebody opened by hand is found by a verification, which is no reason to roll back, and repaired.
    control.delete_resource_policy(resourceArn=first["runtime"]["arn"])
    broken = lifecycle.run({"action": "smokeTest", "environment": name, "autoRollback": True})
    assert broken.error == "SmokeTestError"
    assert "resource policy let the call through" in broken.cause
    assert caller(url) == 200
    planned = good(lifecycle.run(marked(name, tiny, "two", dryRun=True, **CLOSED)))["plan"]
    assert planned["gateway"]["change"] == "update"
    assert planned["gateway"]["repaired"] == ["the runtime's resource policy was removed"]
    repaired = good(lifecycle.run(marked(name, tiny, "two", **CLOSED)))
    assert repaired["repaired"] == ["the runtime's resource policy was removed"]
    assert (caller(url), caller(through)) == (403, 200)

    back = good(lifecycle.run({"action": "rollback", "environment": name}))
    assert (back["runtime"]["version"], back["smokeTest"]["endpoint"]) == ("1", "candidate")
    assert checks(back["gateway"])[DIRECTLY]
    gone = good(lifecycle.run({"action": "teardown", "environment": name}))
    runtime_id = first["runtime"]["id"]
    assert f"resource policy of runtime {runtime_id}" in gone["teardown"]["removed"]
    assert lifecycle.leftovers(name) == {}


def test_callers_of_the_gateway_are_answered_while_it_is_closed_and_opened(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    caller: Callable[[str], int],
) -> None:
    name = environment()
    opened = good(lifecycle.run(marked(name, tiny, "one", **OPEN)))
    url, through = opened["runtime"]["invocationUrl"], opened["gateway"]["endpoint"]
    assert (caller(url), caller(through)) == (200, 200)

    closed = good(lifecycle.run(marked(name, tiny, "two", **CLOSED)))
    assert closed["gateway"]["endpoint"] == through
    # It was tested through the gateway, and closed once it was promoted.
    assert DIRECTLY not in checks(closed["smokeTest"])
    assert checks(closed["gateway"])[DIRECTLY]
    assert (caller(url), caller(through)) == (403, 200)
    # The version before is called as this one is.
    back = good(lifecycle.run({"action": "rollback", "environment": name}))
    assert (back["runtime"]["version"], back["smokeTest"]["endpoint"]) == ("1", "candidate")
    assert (caller(url), caller(through)) == (403, 200)

    reopened = good(lifecycle.run(marked(name, tiny, "one", **OPEN)))
    assert (reopened["gateway"]["only"], policy(lifecycle, reopened)) == (False, None)
    assert (caller(url), caller(through)) == (200, 200)
    good(lifecycle.run({"action": "teardown", "environment": name}))
    assert lifecycle.leftovers(name) == {}


@pytest.mark.parametrize(
    "reading",
    [
        ("resource-policy", "late"),
        ("resource-policy-read", "late"),
        ("resource-policy-silence", "refused"),
        ("young-role", "late"),
    ],
    ids=lambda reading: "=".join(reading),
)
def test_it_comes_through_what_is_not_known_of_policies_and_roles(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    caller: Callable[[str], int],
    reading: tuple[str, str],
) -> None:
    name = environment()
    lifecycle.aws.readings.change(dict([reading, ("no-resource-policy", "empty")]))
    try:
        closed = good(lifecycle.run(marked(name, tiny, "one", **CLOSED)))
        assert caller(closed["runtime"]["invocationUrl"]) == 403
        opened = good(lifecycle.run(marked(name, tiny, "one", **IAM)))
        assert (opened["gateway"], opened["repaired"]) == (None, [])
        again = good(lifecycle.run(marked(name, tiny, "two", **CLOSED)))
        assert checks(again["gateway"])[DIRECTLY]
        good(lifecycle.run({"action": "teardown", "environment": name}))
    finally:
        lifecycle.aws.readings.reset()
    assert lifecycle.leftovers(name) == {}


def test_an_a2a_agent_whose_card_comes_through_the_gateway(
    lifecycle: Any, environment: Callable[[], str], uploaded: Callable[..., dict[str, str]]
) -> None:
    """To read a card may need a right of its own, of the gateway's role and of whoever asks."""
    name = environment()
    asked = {"expect": "^echo of hello$", "cases": [{"prompt": "again", "expect": "echo of again"}]}
    given: dict[str, Any] = {
        "environment": name,
        "artifact": {"source": uploaded("a2a")},
        "runtime": {"protocol": "A2A"},
        "smokeTest": {"prompt": "hello", **asked},
        **CLOSED,
    }
    closed = good(lifecycle.run(given))
    for tested in (closed["smokeTest"], closed["gateway"]):
        assert checks(tested)[DIRECTLY]
        assert checks(tested)[f"{DIRECTLY} the agent card"]
    assert closed["smokeTest"]["answer"] == "echo of hello"
    assert closed["smokeTest"]["cases"]["passed"] == 1
    good(lifecycle.run({"action": "teardown", "environment": name}))
    assert lifecycle.leftovers(name) == {}
