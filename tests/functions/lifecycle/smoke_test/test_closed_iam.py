"""The smoke test of a runtime whose callers sign with IAM, and that answers only its gateway's role."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.doors.section import GatewayRecord
from lifecycle.errors import AwsCallError, SmokeTestError
from lifecycle.sections.identity import IdentityRecord
from lifecycle.sections.runtime import Guard
from lifecycle.smoke_test import gate
from tests.functions.lifecycle.smoke_test.fake_runtime import ARN, reply
from tests.functions.lifecycle.smoke_test.smoke_environment import Smoke, error, run

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:one"
GATEWAY = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/one-abc"
GUARD = Guard(runtime_arn=ARN, role_arn="arn:aws:iam::123456789012:role/x-gateway", written=True)
NAME = "SigV4 is refused without the gateway"
DENIED = "User: x is not authorized to perform: bedrock-agentcore:InvokeAgentRuntime on resource: y"
BY_POLICY = f"{DENIED} with an explicit deny in a resource-based policy"


def denied(text: str) -> Any:
    return error(403, "AccessDeniedException", text)


@pytest.fixture
def closed(smoke: Smoke, monkeypatch: pytest.MonkeyPatch) -> Smoke:
    """An environment whose gateway answers at its target `candidate` whoever signs."""

    def through(method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        assert (method, url) == ("POST", "https://one.example.com/candidate/invocations")
        assert headers["authorization"].startswith("AWS4-HMAC-SHA256")
        return smoke.runtime.agent({"prompt": "今の天気"}, headers)

    smoke.deploy(IdentityRecord(type="iam", only_gateway=GATEWAY), guard=GUARD)
    section = GatewayRecord(name="one", id="one", arn=GATEWAY, url="https://one.example.com")
    smoke.world.records.update("dev", EXECUTION, gateway=section)
    monkeypatch.setattr(smoke.provider, "handle", through)
    return smoke


def names(smoke: Smoke) -> list[str]:
    report = run(smoke)
    assert all(check.passed for check in report.checks)
    return [check.name for check in report.checks]


@pytest.mark.parametrize("text", ["no", DENIED, BY_POLICY])
def test_a_signed_call_is_refused_directly_and_answered_through_the_gateway(
    closed: Smoke, text: str
) -> None:
    closed.runtime.always = {"good": denied(text)}
    assert names(closed) == [
        "A call without an Authorization header is refused",
        "A garbage token is refused",
        NAME,
        "SigV4 is answered",
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"{DENIED} because no identity-based policy allows the action",
        f"{DENIED} with an explicit deny in an identity-based policy",
        f"{DENIED} with an explicit deny in a service control policy",
        f"{DENIED} because no permissions boundary allows the action",
    ],
)
def test_a_denial_of_the_functions_own_role_proves_nothing(closed: Smoke, text: str) -> None:
    closed.runtime.always = {"good": denied(text)}
    with pytest.raises(AwsCallError, match="proves nothing"):
        run(closed)


def test_a_policy_may_count_only_later(closed: Smoke) -> None:
    answer = reply(200, {"result": "ok"})
    closed.runtime.script = {"good": [answer, answer, answer]}
    closed.runtime.always = {"good": denied(BY_POLICY)}
    assert NAME in names(closed)
    assert len(closed.pauses) == 3


def test_a_runtime_that_still_answers_fails_and_its_version_is_not_blamed(
    closed: Smoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "_SETTLE_SECONDS", 0.0)
    with pytest.raises(SmokeTestError, match="resource policy let the call through") as caught:
        run(closed)
    assert f"'{NAME}'" in str(caught.value)
    assert closed.world.record.failed_smoke_test.of_version is False


def test_what_is_closed_only_after_the_promotion_is_not_asked_directly(closed: Smoke) -> None:
    closed.deploy(closed.runtime.identity, live_version="2")
    assert NAME not in names(closed)
    assert not any(call.kind == "good" for call in closed.runtime.invoked)


def test_what_is_said_to_be_closed_is_asked_directly_at_live(
    closed: Smoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = closed.runtime.identity
    closed.deploy(identity, live_version="3", live_identity=identity)
    monkeypatch.setattr(gate, "_SETTLE_SECONDS", 0.0)
    with pytest.raises(SmokeTestError, match=NAME):
        run(closed, action="smokeTest")


def test_a_policy_that_is_gone_may_deny_for_some_seconds_more(iam: Smoke) -> None:
    iam.runtime.script = {"good": [denied(BY_POLICY)] * 6}
    assert names(iam)[-1] == "SigV4 is answered"
