"""The test of a gateway as a stage: its checks for each way to sign in, and what it records."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.doors.address import invocation_address
from lifecycle.errors import AwsCallError, EnvironmentNotFoundError, GatewayTestError
from lifecycle.gateway_test.run import GatewayTestResult
from lifecycle.identity.provision import provision_identity
from tests.functions.lifecycle.gateway_test.fake_gateway import GATEWAY_ARN, URL
from tests.functions.lifecycle.gateway_test.gateway_environment import Fronted
from tests.functions.lifecycle.identity.provisioning import MACHINE
from tests.functions.lifecycle.smoke_test.smoke_environment import error, jwt_identity

LOOKS = [
    "The gateway has the runtime's sign-in",
    "The gateway's target leads to the endpoint live",
]
BEARER = [
    *LOOKS,
    "SigV4 is refused",
    "A call without an Authorization header is refused",
    "A garbage token is refused",
    "An altered token is refused",
]
TOLD = "A call without a token is told how to sign in"


def names(report: GatewayTestResult) -> list[str]:
    assert report.passed
    assert all(check.passed for check in report.checks)
    return [check.name for check in report.checks]


def test_password_matrix(password: Fronted) -> None:
    report = password.test(smokeTest={"expect": "東京は晴れ.*今の天気"})
    assert names(report) == [
        *BEARER,
        "An access token of another client is refused",
        "The ID token of the right user is refused",
        TOLD,
        "A valid access token is answered",
    ]
    assert (report.url, report.endpoint) == (URL, invocation_address(URL))
    assert report.answer == '{"result": "東京は晴れです: 今の天気はどうですか？"}'
    assert password.record.gateway.proven is True


def test_machine_matrix(fronted: Fronted) -> None:
    world = fronted.smoke.world
    provision_identity(world.event(**MACHINE), clients=world.clients)
    fronted.deploy()
    assert names(fronted.test(**MACHINE))[-4:] == [
        "An access token of another client is refused",
        "An access token with the wrong scope is refused",
        TOLD,
        "A valid access token is answered",
    ]


def test_jwt_matrix(fronted: Fronted) -> None:
    fronted.smoke.provider.others = {"robot": "secret"}
    secret = {"clientId": "robot", "clientSecret": "secret", "scope": "run"}
    fronted.deploy(jwt_identity(fronted.smoke, secret))
    assert names(fronted.test()) == [*BEARER, TOLD, "A valid access token is answered"]


def test_iam_matrix(iam: Fronted) -> None:
    assert names(iam.test()) == [
        *LOOKS,
        "A call without an Authorization header is refused",
        "A garbage token is refused",
        "SigV4 is answered",
    ]
    method, path, headers = iam.gateway.asked[-1]
    assert (method, path) == ("POST", "/live/invocations")
    assert "/us-east-1/bedrock-agentcore/aws4_request" in headers["authorization"]


def test_every_call_goes_through_the_gateway_in_one_session_which_the_runtime_stops(
    password: Fronted,
) -> None:
    report = password.test()
    (answered,) = password.smoke.runtime.invoked
    (stopped,) = password.smoke.runtime.stopped
    assert (answered.kind, stopped.kind, stopped.qualifier) == ("good", "good", "live")
    assert answered.session == stopped.session == report.session_id
    assert len(password.gateway.asked) == 9


@pytest.mark.parametrize("sign_in", ["password", "iam"])
def test_a_failure_is_noted_before_it_is_raised(sign_in: str, request: Any) -> None:
    fronted = request.getfixturevalue(sign_in)
    fronted.note(proven=True)
    before = fronted.record.runtime
    with pytest.raises(GatewayTestError, match="the answer does not match") as caught:
        fronted.test(smokeTest={"expect": "雪"})
    assert type(caught.value) is GatewayTestError
    record = fronted.record
    assert record.gateway.proven is False
    kept = record.failed_gateway_test
    assert kept.execution == fronted.smoke.world.event().execution
    assert (kept.report["passed"], kept.report["url"]) == (False, URL)
    assert [check["passed"] for check in kept.report["checks"]][-2:] == [True, False]
    # The version has passed its own test; nothing is said against it.
    assert record.runtime == before
    assert record.failed_smoke_test is None


def test_a_caller_who_cannot_sign_in_fails_the_gateway(password: Fronted) -> None:
    world = password.smoke.world
    world.cognito.admin_delete_user(
        UserPoolId=world.identity.user_pool_id, Username=world.identity.username
    )
    with pytest.raises(GatewayTestError, match="check 'The test user signs in'"):
        password.test()
    assert world.identity.secret_version is None
    assert password.record.gateway.proven is False


def test_without_a_gateway_there_is_nothing_to_test(password: Fronted) -> None:
    world = password.smoke.world
    world.records.update("dev", world.event().execution, gateway=None)
    with pytest.raises(EnvironmentNotFoundError, match="has no gateway to test"):
        password.test()


@pytest.mark.parametrize("missing", [{"id": None, "arn": None, "url": None}, {"url": None}])
def test_a_gateway_that_was_never_finished_fails(password: Fronted, missing: Any) -> None:
    world = password.smoke.world
    unfinished = password.record.gateway.model_copy(update=missing)
    world.records.update("dev", world.event().execution, gateway=unfinished)
    with pytest.raises(GatewayTestError, match="was never finished; provision again"):
        password.test()
    assert password.gateway.asked == []


def test_iam_that_denies_the_function_itself_is_no_verdict(iam: Fronted) -> None:
    iam.note(proven=True)
    text = f"User: arn:x is not authorized to perform: bedrock-agentcore:InvokeGateway on {GATEWAY_ARN}"
    iam.gateway.always["good"] = error(403, "AccessDeniedException", text)
    with pytest.raises(
        AwsCallError, match=f"InvokeGateway on {GATEWAY_ARN} for the role of TestGatewayFunction"
    ):
        iam.test()
    assert iam.record.gateway.proven is True


def test_no_secret_shows(password: Fronted) -> None:
    def echo(_: Any, headers: dict[str, str]) -> Any:
        return error(200, "x", headers["authorization"])

    password.smoke.runtime.agent = echo
    with pytest.raises(GatewayTestError) as caught:
        password.test(smokeTest={"expect": "雪"})
    kept = password.record.failed_gateway_test.model_dump_json()
    token = password.gateway.asked[-1][2]["authorization"].removeprefix("Bearer ")
    assert token not in str(caught.value)
    assert token not in kept
