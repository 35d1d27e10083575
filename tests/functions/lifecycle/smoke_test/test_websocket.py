"""The gate of a runtime's WebSocket: who gets one, and what the agent answers on it."""

from __future__ import annotations

import json
import time
from typing import Any

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from websockets.sync.server import ServerConnection

from lifecycle.errors import AwsCallError, SmokeTestError
from lifecycle.provider.bounded import MAX_BYTES
from lifecycle.smoke_test import patience
from lifecycle.smoke_test.run import SmokeTestReport
from tests.functions.lifecycle.smoke_test import smoke_environment
from tests.functions.lifecycle.smoke_test.fake_runtime import cheerful_agent
from tests.functions.lifecycle.smoke_test.smoke_environment import error
from tests.functions.lifecycle.smoke_test.test_a2a import REFUSED
from tests.functions.lifecycle.smoke_test.test_a2a import made as made_for_a2a

ANSWERED = {
    "iam": "SigV4 is answered",
    "password": "A valid access token is answered",
    "machine": "A valid access token is answered",
    "jwt": "A valid access token is answered",
}


def made(smoke: Any, way: str) -> None:
    """Deploy an HTTP runtime that is called in one of the ways to sign in."""
    made_for_a2a(smoke, way)
    smoke.runtime.agent = cheerful_agent


@pytest.fixture(params=["password", "iam"])
def served(smoke: Any, request: pytest.FixtureRequest) -> Any:
    made(smoke, request.param)
    return smoke


@pytest.fixture
def signed(smoke: Any) -> Any:
    made(smoke, "iam")
    return smoke


def run(smoke: Any, **smoke_test: Any) -> SmokeTestReport:
    return smoke_environment.run(smoke, smokeTest={"webSocket": True, **smoke_test})


def says(*messages: str | bytes) -> Any:
    def talk(connection: ServerConnection) -> None:
        connection.recv()
        for message in messages:
            connection.send(message)

    return talk


@pytest.mark.parametrize("way", list(REFUSED))
def test_every_wrong_caller_is_refused_a_websocket(smoke: Any, way: str) -> None:
    made(smoke, way)
    report = run(smoke, expect="東京は晴れ.*今の天気")
    usual = [*REFUSED[way], ANSWERED[way]]
    assert [check.name for check in report.checks] == [
        *usual,
        *(f"{name} a WebSocket" for name in REFUSED[way]),
        f"{ANSWERED[way]} on a WebSocket",
    ]
    assert all(check.passed for check in report.checks)
    last = report.checks[-1]
    assert (last.expected, last.seen) == (
        "101 and /東京は晴れ.*今の天気/",
        "101 Switching Protocols",
    )
    assert {check.seen for check in report.checks[len(usual) : -1]} <= {
        "401 UnauthorizedException",
        "403 AccessDeniedException",
    }
    # One session, on one endpoint, which is stopped once.
    assert len({call.session for call in smoke.runtime.seen}) == 1
    assert {call.qualifier for call in smoke.runtime.opened} == {"DEFAULT"}
    assert len(smoke.runtime.stopped) == 1
    sent = [call.headers.get("authorization") for call in smoke.runtime.opened]
    assert len(set(sent)) == len(sent)


def test_without_the_field_there_is_no_websocket(served: Any) -> None:
    smoke_environment.run(served)
    assert served.runtime.opened == []


def test_the_agent_gets_the_payload_of_an_invocation(served: Any) -> None:
    asked: list[Any] = []

    def talk(connection: ServerConnection) -> None:
        asked.append(json.loads(connection.recv()))
        connection.send("晴れ")

    served.runtime.ws_agent = talk
    report = run(served, prompt="明日は？", expect="晴れ")
    assert asked == [{"prompt": "明日は？"}]
    # The answer of the report is that of the invocation.
    assert report.answer == '{"result": "東京は晴れです: 明日は？"}'


def test_the_handshake_is_signed_with_its_session(signed: Any) -> None:
    run(signed)
    call = signed.runtime.opened[-1]
    authorization = call.headers["authorization"]
    names = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert "x-amzn-bedrock-agentcore-runtime-session-id" in names
    url = "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/"
    arn = (
        "arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fstack_dev-abcdefghij"
    )
    again = AWSRequest(
        "GET",
        f"{url}{arn}/ws?qualifier=DEFAULT",
        headers={name: call.headers[name] for name in names},
    )
    again.context["timestamp"] = call.headers["x-amz-date"]
    credentials = signed.clients.credentials.get_frozen_credentials()
    signer = botocore.auth.SigV4Auth(credentials, "bedrock-agentcore", "us-east-1")
    to_sign = signer.string_to_sign(again, signer.canonical_request(again))
    assert authorization.endswith(signer.signature(to_sign, again))


@pytest.mark.parametrize("kind", ["sigv4", "none", "refused"])
@pytest.mark.parametrize("status", [101, 200, 424])
def test_a_runtime_that_lets_a_wrong_caller_through_on_the_websocket_alone_fails(
    smoke: Any, kind: str, status: int
) -> None:
    made(smoke, "password")
    smoke.runtime.ws_always[kind] = (101, {}, b"") if status == 101 else error(status)
    with pytest.raises(
        SmokeTestError,
        match=f"refused a WebSocket': expected 401 or 403, seen {status} .*the authorizer let the",
    ):
        run(smoke)
    assert smoke.pauses == []
    record = smoke.world.records.get("dev")
    assert record.runtime.failed_version == "3"
    checks = record.failed_smoke_test.report["checks"]
    assert [check["passed"] for check in checks if "WebSocket" not in check["name"]] == [True] * 7
    assert checks[-1]["passed"] is False
    assert len(smoke.runtime.stopped) == 1


@pytest.mark.parametrize("status", [302, 400, 404, 409, 429, 500, 503])
@pytest.mark.parametrize("kind", ["none", "good"])
def test_what_decides_nothing_is_asked_again(smoke: Any, kind: str, status: int) -> None:
    made(smoke, "password")
    location = {"location": "https://elsewhere.example.com/"} if status == 302 else {}
    undecided = (status, {"x-amzn-errortype": "X", **location}, b"")
    smoke.runtime.ws_script[kind] = [undecided, undecided]
    assert run(smoke).passed
    assert len(smoke.pauses) == 2


def test_an_agent_without_a_websocket_is_told_where_to_serve_it(served: Any) -> None:
    served.runtime.ws_always["good"] = error(424, "RuntimeClientError", "Received error (404)")
    with pytest.raises(
        SmokeTestError,
        match=r"is answered on a WebSocket': expected 101 and .* seen 424 RuntimeClientError: the agent failed: "
        r".*the agent must listen on 0\.0\.0\.0:8080, paths /ws and /ping; .*log group",
    ):
        run(served)
    # Every wrong caller, and the right one three times.
    kinds = [call.kind for call in served.runtime.opened]
    assert kinds.count("good") == 3


def test_a_path_of_the_invocations_is_not_that_of_the_websocket(signed: Any) -> None:
    signed.runtime.ws_always["good"] = error(424, "RuntimeClientError")
    chosen = {"protocolConfiguration": {"port": 9001, "path": "/run"}}
    with pytest.raises(SmokeTestError, match=r"listen on 0\.0\.0\.0:9001, paths /ws and /ping"):
        smoke_environment.run(
            signed, runtime={"configuration": chosen}, smokeTest={"webSocket": True}
        )


def denied(action: str) -> Any:
    message = f"User: arn:aws:sts::1:role/x is not authorized to perform: bedrock-agentcore:{action} on resource: y"
    return error(403, "AccessDeniedException", message)


@pytest.mark.parametrize(("way", "kind"), [("password", "sigv4"), ("iam", "good")])
def test_a_right_that_the_function_lacks_proves_nothing(smoke: Any, way: str, kind: str) -> None:
    made(smoke, way)
    action = "InvokeAgentRuntimeWithWebSocketStream"
    smoke.runtime.ws_always[kind] = denied(action)
    with pytest.raises(AwsCallError, match=f"allow bedrock-agentcore:{action} on arn:aws:"):
        run(smoke)


@pytest.mark.parametrize(
    ("messages", "expect"),
    [
        (("晴れ",), "^晴れ$"),
        (("東", "京", "は晴れ"), "^東京は晴れ$"),
        (('{"type": "start"}', '{"data": "東京は"}', '{"data": "晴れ"}'), "^東京は晴れ$"),
        (('{"a": 1}', '{"answer": "\\u6674\\u308c"}'), '^{"a": 1}\n{"answer": "晴れ"}$'),
        (("晴れ".encode(),), "^晴れ$"),
        ((b"\xff",), "^\ufffd$"),
        (("", "晴れ"), "^晴れ$"),
        (("[" * 5000 + "]" * 5000,), r"^\[+\]+$"),
        (('"\\ud800"',), "^\ufffd$"),
    ],
)
def test_what_an_agent_says(signed: Any, messages: Any, expect: str) -> None:
    signed.runtime.ws_agent = says(*messages)
    assert run(signed, expect=rf"{expect}|東京は晴れです").passed


def test_an_agent_that_keeps_the_websocket_open_has_answered(served: Any) -> None:
    closed: list[int | None] = []

    def talk(connection: ServerConnection) -> None:
        connection.recv()
        connection.send("晴れ")
        for _ in connection:
            pass
        closed.append(connection.close_code)

    served.runtime.ws_agent = talk
    began = time.monotonic()
    assert run(served, expect="晴れ").passed
    assert time.monotonic() - began < 10
    # We said goodbye.
    deadline = time.monotonic() + 5
    while not closed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert closed == [1000]


def test_an_agent_that_never_pauses_has_answered(signed: Any) -> None:
    def talk(connection: ServerConnection) -> None:
        connection.recv()
        while True:
            connection.send("晴れ")
            time.sleep(0.02)

    signed.runtime.ws_agent = talk
    assert run(signed, expect="晴れ").passed


@pytest.mark.parametrize("pauses", [True, False])
def test_an_answer_that_never_matches_ends_with_the_time(signed: Any, pauses: bool) -> None:
    def talk(connection: ServerConnection) -> None:
        connection.recv()
        connection.send("雪")
        while not pauses:
            connection.send("雪")
            time.sleep(0.02)
        connection.recv()

    signed.runtime.ws_agent = talk
    began = time.monotonic()
    with pytest.raises(
        SmokeTestError,
        match=r"seen no match within \d\.\d s on the WebSocket; it said: 雪|the answer does not match; .*雪",
    ):
        run(signed, expect="晴れ", timeoutSeconds=3)
    assert time.monotonic() - began < 4
    assert len(signed.runtime.stopped) == 1


def test_silence_decides_nothing(signed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Longest:
        """Pauses for as long as it may: a shorter pause would leave time for a second try."""

        def uniform(self, _shortest: float, longest: float) -> float:
            return longest

    monkeypatch.setattr(patience, "_RANDOM", Longest())

    def talk(connection: ServerConnection) -> None:
        connection.recv()
        connection.recv()

    signed.runtime.ws_agent = talk
    began = time.monotonic()
    with pytest.raises(SmokeTestError, match=r"seen no message within .*undecided after 1 tries"):
        run(signed, timeoutSeconds=2)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("size", [MAX_BYTES + 1, 10 * MAX_BYTES])
def test_a_message_that_is_too_long_is_not_read(signed: Any, size: int) -> None:
    signed.runtime.ws_agent = says("x" * size)
    with pytest.raises(SmokeTestError, match="the WebSocket was closed with 1009") as caught:
        run(signed)
    assert len(str(caught.value)) < 2000


def test_no_more_than_the_limit_is_read(signed: Any) -> None:
    signed.runtime.ws_agent = says(*["x" * 60_000] * 30, "晴れです")
    with pytest.raises(SmokeTestError, match="does not match; the answer is: x"):
        run(signed, expect="晴れです")


def test_an_agent_that_closes_without_the_answer_fails_at_once(signed: Any) -> None:
    signed.runtime.ws_agent = says("雪")
    with pytest.raises(SmokeTestError, match="does not match; the answer is: 雪"):
        run(signed, expect="晴れ")
    signed.runtime.ws_agent = says()
    with pytest.raises(SmokeTestError, match=r"does not match; the answer is: \(empty\)"):
        run(signed, expect="晴れ")
    assert signed.pauses == []


def broken(connection: ServerConnection) -> None:
    connection.recv()
    raise RuntimeError("broken")


def test_an_agent_that_breaks_is_asked_again(signed: Any) -> None:
    signed.runtime.ws_agent = broken
    with pytest.raises(
        SmokeTestError, match="seen 424 the WebSocket was closed with 1011: the agent failed"
    ):
        run(signed)
    assert [call.kind for call in signed.runtime.opened].count("good") == 3


def test_a_connection_that_is_lost_is_asked_again(signed: Any) -> None:
    def lost(connection: ServerConnection) -> None:
        connection.recv()
        connection.close_socket()

    signed.runtime.ws_agent = lost
    # The network may have lost it, so it does not blame the version.
    with pytest.raises(SmokeTestError, match="seen the WebSocket was closed with 1006: undecided"):
        run(signed, timeoutSeconds=3)
    assert [call.kind for call in signed.runtime.opened].count("good") > 1
    assert signed.world.record.failed_smoke_test.of_version is False


def test_an_answer_before_a_break_counts(signed: Any) -> None:
    def talk(connection: ServerConnection) -> None:
        connection.send("晴れ")
        broken(connection)

    signed.runtime.ws_agent = talk
    assert run(signed, expect="晴れ").passed


def test_a_token_that_the_agent_repeats_is_hidden(smoke: Any) -> None:
    made(smoke, "password")

    def talk(connection: ServerConnection) -> None:
        connection.recv()
        connection.send(smoke.runtime.opened[-1].headers["authorization"])

    smoke.runtime.ws_agent = talk
    with pytest.raises(SmokeTestError) as caught:
        run(smoke, expect="晴れ")
    token = smoke.runtime.opened[-1].headers["authorization"].removeprefix("Bearer ")
    assert token not in str(caught.value)
    assert token[-20:] not in str(caught.value)
