"""Which door refused or failed: the cause says whose it is, and what to look at."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.doors.caller import CallingRole
from lifecycle.errors import GatewayTestError
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test import gate
from tests.functions.lifecycle.gateway_test.fake_gateway import GATEWAY_ARN, URL, FakeGateway
from tests.functions.lifecycle.gateway_test.gateway_environment import Fronted
from tests.functions.lifecycle.smoke_test.fake_runtime import ARN
from tests.functions.lifecycle.smoke_test.smoke_environment import error

QUICK = {"timeoutSeconds": 5}
RUNTIME_REFUSES = {"www-authenticate": 'Bearer resource_metadata="https://runtime.example.com/x"'}


def cause(fronted: Fronted, **smoke_test: Any) -> str:
    with pytest.raises(GatewayTestError) as caught:
        fronted.test(smokeTest=QUICK | smoke_test)
    assert fronted.record.gateway.proven is False
    failed = fronted.record.failed_gateway_test.report["checks"][-1]
    assert failed["passed"] is False
    assert str(caught.value).startswith(f"check '{failed['name']}': expected ")
    return str(caught.value)


def test_the_gateway_refuses_whom_the_runtime_answers(password: Fronted) -> None:
    password.gateway.always["good"] = error(403, "AccessDeniedException")
    said = cause(password)
    assert "the runtime answers this caller on its own address, so the gateway refused it" in said
    assert "so the gateway refused it: no; compare the gateway's authorizer" in said
    assert "JWT_PASSTHROUGH" in said


@pytest.mark.parametrize("status", [401, 403])
def test_the_runtime_refuses_whom_the_gateway_lets_in(password: Fronted, status: int) -> None:
    password.smoke.runtime.always["good"] = status, RUNTIME_REFUSES, b""
    said = cause(password)
    assert "the gateway let the caller in and the runtime behind it refused" in said
    assert "look at the runtime's authorizer" in said


def test_a_refusal_with_the_gateways_own_document_is_the_gateways(password: Fronted) -> None:
    password.smoke.runtime.always["good"] = error(500)
    named = {"www-authenticate": f'Bearer resource_metadata="{URL}/x"'}
    password.gateway.always["good"] = 401, named, b""
    assert "the gateway refused the caller: compare" in cause(password)


def test_what_the_gateway_says_is_shown_without_secrets(password: Fronted) -> None:
    def refuse(method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        if password.gateway.door._kind(headers.get("authorization", "")) != "good":
            return handle(method, url, headers, body)
        return error(403, "AccessDeniedException", f"not {headers['authorization']}" + "!" * 5000)

    handle = password.gateway.handle
    password.gateway.handle = refuse  # type: ignore[method-assign]
    said = cause(password)
    assert "so the gateway refused it: not Bearer (hidden)!!" in said
    assert len(said) < 1000


def test_a_target_that_is_gone_on_the_way(password: Fronted) -> None:
    password.gateway.always["good"] = error(404, "ResourceNotFoundException")
    said = cause(password)
    assert "the gateway is at fault: look at the gateway's target `live`" in said


@pytest.mark.parametrize("status", [500, 502, 503, 424])
def test_a_role_that_nobody_can_assume(password: Fronted, status: int) -> None:
    password.gateway.always["good"] = error(status)
    said = cause(password)
    assert "the gateway is at fault: look at the trust policy of the gateway's role" in said
    # The role trusts every gateway of the account.
    assert "(bedrock-agentcore.amazonaws.com, this account's gateways)" in said


@pytest.mark.parametrize("status", [424, 500])
def test_a_runtime_that_fails_by_itself_is_not_the_gateways_fault(
    password: Fronted, status: int
) -> None:
    password.smoke.runtime.always["good"] = error(status)
    said = cause(password)
    assert "the runtime does not answer on its own address either" in said
    assert "trust policy" not in said


def test_throttling_blames_nobody(iam: Fronted) -> None:
    iam.gateway.always["good"] = error(429, "ThrottlingException")
    assert "AgentCore throttled the gateway; retry" in cause(iam)


def test_what_heals_within_the_time_passes(iam: Fronted) -> None:
    answers = [error(404), error(503)]
    handle = iam.gateway.handle

    def late(method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        signed = headers.get("authorization", "").startswith("AWS4")
        return answers.pop(0) if signed and answers else handle(method, url, headers, body)

    iam.gateway.handle = late  # type: ignore[method-assign]
    assert iam.test().passed


@pytest.mark.parametrize("kind", ["sigv4", "none", "refused"])
def test_what_comes_through_both_doors(password: Fronted, kind: str) -> None:
    password.gateway.always[kind] = error(200)
    assert "the gateway and the runtime let the call through" in cause(password)


OTHER_ARN = ARN.replace("123456789012", "210987654321")


def changed(gateway: FakeGateway, how: str) -> None:
    claims = gateway.gateway["authorizerConfiguration"]["customJWTAuthorizer"]  # type: ignore[index]
    target = gateway.target["targetConfiguration"]["http"]["agentcoreRuntime"]  # type: ignore[index]
    if how == "open":
        gateway.gateway["authorizerType"], gateway.is_open = "NONE", True  # type: ignore[index]
    if how == "client":
        claims["allowedClients"] = [*claims["allowedClients"], "another"]
    if how == "provider":
        claims["discoveryUrl"] = "https://evil.example.com/.well-known/openid-configuration"
    if how == "gone":
        gateway.target = None
    if how == "all gone":
        gateway.gateway = None
    if how == "elsewhere":
        target["arn"] = f"{ARN}x"
    if how == "account":
        target["arn"] = OTHER_ARN
    if how == "DEFAULT":
        del target["qualifier"]
    if how == "role":
        gateway.target["credentialProviderConfigurations"] = [  # type: ignore[index]
            {"credentialProviderType": "GATEWAY_IAM_ROLE"}
        ]
    if how == "failed":
        gateway.target |= {"status": "FAILED", "statusReasons": ["the role", "said no"]}  # type: ignore[operator]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("open", "seen READY, NONE: somebody changed the gateway's authorizer"),
        ("client", "with another allowedClients: somebody changed the gateway's authorizer"),
        ("provider", "with another discoveryUrl: somebody changed the gateway's authorizer"),
        ("gone", "the target is gone; provision again"),
        ("all gone", "the gateway is gone; provision again"),
        ("elsewhere", "the target leads elsewhere; provision again"),
        (
            "DEFAULT",
            "expected READY, live of stack_dev-abcdefghij, JWT_PASSTHROUGH, "
            "seen READY, DEFAULT of stack_dev-abcdefghij, JWT_PASSTHROUGH: the target leads elsewhere",
        ),
        (
            "account",
            f"seen READY, live of {OTHER_ARN}, JWT_PASSTHROUGH: the target leads elsewhere",
        ),
        ("role", "GATEWAY_IAM_ROLE: the target does not pass the caller's sign-in on"),
        ("failed", "not ready: the role said no; provision again"),
    ],
)
def test_what_somebody_changed_by_hand(password: Fronted, how: str, said: str) -> None:
    changed(password.gateway, how)
    assert said in cause(password)
    # Nobody is called for what the control plane tells.
    assert password.gateway.asked == []


def test_a_target_changed_by_hand_stays_the_gateways_fault_in_an_open_one(iam: Fronted) -> None:
    iam.gateway.gateway["authorizerType"] = "NONE"  # type: ignore[index]
    assert "expected READY, AWS_IAM, seen READY, NONE" in cause(iam)


@pytest.fixture
def closed_iam(iam: Fronted) -> Fronted:
    """A gateway that calls a closed runtime with a role of its own."""
    iam.deploy(IdentityRecord(type="iam", only_gateway=GATEWAY_ARN))
    iam.gateway.target["credentialProviderConfigurations"] = [  # type: ignore[index]
        {"credentialProviderType": "GATEWAY_IAM_ROLE"}
    ]
    iam.note(caller=CallingRole(name="own"), proven=True)
    iam.smoke.runtime.always["good"] = error(403, "AccessDeniedException", f"{DENIED} policy")
    return iam


DENIED = (
    "User: arn:aws:sts::123456789012:assumed-role/own/session is not authorized to perform: "
    "bedrock-agentcore:InvokeAgentRuntime on resource: y with an explicit deny in a resource-based"
)


def test_what_iam_denies_the_gateways_own_role_fails_the_gateway(
    closed_iam: Fronted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "_SETTLE_SECONDS", 0.0)
    said = error(403, "AccessDeniedException", DENIED)
    closed_iam.gateway.always["good"] = said
    with pytest.raises(GatewayTestError, match=r"^check 'SigV4 is answered': seen 403 ") as caught:
        closed_iam.test(smokeTest={"timeoutSeconds": 20})
    assert f"IAM refused InvokeAgentRuntime on {ARN} to the gateway's own role own" in str(
        caught.value
    )
    assert closed_iam.record.gateway.proven is False
    (*_, failed) = closed_iam.record.failed_gateway_test.report["checks"]
    assert (failed["name"], failed["passed"]) == ("SigV4 is answered", False)


def test_a_refusal_without_a_reason_names_both_roles(closed_iam: Fronted) -> None:
    closed_iam.gateway.always["good"] = error(403, "AccessDeniedException")
    said = cause(closed_iam)
    assert "the gateway or the runtime behind it refused the caller: no; compare" in said
    assert f"InvokeGateway on {GATEWAY_ARN} for the role of TestGatewayFunction" in said
    assert "the gateway's own role own may not call the runtime" in said


def test_a_role_of_its_own_that_nobody_can_assume(closed_iam: Fronted) -> None:
    closed_iam.gateway.always["good"] = error(500)
    said = cause(closed_iam)
    assert "the gateway's role, own (bedrock-agentcore.amazonaws.com, this gateway)" in said
    assert "GatewayRole" not in said
