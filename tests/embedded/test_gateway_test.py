"""The test of a gateway for real: every way to sign in, and each thing that somebody can change by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from local.edge.faults import Fault
from tests.embedded.test_sign_in import MATRICES, REFUSED, cognito_token, request

pytestmark = pytest.mark.embedded
LOOKS = [
    "The gateway has the runtime's sign-in",
    "The gateway's target leads to the endpoint live",
]
TOLD = "A call without a token is told how to sign in"


def expected(way: str) -> list[str]:
    *refused, answered = MATRICES[way]
    return [*LOOKS, *refused, *([] if way == "iam" else [TOLD]), answered]


def provision(lifecycle: Any, name: str, tiny: Any, auth: Any) -> Any:
    return lifecycle.run({**request(name, tiny, auth), "gateway": {"type": "runtime"}})


def status_of(url: str, token: str | None) -> int:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = httpx.post(url, headers=headers, json={"prompt": "hello"}, timeout=30, trust_env=False)
    return answer.status_code


@pytest.mark.parametrize("way", ["password", "clientCredentials", "jwt", "iam"])
def test_a_gateway_passes_with_each_way_to_sign_in(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    auths: dict[str, dict[str, Any]],
    way: str,
) -> None:
    name = environment()
    run = provision(lifecycle, name, tiny, auths[way])
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    gateway = run.output["gateway"]
    assert [check["name"] for check in gateway["checks"]] == expected(way)
    for check in gateway["checks"]:
        assert check["passed"] is True
        if check["name"].endswith("refused"):
            assert int(check["seen"][:3]) in REFUSED, check
    assert gateway["endpoint"] == f"{gateway['url']}/live/invocations"
    # Nobody's help: the address in the output, with a token of the environment's own caller.
    assert status_of(gateway["endpoint"], None) in REFUSED
    if run.output["auth"]["type"] == "cognito":
        token = cognito_token(lifecycle.aws, run.output["auth"])
        assert status_of(gateway["endpoint"], token) == 200
    assert lifecycle.record(name)["gateway"]["M"]["proven"]["BOOL"] is True


class ByHand:
    """What somebody does to a gateway behind the lifecycle's back."""

    def __init__(self, aws: Any, gateway_id: str) -> None:
        self.control = aws.client("bedrock-agentcore-control")
        self.iam = aws.client("iam")
        self.id = gateway_id

    @property
    def target(self) -> dict[str, Any]:
        listed = self.control.list_gateway_targets(gatewayIdentifier=self.id)["items"]
        found: dict[str, Any] = self.control.get_gateway_target(
            gatewayIdentifier=self.id, targetId=listed[0]["targetId"]
        )
        return found

    def delete_target(self) -> None:
        self.control.delete_gateway_target(
            gatewayIdentifier=self.id, targetId=self.target["targetId"]
        )

    def update_target(self, **changes: Any) -> None:
        target = self.target
        names = ("name", "targetConfiguration", "credentialProviderConfigurations")
        whole = {name: target[name] for name in names} | changes
        self.control.update_gateway_target(
            gatewayIdentifier=self.id, targetId=target["targetId"], **whole
        )

    def lead_to_default(self) -> None:
        where = self.target["targetConfiguration"]
        where["http"]["agentcoreRuntime"]["qualifier"] = "DEFAULT"
        self.update_target(targetConfiguration=where)

    def update(self, **changes: Any) -> None:
        gateway = self.control.get_gateway(gatewayIdentifier=self.id)
        names = ("name", "roleArn", "authorizerType", "authorizerConfiguration")
        whole = {name: gateway[name] for name in names if name in gateway} | changes
        self.control.update_gateway(gatewayIdentifier=self.id, **whole)
        self.wait()

    def wait(self) -> None:
        """Wait until nothing changes any more."""
        deadline = time.monotonic() + 30
        while self.control.get_gateway(gatewayIdentifier=self.id)["status"] != "READY":
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def let_another_client_in(self) -> None:
        gateway = self.control.get_gateway(gatewayIdentifier=self.id)
        authorizer = gateway["authorizerConfiguration"]
        authorizer["customJWTAuthorizer"]["allowedClients"].append("somebody-else")
        self.update(authorizerConfiguration=authorizer)

    def call_as_a_role_that_trusts_nobody(self) -> None:
        role = self.iam.create_role(
            RoleName=f"wrong-trust-{self.id}"[:64], AssumeRolePolicyDocument=_TRUSTS_NOBODY
        )["Role"]
        self.update(roleArn=role["Arn"])
        self.update_target(
            credentialProviderConfigurations=[{"credentialProviderType": "GATEWAY_IAM_ROLE"}]
        )


_TRUSTS_NOBODY = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
    '"Principal": {"Service": "ec2.amazonaws.com"}}]}'
)
WAYS_TO_BREAK = {
    "the target is gone": (ByHand.delete_target, "the target is gone; provision again"),
    "another endpoint": (ByHand.lead_to_default, "the target leads elsewhere; provision again"),
    "another client": (
        ByHand.let_another_client_in,
        "with another allowedClients: somebody changed the gateway's authorizer",
    ),
    "wrong trust": (
        ByHand.call_as_a_role_that_trusts_nobody,
        "GATEWAY_IAM_ROLE: the target does not pass the caller's sign-in on",
    ),
}


def test_what_somebody_changes_by_hand_fails_the_next_verification_and_is_repaired(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    auths: dict[str, dict[str, Any]],
) -> None:
    name = environment()
    run = provision(lifecycle, name, tiny, auths["password"])
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    for how, (break_it, reason) in WAYS_TO_BREAK.items():
        break_it(ByHand(lifecycle.aws, run.output["gateway"]["id"]))
        verified = lifecycle.run({"action": "smokeTest", "environment": name})
        assert (verified.status, verified.error) == ("FAILED", "GatewayTestError"), how
        assert reason in str(verified.cause), how
        assert lifecycle.record(name)["gateway"]["M"]["proven"]["BOOL"] is False
        run = provision(lifecycle, name, tiny, auths["password"])
        assert run.status == "SUCCEEDED", (how, run.error, run.cause)
        assert run.output["gateway"]["repaired"] or how == "the target is gone", how
        assert lifecycle.record(name)["gateway"]["M"]["proven"]["BOOL"] is True


def test_a_gateway_that_fails_on_the_way_is_told_from_a_runtime_that_answers(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    auths: dict[str, dict[str, Any]],
) -> None:
    name = environment()
    run = provision(lifecycle, name, tiny, auths["iam"])
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    lifecycle.aws.faults.add(
        Fault(
            "bedrock-agentcore",
            "InvokeGateway",
            "serverError",
            times=0,
            status=502,
            caller="TestGatewayFunction",
        )
    )
    test = {"expect": "echo of", "timeoutSeconds": 10}
    failed = lifecycle.run({"action": "smokeTest", "environment": name, "smokeTest": test})
    assert (failed.status, failed.error) == ("FAILED", "GatewayTestError")
    assert "seen 502" in str(failed.cause)
    assert "the runtime answers on its own address, so the gateway is at fault" in str(failed.cause)
    assert lifecycle.record(name)["gateway"]["M"]["proven"]["BOOL"] is False
