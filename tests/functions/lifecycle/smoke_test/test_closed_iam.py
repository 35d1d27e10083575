"""The smoke test of a runtime whose callers sign with IAM, and that answers only its gateway's role."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.doors.caller import CallingRole
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
    smoke.runtime.always = {"good": denied(BY_POLICY)}
    section = GatewayRecord(
        name="one",
        id="one",
        arn=GATEWAY,
        url="https://one.example.com",
        caller=CallingRole(name="x-gateway"),
    )
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
    assert NAME in names(closed)
    assert len(closed.pauses) == 3


def test_a_runtime_that_still_answers_fails_and_its_version_is_not_blamed(
    closed: Smoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed.runtime.always = {}
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
    closed.runtime.always = {}
    monkeypatch.setattr(gate, "_SETTLE_SECONDS", 0.0)
    with pytest.raises(SmokeTestError, match=NAME):
        run(closed, action="smokeTest")


def test_a_policy_that_is_gone_may_deny_for_some_seconds_more(iam: Smoke) -> None:
    iam.runtime.script = {"good": [denied(BY_POLICY)] * 6}
    assert names(iam)[-1] == "SigV4 is answered"


def by(role: str, operation: str = "InvokeAgentRuntime") -> Any:
    """A denial, as IAM words it for a call of a role."""
    user = f"arn:aws:sts::123456789012:assumed-role/{role}/session"
    return denied(f"User: {user} is not authorized to perform: bedrock-agentcore:{operation} on y")


UNNAMED = denied(DENIED)
SILENT = denied("The gateway is not allowed to call the target.")


def answer_through(smoke: Smoke, *replies: Any, then: Any = None) -> None:
    """Answer calls through the gateway: first with some replies, then with one or as the agent does."""
    left, agent = list(replies), smoke.runtime.agent

    def answered(payload: Any, headers: Any) -> Any:
        return left.pop(0) if left else then or agent(payload, headers)

    smoke.runtime.agent = answered


@pytest.mark.parametrize("reply", [by("x-gateway"), UNNAMED, by("old"), SILENT])
def test_what_the_gateways_role_may_do_may_count_only_later(closed: Smoke, reply: Any) -> None:
    answer_through(closed, *[reply] * 6)
    assert names(closed)[-1] == "SigV4 is answered"
    assert len(closed.pauses) == 6


def refusal(smoke: Smoke, monkeypatch: pytest.MonkeyPatch, reply: Any) -> str:
    """The cause, when the gateway answers nothing else."""
    monkeypatch.setattr(gate, "_SETTLE_SECONDS", 0.0)
    answer_through(smoke, then=reply)
    with pytest.raises(AwsCallError) as caught:
        run(smoke)
    # No version is to blame.
    assert smoke.world.record.failed_smoke_test is None
    return str(caught.value)


def test_what_iam_denies_the_gateways_role_is_told_of_that_role(
    closed: Smoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    cause = refusal(closed, monkeypatch, by("x-gateway"))
    assert f"IAM refused InvokeAgentRuntime on {ARN} to the gateway's own role x-gateway" in cause
    assert "provision again, which repairs the role and the runtime's resource policy" in cause
    assert "RunSmokeTestFunction" not in cause


def test_a_denial_that_names_nobody_may_be_about_either_role(
    closed: Smoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    cause = refusal(closed, monkeypatch, UNNAMED)
    assert "does not say whom" in cause
    assert "the gateway, which calls the runtime with its own role x-gateway" in cause
    assert "the role of RunSmokeTestFunction" in cause


def test_a_gateway_that_calls_with_another_role_is_told_so(
    closed: Smoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    cause = refusal(closed, monkeypatch, by("old", "GetAgentCard"))
    assert "called the runtime as old instead of its own role x-gateway" in cause
    assert f"GetAgentCard on {ARN}" in cause
    assert "provision again, which repairs the gateway" in cause
    assert "RunSmokeTestFunction" not in cause


@pytest.mark.parametrize("role", ["function", "x-gateway"])
def test_the_right_to_the_gateway_is_the_functions(closed: Smoke, role: str) -> None:
    answer_through(closed, then=by(role, "InvokeGateway"))
    with pytest.raises(AwsCallError) as caught:
        run(closed)
    cause = str(caught.value)
    assert f"allow bedrock-agentcore:InvokeGateway on {GATEWAY} for the role of RunSm" in cause
    assert "x-gateway" not in cause
    assert len(closed.pauses) == 2


def test_a_refusal_without_a_reason_may_be_about_either_role(closed: Smoke) -> None:
    answer_through(closed, then=SILENT)
    with pytest.raises(SmokeTestError, match=r"'SigV4 is answered'.* undecided after") as caught:
        run(closed, smokeTest={"timeoutSeconds": 3})
    cause = str(caught.value)
    assert f"allow bedrock-agentcore:InvokeGateway on {GATEWAY} for the role of RunSm" in cause
    assert "the gateway's own role x-gateway" in cause
    assert closed.world.record.failed_smoke_test.of_version is False
