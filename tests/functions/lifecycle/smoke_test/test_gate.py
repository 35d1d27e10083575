"""The gate: what must be refused, what must be answered, and what decides nothing."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from botocore.exceptions import EndpointConnectionError, IncompleteReadError, SSLError

from lifecycle.errors import AwsCallError, SmokeTestError
from lifecycle.identity.provision import provision_identity
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test import gate
from lifecycle.smoke_test.run import SmokeTestReport
from tests.functions.lifecycle.identity.provisioning import MACHINE
from tests.functions.lifecycle.smoke_test.smoke_environment import error, jwt_identity, run


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
    smoke.deploy(
        jwt_identity(smoke, {"clientId": "robot", "clientSecret": "s3cr et+%/", "scope": "run"})
    )
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
    smoke.deploy(jwt_identity(smoke, secret).model_copy(update={"allowed_audience": ["agents"]}))
    assert run(smoke).passed


def test_iam_matrix(iam: Any) -> None:
    assert outcome(run(iam)) == [
        ("A call without an Authorization header is refused", "401 Unauthorized"),
        ("A garbage token is refused", "403 AccessDeniedException"),
        ("SigV4 is answered", "200 OK"),
    ]
    assert iam.runtime.stopped[0].headers["authorization"].startswith("AWS4-HMAC-SHA256")


def blamed(smoke: Any, **more: Any) -> bool:
    """Whether the record says that the version itself is bad, after a smoke test that fails."""
    with pytest.raises(SmokeTestError) as caught:
        run(smoke, **more)
    # The state machine knows no other name of it.
    assert type(caught.value) is SmokeTestError
    found: bool = smoke.world.record.failed_smoke_test.of_version
    return found


@pytest.mark.parametrize(
    ("kind", "status", "of_version"),
    [
        ("none", 200, True),
        ("refused", 424, True),
        ("good", 424, True),
        # The right caller is refused: its provider, client or keys have changed, not the version.
        ("good", 401, False),
        ("good", 403, False),
        ("good", 429, False),
        ("good", 503, False),
        ("good", 504, False),
        ("none", 500, False),
    ],
)
def test_only_an_answer_of_its_own_blames_the_version(
    password: Any, kind: str, status: int, of_version: bool
) -> None:
    password.runtime.always[kind] = error(status)
    assert blamed(password, smokeTest={"timeoutSeconds": 5}) is of_version


def test_a_wrong_answer_blames_the_version_and_a_pattern_without_end_does_not(
    password: Any,
) -> None:
    assert blamed(password, smokeTest={"expect": "雪"}) is True
    slow = {"expect": r"(\S+\s?)+\.$x", "timeoutSeconds": 1}
    assert blamed(password, smokeTest=slow) is False


@pytest.mark.parametrize("kind", ["sigv4", "none", "refused"])
@pytest.mark.parametrize("status", [200, 424])
def test_a_call_that_gets_through_fails_at_once(password: Any, kind: str, status: int) -> None:
    password.runtime.always[kind] = error(status)
    with pytest.raises(
        SmokeTestError, match=f"seen {status} .*the authorizer let the call through"
    ):
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
    with pytest.raises(
        SmokeTestError,
        match=r"token is answered.*undecided.*listen on 0\.0\.0\.0:8080",
    ):
        run(password, smokeTest={"timeoutSeconds": 3})


def test_a_good_token_refused_for_a_moment_is_asked_again(password: Any) -> None:
    password.runtime.script["good"] = [error(403)]
    assert run(password).passed


def test_an_agent_that_fails_fails_with_its_last_message(password: Any) -> None:
    failures = [
        error(424, "RuntimeClientError", message) for message in ("first", "second", "third")
    ]
    password.runtime.script["good"] = list(failures)
    with pytest.raises(SmokeTestError, match=r"424 RuntimeClientError.*the agent failed.*third"):
        run(password)
    # Two between the tries, and two for lines of its log that may come late.
    assert len(password.pauses) == 4


def agent_that_writes(smoke: Any, *lines: str, endpoint: str = "DEFAULT") -> Any:
    """An agent that ends with an error after these lines in its log; an old error stands there already."""
    logs, group = smoke.clients.logs, f"/aws/bedrock-agentcore/runtimes/x-{endpoint}"
    stream = {"logGroupName": group, "logStreamName": "2026/11/26/[runtime-logs]one"}
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(**stream)

    def write(at: float, *messages: str) -> None:
        events = [{"timestamp": round(at * 1000), "message": message} for message in messages]
        logs.put_log_events(**stream, logEvents=events)

    write(time.time() - 60, "ValueError: of an earlier call")

    def agent(_payload: Any, headers: dict[str, str]) -> Any:
        write(time.time(), *(line.format(**headers) for line in lines))
        return error(424, "RuntimeClientError", "see the log")

    return agent


def test_the_agents_own_error_its_log_group_and_what_to_do_are_in_the_cause(password: Any) -> None:
    password.runtime.agent = agent_that_writes(
        password, "Traceback (most recent call last):", "ModuleNotFoundError: No module named 'x'"
    )
    with pytest.raises(SmokeTestError) as failed:
        run(password)
    assert str(failed.value).endswith(
        ': the agent failed: {"message": "see the log"}; the last error in its log group '
        "/aws/bedrock-agentcore/runtimes/x-DEFAULT: ModuleNotFoundError: No module named 'x'; "
        "add what is missing to the agent's requirements.txt or package.json, or to its source"
    )


def test_a_token_in_the_agents_log_is_not_in_the_cause(password: Any) -> None:
    password.runtime.agent = agent_that_writes(password, "ValueError: unexpected {authorization}")
    with pytest.raises(SmokeTestError, match=r"runtimes/x-DEFAULT: .*(hidden|withheld)") as failed:
        run(password)
    token = password.runtime.invoked[-1].headers["authorization"].split()[1]
    assert token[:16] not in str(failed.value)
    assert token[-16:] not in str(failed.value)


def test_the_prompt_and_the_variables_are_not_in_the_cause(password: Any) -> None:
    password.runtime.agent = agent_that_writes(password, "asked: where is it", "with t4ble")
    runtime, asked = {"environmentVariables": {"TABLE": "t4ble"}}, {"prompt": "where is it"}
    with pytest.raises(SmokeTestError) as failed:
        run(password, runtime=runtime, smokeTest=asked)
    assert str(failed.value).endswith("it ends with: asked: (hidden) | with (hidden)")


def test_what_users_may_have_said_to_live_is_not_in_the_cause(password: Any) -> None:
    password.deploy(live_version="2", proven_version="2")
    password.runtime.agent = agent_that_writes(password, "order of a user", endpoint="live")
    with pytest.raises(SmokeTestError) as failed:
        run(password, action="smokeTest")
    assert str(failed.value).endswith("runtimes/x-live has no error of this call yet; look at it")


def test_an_error_of_an_earlier_call_is_not_this_calls(password: Any) -> None:
    password.runtime.agent = agent_that_writes(password, "ready to serve")
    with pytest.raises(SmokeTestError, match="x-DEFAULT has no error of this call yet") as failed:
        run(password)
    assert "earlier" not in str(failed.value)


@pytest.mark.parametrize("status", [404, 429])
def test_a_status_that_says_nothing_of_the_agent_sends_nobody_to_its_log(
    password: Any, status: int
) -> None:
    password.runtime.always["good"] = error(status)
    with pytest.raises(SmokeTestError, match="undecided") as failed:
        run(password, smokeTest={"timeoutSeconds": 3})
    assert "log group" not in str(failed.value)


@pytest.mark.parametrize("failures", [1, 2])
def test_an_agent_that_fails_while_it_starts_is_asked_again(password: Any, failures: int) -> None:
    message = "Runtime initialization time exceeded. Please make sure that initialization completes"
    password.runtime.script["good"] = [error(424, "RuntimeClientError", message)] * failures
    assert run(password).passed
    assert len(password.pauses) == failures


def test_an_agent_that_takes_long_to_fail_is_asked_while_there_is_time(
    password: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An image that is pulled for the first time fails at the service's limit for a start, again and again.
    monkeypatch.setattr(gate, "_QUICK_SECONDS", 0.0)
    password.runtime.script["good"] = [error(424, "RuntimeClientError")] * 5
    assert run(password).passed
    assert len(password.pauses) == 5
    password.runtime.always["good"] = error(424, "RuntimeClientError", "the last one")
    with pytest.raises(SmokeTestError, match=r"the agent failed: .*the last one"):
        run(password, smokeTest={"timeoutSeconds": 3})


DENIED = (
    "User: arn:aws:sts::123456789012:assumed-role/role/function is not authorized to perform: "
    "bedrock-agentcore:InvokeAgentRuntime on resource: arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/x"
)


@pytest.mark.parametrize(("name", "kind"), [("password", "sigv4"), ("iam", "good")])
def test_a_denial_by_iam_proves_nothing(
    request: pytest.FixtureRequest, name: str, kind: str
) -> None:
    smoke = request.getfixturevalue(name)
    smoke.runtime.script[kind] = [error(403, "AccessDeniedException", DENIED)]
    assert run(smoke).passed
    assert len(smoke.pauses) == 1
    smoke.runtime.always[kind] = error(403, "AccessDeniedException", DENIED)
    with pytest.raises(AwsCallError, match="allow bedrock-agentcore:InvokeAgentRuntime on arn:"):
        run(smoke)
    assert smoke.world.record.runtime.failed_version is None


@pytest.mark.parametrize(
    "code", ["UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException"]
)
def test_a_signature_that_does_not_count_proves_nothing(password: Any, code: str) -> None:
    password.runtime.script["sigv4"] = [error(403, code)]
    assert run(password).passed
    assert len(password.pauses) == 1
    password.runtime.always["sigv4"] = error(403, code)
    with pytest.raises(SmokeTestError, match=r"'SigV4 is refused'.* undecided after"):
        run(password, smokeTest={"timeoutSeconds": 3})


def test_a_refusal_by_the_authorizer_passes_whatever_it_says(password: Any) -> None:
    password.runtime.always["refused"] = error(403, "AccessDeniedException", DENIED)
    assert run(password).passed


def test_a_wrong_answer_fails_at_once_and_shows_it(password: Any) -> None:
    with pytest.raises(SmokeTestError, match=r"does not match; the answer is: .*東京は晴れ"):
        run(password, smokeTest={"expect": "雪"})
    assert password.pauses == []
