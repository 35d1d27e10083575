"""The gate: what must be refused, what must be answered, and what decides nothing."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, IncompleteReadError, SSLError

from handlers import run_smoke_test as handler
from lifecycle.errors import EnvironmentNotFoundError, SmokeTestError
from lifecycle.identity.provision import provision_identity
from lifecycle.record import IdentityRecord
from lifecycle.smoke_test.run import SmokeTestReport, run_smoke_test
from tests.functions.lifecycle.lambda_context import LambdaContext

MACHINE: dict[str, Any] = {"auth": {"type": "cognito", "flow": "clientCredentials"}}
IAM = IdentityRecord(type="iam")
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:one"


def error(status: int, code: str = "SomeException", message: str = "no") -> Any:
    return status, {"x-amzn-errortype": code}, json.dumps({"message": message}).encode()


@pytest.fixture
def password(smoke: Any) -> Any:
    """An environment whose user signs in with a password, and its runtime."""
    provision_identity(smoke.world.event(), clients=smoke.world.clients)
    smoke.deploy()
    return smoke


@pytest.fixture
def iam(smoke: Any) -> Any:
    """An environment that is called with SigV4."""
    smoke.deploy(IAM)
    return smoke


def run(smoke: Any, **request: Any) -> SmokeTestReport:
    return run_smoke_test(
        smoke.world.event(**request), clients=smoke.clients, sleep=smoke.pauses.append
    ).smoke_test


def outcome(report: SmokeTestReport) -> list[tuple[str, str]]:
    assert all(check.passed for check in report.checks)
    return [(check.name, check.seen) for check in report.checks]


def test_password_matrix(password: Any) -> None:
    report = run(password, smokeTest={"expect": "東京は晴れ.*今の天気"})
    assert outcome(report) == [
        ("SigV4 is refused", "403 AccessDeniedException"),
        ("A call without an Authorization header is refused", "401 Unauthorized"),
        ("A garbage token is refused", "403 AccessDeniedException"),
        ("An altered token is refused", "403 AccessDeniedException"),
        ("An access token of another client is refused", "403 AccessDeniedException"),
        ("The ID token of the right user is refused", "403 AccessDeniedException"),
        ("A valid access token is answered", "200 OK"),
    ]
    assert [check.expected for check in report.checks][-2:] == [
        "401 or 403",
        "200 and /東京は晴れ.*今の天気/",
    ]
    assert report.answer == '{"result": "東京は晴れです: 今の天気はどうですか？"}'
    assert (report.endpoint, report.version) == ("DEFAULT", "3")


def test_every_probe_is_a_different_call(password: Any) -> None:
    run(password)
    sent = [call.headers.get("authorization", "") for call in password.runtime.invoked]
    assert len(set(sent)) == 7
    assert {call.session for call in password.runtime.seen} == {password.runtime.stopped[0].session}
    assert {call.qualifier for call in password.runtime.seen} == {"DEFAULT"}


def test_machine_matrix(smoke: Any) -> None:
    provision_identity(smoke.world.event(**MACHINE), clients=smoke.world.clients)
    smoke.deploy()
    report = run(smoke, **MACHINE)
    assert [name for name, _ in outcome(report)] == [
        "SigV4 is refused",
        "A call without an Authorization header is refused",
        "A garbage token is refused",
        "An altered token is refused",
        "An access token of another client is refused",
        "An access token with the wrong scope is refused",
        "A valid access token is answered",
    ]
    assert [form["scope"] for form in smoke.provider.forms] == [
        "stack-dev/invoke",
        "stack-dev/invoke",
        "stack-dev/probe",
    ]


@pytest.mark.parametrize("methods", [None, ["client_secret_post"], ["client_secret_basic"]])
def test_jwt_matrix(smoke: Any, methods: list[str] | None) -> None:
    smoke.provider.methods = methods
    smoke.provider.others = {"robot": "s3cr et+%/"}
    smoke.deploy(_jwt(smoke, {"clientId": "robot", "clientSecret": "s3cr et+%/", "scope": "run"}))
    assert [name for name, _ in outcome(run(smoke))] == [
        "SigV4 is refused",
        "A call without an Authorization header is refused",
        "A garbage token is refused",
        "An altered token is refused",
        "A valid access token is answered",
    ]


def test_jwt_with_an_audience(smoke: Any) -> None:
    smoke.provider.others = {"robot": "secret"}
    secret = {"clientId": "robot", "clientSecret": "secret", "scope": "run", "audience": "agents"}
    smoke.deploy(_jwt(smoke, secret).model_copy(update={"allowed_audience": ["agents"]}))
    assert run(smoke).passed


def _jwt(smoke: Any, secret: Any) -> IdentityRecord:
    return IdentityRecord(
        type="jwt",
        discovery_url="https://idp.example.com/.well-known/openid-configuration",
        allowed_scopes=["run"],
        token_secret_arn=smoke.keep_secret("theirs", secret),
    )


def test_iam_matrix(iam: Any) -> None:
    assert outcome(run(iam)) == [
        ("A call without an Authorization header is refused", "401 Unauthorized"),
        ("A garbage token is refused", "403 AccessDeniedException"),
        ("SigV4 is answered", "200 OK"),
    ]
    assert iam.runtime.stopped[0].headers["authorization"].startswith("AWS4-HMAC-SHA256")


@pytest.mark.parametrize("kind", ["sigv4", "none", "refused"])
@pytest.mark.parametrize("status", [200, 424])
def test_a_call_that_gets_through_fails_at_once(password: Any, kind: str, status: int) -> None:
    password.runtime.always[kind] = error(status)
    with pytest.raises(SmokeTestError, match=f"seen {status} .*authorisation let it through"):
        run(password)
    assert password.pauses == []


def test_an_id_token_that_gets_through_fails(password: Any) -> None:
    # A runtime that looks at the signature alone.
    password.runtime.identity = IdentityRecord(type="jwt")
    with pytest.raises(SmokeTestError, match="An access token of another client is refused"):
        run(password)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        *(("none", status) for status in (404, 409, 429, 500, 502, 503, 504, 400, 302)),
        *((kind, status) for kind in ("sigv4", "refused", "good") for status in (404, 503)),
    ],
)
def test_what_decides_nothing_is_asked_again(password: Any, kind: str, status: int) -> None:
    password.runtime.script[kind] = [error(status), error(status)]
    report = run(password)
    assert report.passed
    assert len(password.pauses) == 2
    assert len(password.runtime.invoked) == 9


def test_a_time_out_decides_nothing(password: Any) -> None:
    password.runtime.script["none"] = [httpx.ReadTimeout("late"), httpx.ConnectError("no")]
    assert run(password).passed
    assert len(password.pauses) == 2


@pytest.mark.parametrize(
    "lost",
    [
        EndpointConnectionError(endpoint_url="https://x"),
        SSLError(endpoint_url="https://x", error="bad"),
        IncompleteReadError(actual_bytes=1, expected_bytes=2),
    ],
)
def test_a_connection_that_fails_decides_nothing(iam: Any, lost: Exception) -> None:
    iam.runtime.script["good"] = [lost]
    assert run(iam).passed
    assert len(iam.pauses) == 1


def test_never_decided_fails_as_undecided(password: Any) -> None:
    password.runtime.always["none"] = error(503, "ServiceUnavailable")
    with pytest.raises(
        SmokeTestError, match=r"expected 401 or 403, seen 503 ServiceUnavailable: undecided"
    ):
        run(password, smokeTest={"timeoutSeconds": 1})


def test_never_answered_fails_as_undecided(password: Any) -> None:
    password.runtime.always["good"] = error(504)
    with pytest.raises(SmokeTestError, match=r"A valid access token is answered.*undecided"):
        run(password, smokeTest={"timeoutSeconds": 1})


def test_a_good_token_refused_for_a_moment_is_asked_again(password: Any) -> None:
    password.runtime.script["good"] = [error(403)]
    assert run(password).passed


def test_an_agent_that_fails_fails_with_its_message(password: Any) -> None:
    password.runtime.always["good"] = error(424, "RuntimeClientError", "ImportError: strands")
    with pytest.raises(SmokeTestError, match=r"424 RuntimeClientError.*ImportError: strands"):
        run(password)
    assert password.pauses == []


def test_a_wrong_answer_fails_at_once_and_shows_it(password: Any) -> None:
    with pytest.raises(SmokeTestError, match=r"does not match, it is: .*東京は晴れ"):
        run(password, smokeTest={"expect": "雪"})
    assert password.pauses == []


@pytest.mark.parametrize("failing", [False, True])
def test_the_session_is_stopped_by_the_right_caller(password: Any, failing: bool) -> None:
    if failing:
        password.runtime.always["none"] = error(200)
        with pytest.raises(SmokeTestError):
            run(password)
    else:
        run(password)
    (stop,) = password.runtime.stopped
    assert stop.kind == "good"
    assert stop.session == password.runtime.invoked[0].session


def test_each_run_has_a_session_of_its_own(password: Any) -> None:
    assert run(password).session_id != run(password).session_id


def test_a_pass_of_default_is_noted(password: Any) -> None:
    password.deploy(failed_version="2", failed_reason="it failed")
    run(password)
    runtime = password.world.record.runtime
    assert runtime.proven_version == "3"
    assert runtime.failed_version is None
    assert runtime.failed_reason is None


def test_a_failure_is_noted_before_it_is_raised(password: Any) -> None:
    password.deploy(live_version="2", proven_version="2")
    with pytest.raises(SmokeTestError) as caught:
        run(password, smokeTest={"expect": "雪"})
    runtime = password.world.record.runtime
    assert runtime.failed_version == "3"
    assert runtime.failed_reason == str(caught.value)
    assert (runtime.proven_version, runtime.live_version) == ("2", "2")
    assert type(caught.value) is SmokeTestError
    kept = password.world.record.failed_smoke_test
    assert kept.execution == password.world.event().execution
    assert (kept.report["passed"], kept.report["version"]) == (False, "3")
    seen = [(check["name"], check["passed"]) for check in kept.report["checks"]]
    assert seen[0] == ("SigV4 is refused", True)
    assert seen[-1] == ("A valid access token is answered", False)


@pytest.mark.parametrize("endpoint", ["DEFAULT", "live"])
def test_an_endpoint_that_was_removed_by_hand_is_said_at_once(password: Any, endpoint: str) -> None:
    password.deploy(live_version="2" if endpoint == "live" else None)
    del password.runtime.endpoints[endpoint]
    with pytest.raises(SmokeTestError, match=f"expected {endpoint} of runtime x, seen none"):
        run(password, action="smokeTest")
    assert password.runtime.seen == []
    assert password.pauses == []


def test_the_version_of_an_endpoint_that_was_moved_by_hand_is_reported(password: Any) -> None:
    password.deploy(live_version="2")
    password.runtime.endpoints["live"] = "1"
    report = run(password, action="smokeTest")
    assert (report.endpoint, report.version) == ("live", "1")


def test_live_is_tested_with_the_identity_that_it_was_promoted_with(password: Any) -> None:
    identity = password.world.identity
    password.deploy(live_version="2", live_identity=identity)
    # A provision with another way to sign in failed before its version existed.
    records, execution = password.world.records, password.world.event().execution
    records.update("dev", execution, identity=IAM)
    report = run(password, action="smokeTest")
    assert report.checks[0].name == "SigV4 is refused"
    assert report.passed


def test_action_smoke_test_asks_live_and_leaves_the_failed_version_noted(password: Any) -> None:
    password.deploy(live_version="2", failed_version="3", failed_reason="it failed")
    report = run(password, action="smokeTest")
    assert (report.endpoint, report.version) == ("live", "2")
    assert {call.qualifier for call in password.runtime.seen} == {"live"}
    assert password.world.record.runtime.failed_version == "3"


def test_action_smoke_test_without_live_asks_default(password: Any) -> None:
    assert run(password, action="smokeTest").endpoint == "DEFAULT"


def test_without_a_runtime_there_is_nothing_to_test(smoke: Any) -> None:
    with pytest.raises(EnvironmentNotFoundError):
        run(smoke, action="smokeTest")


def test_a_password_that_cognito_refuses_is_made_anew_by_the_next_provision(password: Any) -> None:
    password.world.cognito.admin_set_user_password(
        UserPoolId=password.world.identity.user_pool_id,
        Username="smoke-test",
        Password="Set-By-Hand-123456789!",
        Permanent=True,
    )
    with pytest.raises(SmokeTestError, match="The test user signs in") as caught:
        run(password)
    assert type(caught.value) is SmokeTestError
    done = provision_identity(password.world.event(), clients=password.world.clients)
    assert done.repaired == ["the test user's password was not the secret's: made anew"]
    assert run(password).passed


def test_a_secret_that_is_gone_says_so(password: Any) -> None:
    password.world.secrets.delete_secret(
        SecretId="stack/dev/password", ForceDeleteWithoutRecovery=True
    )
    with pytest.raises(SmokeTestError, match="ResourceNotFoundException for the secret"):
        run(password)


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "DecryptionFailure"])
def test_a_secret_that_may_not_be_read_says_how_to_allow_it(smoke: Any, code: str) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetSecretValue")

    smoke.deploy(_jwt(smoke, {"clientId": "robot", "clientSecret": "secret"}))
    events = smoke.clients.secrets.meta.events
    events.register_first("before-call.secrets-manager.GetSecretValue", refuse)
    try:
        with pytest.raises(SmokeTestError, match=f"seen {code} for the secret arn:") as caught:
            run(smoke)
    finally:
        events.unregister("before-call.secrets-manager.GetSecretValue", refuse)
    assert "give the secret the tag agentcore-lifecycle:smoke-test=allowed" in str(caught.value)
    assert "let the role of RunSmokeTestFunction use that key" in str(caught.value)
    assert "provision again" not in str(caught.value)


@pytest.mark.parametrize("value", ["not json", '{"clientId": "robot"}', "[]"])
def test_a_secret_of_another_shape_says_so_without_its_value(smoke: Any, value: str) -> None:
    smoke.deploy(_jwt(smoke, value))
    with pytest.raises(SmokeTestError, match="The caller signs in") as caught:
        run(smoke)
    assert value not in str(caught.value)


def test_a_token_endpoint_that_refuses_says_so(smoke: Any) -> None:
    smoke.provider.others = {"robot": "right"}
    smoke.deploy(_jwt(smoke, {"clientId": "robot", "clientSecret": "wrong-secret"}))
    with pytest.raises(SmokeTestError, match="401 invalid_client") as caught:
        run(smoke)
    assert "wrong-secret" not in str(caught.value)
    assert smoke.pauses == []


def test_a_token_endpoint_without_an_address_yet_is_asked_again(smoke: Any) -> None:
    smoke.provider.others = {"robot": "right"}
    smoke.provider.script = [httpx.ConnectError("no such host"), error(503)]
    smoke.deploy(_jwt(smoke, {"clientId": "robot", "clientSecret": "right", "scope": "run"}))
    assert run(smoke).passed
    assert len(smoke.pauses) == 2


def test_a_token_endpoint_that_never_answers_fails(smoke: Any) -> None:
    smoke.provider.script = [httpx.ConnectError("no such host")] * 50
    smoke.deploy(_jwt(smoke, {"clientId": "robot", "clientSecret": "right"}))
    with pytest.raises(SmokeTestError, match="ConnectError for"):
        run(smoke, smokeTest={"timeoutSeconds": 1})


def test_no_token_or_password_in_output_record_or_log(
    password: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def leaky(payload: Any, headers: dict[str, str]) -> Any:
        return 200, {"content-type": "text/plain"}, headers["authorization"].encode()

    password.runtime.agent = leaky
    monkeypatch.setattr(
        run_smoke_test, "__kwdefaults__", {"clients": password.clients, "sleep": None}
    )
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    event = password.world.event(smokeTest={"expect": "^Bearer ey"})
    output = handler.handler(event.model_dump(mode="json", by_alias=True), LambdaContext())
    assert output["smokeTest"]["answer"] == "Bearer (hidden)"
    failing = password.world.event(smokeTest={"expect": "雪"})
    with pytest.raises(SmokeTestError) as caught:
        handler.handler(failing.model_dump(mode="json", by_alias=True), LambdaContext())
    tokens = {
        call.headers["authorization"].removeprefix("Bearer ")
        for call in password.runtime.seen
        if call.headers.get("authorization", "").startswith("Bearer ey")
    }
    assert len(tokens) > 3
    logged = " ".join(repr(entry.__dict__) for entry in caplog.records)
    shown = (repr(output), str(caught.value), password.world.record.model_dump_json(), logged)
    for secret in (*tokens, password.world.secret_value()["password"]):
        assert all(secret not in text for text in shown)


@pytest.mark.parametrize("request_", [{}, MACHINE], ids=["password", "clientCredentials"])
def test_no_token_or_password_in_the_log_of_a_function_that_is_debugged(
    smoke: Any, request_: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    provision_identity(smoke.world.event(**request_), clients=smoke.world.clients)
    smoke.deploy()
    value = smoke.world.secret_value()
    # What the Lambda runtime does for ApplicationLogLevel DEBUG.
    caplog.set_level(logging.DEBUG)
    logging.getLogger("any.other").debug("this is collected")
    assert run(smoke, **request_).passed
    logged = " ".join(f"{entry.getMessage()} {entry.__dict__!r}" for entry in caplog.records)
    assert "this is collected" in logged
    assert (value.get("password") or value["clientSecret"]) not in logged
    # A token is a JWT: header and claims begin with the letters of '{"'.
    assert re.findall(r"eyJ[\w-]+\.eyJ", logged) == []
