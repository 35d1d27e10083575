"""The gate of an AG-UI runtime: one run and its events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lifecycle.errors import SmokeTestError
from lifecycle.smoke_test.run import SmokeTestReport, run_smoke_test
from tests.functions.lifecycle.smoke_test.fake_runtime import Reply, reply
from tests.functions.lifecycle.smoke_test.smoke_environment import error
from tests.functions.lifecycle.smoke_test.test_a2a import REFUSED, made

STREAM = {"content-type": "text/event-stream; charset=utf-8"}
STARTED = {"type": "RUN_STARTED", "threadId": "t", "runId": "r"}
FINISHED = {"type": "RUN_FINISHED", "threadId": "t", "runId": "r"}
START = {"type": "TEXT_MESSAGE_START", "messageId": "m", "role": "assistant"}


def piece(delta: Any, at: str = "m") -> dict[str, Any]:
    return {"type": "TEXT_MESSAGE_CONTENT", "messageId": at, "delta": delta}


def chunk(delta: Any, **more: Any) -> dict[str, Any]:
    return {"type": "TEXT_MESSAGE_CHUNK", "delta": delta, **more}


def stream(*events: Any) -> Reply:
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    return 200, STREAM, text.encode()


class Agent:
    """An AG-UI agent behind the runtime."""

    def __init__(self, *events: Any) -> None:
        self.events = events or (STARTED, START, piece("東京は"), piece("晴れ"), FINISHED)
        self.payloads: list[dict[str, Any]] = []

    def __call__(self, payload: dict[str, Any], headers: dict[str, str]) -> Reply:
        assert headers["accept"] == "text/event-stream"
        self.payloads.append(payload)
        return stream(*self.events)


@pytest.fixture(params=["password", "iam"])
def agui(smoke: Any, request: pytest.FixtureRequest) -> Any:
    made(smoke, request.param)
    smoke.runtime.agent = Agent()
    return smoke


@pytest.fixture
def signed(smoke: Any) -> Any:
    made(smoke, "iam")
    smoke.runtime.agent = Agent()
    return smoke


def run(smoke: Any, **smoke_test: Any) -> SmokeTestReport:
    event = smoke.world.event(runtime={"protocol": "AGUI"}, smokeTest=smoke_test)
    return run_smoke_test(event, clients=smoke.clients, sleep=smoke.pauses.append).smoke_test


@pytest.mark.parametrize("way", list(REFUSED))
def test_every_wrong_caller_is_refused(smoke: Any, way: str) -> None:
    made(smoke, way)
    smoke.runtime.agent = Agent()
    report = run(smoke, expect="^東京は晴れ$")
    assert [check.name for check in report.checks][:-1] == REFUSED[way]
    assert report.checks[-1].seen == "200 OK"
    assert report.answer == "東京は晴れ"
    # Each sends a whole run, so that a runtime without an authorizer would answer it.
    for call in smoke.runtime.invoked:
        assert set(call.payload) == {
            *("threadId", "runId", "state", "messages", "tools", "context", "forwardedProps")
        }
    assert smoke.runtime.cards == []


def test_the_prompt_is_a_users_message(agui: Any) -> None:
    run(agui, prompt="明日は？")
    (payload,) = agui.runtime.agent.payloads
    (message,) = payload["messages"]
    assert (message["role"], message["content"]) == ("user", "明日は？")
    assert message["id"]


@pytest.mark.parametrize(
    ("events", "answer"),
    [
        ([chunk("晴れ", messageId="m"), chunk("、25度")], "晴れ、25度"),
        ([chunk("晴れ", messageId="m", role="assistant")], "晴れ"),
        ([START, piece("a"), piece("b", "n"), piece("c")], "ac\nb"),
        # An echo of the question is no answer.
        ([{**START, "role": "user"}, piece("晴れ")], ""),
        ([chunk("晴れ", messageId="m", role="user"), chunk("雪", messageId="n")], "雪"),
        ([{"type": "THINKING_TEXT_MESSAGE_CONTENT", "delta": "晴れ?"}, START, piece("雪")], "雪"),
        ([{"type": "REASONING_MESSAGE_CONTENT", "messageId": "m", "delta": "x"}], ""),
        ([{"type": "TOOL_CALL_RESULT", "messageId": "m", "content": "晴れ"}], ""),
        ([START, piece(None), piece(["x"]), piece("雪")], "雪"),
        ([{"type": "NEW_IN_A_LATER_VERSION"}, "text", 1, [], {"type": 1}, piece("雪")], "雪"),
    ],
)
def test_what_an_agent_says(signed: Any, events: list[Any], answer: str) -> None:
    signed.runtime.agent = Agent(STARTED, *events, FINISHED)
    if answer:
        assert run(signed).answer == answer
    else:
        with pytest.raises(SmokeTestError, match=r"does not match; the answer is: \(empty\)"):
            run(signed)


def test_what_follows_the_end_does_not_count(signed: Any) -> None:
    signed.runtime.agent = Agent(STARTED, piece("雪"), FINISHED, piece("晴れ"))
    assert run(signed).answer == "雪"


def failed(said: Any = "no data", **more: Any) -> dict[str, Any]:
    return {"type": "RUN_ERROR", "message": said, **more}


INTERRUPT = {"type": "interrupt", "interrupts": [{"id": "i", "reason": "confirm"}]}


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([STARTED, piece("晴れ"), failed()], "RUN_ERROR: no data:"),
        ([STARTED, failed("by\nme", code="LIMIT")], "RUN_ERROR: LIMIT by me:"),
        ([STARTED, failed(None), FINISHED], "RUN_ERROR: None"),
        ([failed(["\ud800"])], "RUN_ERROR: "),
        ([STARTED, piece("晴れ")], 'no RUN_FINISHED; its last event is "TEXT_MESSAGE_CONTENT"'),
        ([STARTED], 'no RUN_FINISHED; its last event is "RUN_STARTED"'),
        ([piece("晴れ"), FINISHED], 'the first event is "TEXT_MESSAGE_CONTENT", not RUN_STARTED'),
        ([FINISHED], 'the first event is "RUN_FINISHED", not RUN_STARTED'),
        ([{"type": 1}, "text"], "the stream has no AG-UI event"),
        ([STARTED, {**FINISHED, "outcome": INTERRUPT}], "the run was interrupted to ask a person"),
    ],
)
def test_a_run_that_fails_fails_at_once_on_one_line(
    signed: Any, events: list[Any], reason: str
) -> None:
    signed.runtime.agent = Agent(*events)
    with pytest.raises(SmokeTestError, match=f"is answered': .*seen .*{reason}") as caught:
        run(signed)
    assert "\n" not in str(caught.value)
    str(caught.value).encode()
    assert signed.pauses == []


def test_a_successful_outcome_passes(signed: Any) -> None:
    finished = {**FINISHED, "outcome": {"type": "success"}, "result": {"a": 1}}
    signed.runtime.agent = Agent(STARTED, piece("晴れ"), finished)
    assert run(signed).passed


def body(*events: Any) -> bytes:
    return stream(*events)[2]


WHOLE = body(STARTED, piece("晴れ"), FINISHED)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "the stream has no AG-UI event"),
        (WHOLE[: WHOLE.index(b"RUN_FINISHED")], "the stream has no RUN_FINISHED"),
        (WHOLE[:20], "the stream has no AG-UI event"),
        (b"data: " + b"[" * 5000 + b"]" * 5000 + b"\n\n", "the stream has no AG-UI event"),
        (
            b'data: {"type": ' + b"[" * 5000 + b"]" * 5000 + b"}\n\n",
            "the stream has no AG-UI event",
        ),
        (body(STARTED) + body(piece("x" * 1000)) * 1000, "no RUN_FINISHED within 1,000,000 bytes"),
        (b"\xff\xfe" + WHOLE, "the first event is"),
    ],
)
def test_any_stream_is_judged(agui: Any, raw: bytes, reason: str) -> None:
    agui.runtime.agent = lambda payload, headers: (200, STREAM, raw)
    with pytest.raises(SmokeTestError, match=reason) as caught:
        run(agui)
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_lines_may_end_as_the_standard_allows(signed: Any, end: str) -> None:
    raw = WHOLE.decode().replace("\n", end).encode()
    signed.runtime.agent = lambda payload, headers: (200, STREAM, b": hello" + end.encode() + raw)
    assert run(signed).answer == "晴れ"


@pytest.mark.parametrize("kind", ["application/json", ""])
def test_an_answer_that_is_no_stream_fails(signed: Any, kind: str) -> None:
    signed.runtime.agent = lambda payload, headers: (200, {"content-type": kind}, WHOLE)
    with pytest.raises(SmokeTestError, match="the answer is no text/event-stream, but"):
        run(signed)


AGENT_ERROR = failed("Agent execution failed", code="AGENT_ERROR")


def test_an_agent_that_fails_while_it_starts_is_asked_again(agui: Any) -> None:
    # AgentCore's guide: status 200, because the stream may have begun.
    agui.runtime.script["good"] = [stream(AGENT_ERROR), error(424, "RuntimeClientError")]
    assert run(agui).passed
    assert len(agui.pauses) == 2


def test_an_agent_that_keeps_failing_is_told_where_to_listen(agui: Any) -> None:
    agui.runtime.always["good"] = stream(AGENT_ERROR)
    with pytest.raises(
        SmokeTestError,
        match=r"seen 424 AGENT_ERROR: the agent failed: Agent execution failed; the agent must listen on "
        r"0\.0\.0\.0:8080, paths /invocations and /ping; .*log group",
    ):
        run(agui)


@pytest.mark.parametrize("way", ["password", "iam"])
def test_a_refusal_in_an_event_counts_by_its_status(smoke: Any, way: str) -> None:
    made(smoke, way)
    smoke.runtime.agent = Agent()
    refused = stream(failed("Authentication required", code="UNAUTHORIZED"))
    smoke.runtime.always["none"] = (401, *refused[1:])
    assert run(smoke).passed
    # An agent that was reached could say the same.
    smoke.runtime.always["none"] = refused
    with pytest.raises(SmokeTestError, match="the authorizer let the call through"):
        run(smoke)


def test_a_call_that_gets_through_to_a_failing_agent_fails(smoke: Any) -> None:
    made(smoke, "password")
    smoke.runtime.always["refused"] = stream(AGENT_ERROR)
    with pytest.raises(SmokeTestError, match="seen 424 AGENT_ERROR: the authorizer let the call"):
        run(smoke)


def test_another_port_and_path_are_named(signed: Any) -> None:
    signed.runtime.always["good"] = reply(504, {"message": "late"})
    chosen = {"protocolConfiguration": {"port": 9001, "path": "/run"}}
    event = signed.world.event(
        runtime={"protocol": "AGUI", "configuration": chosen}, smokeTest={"timeoutSeconds": 1}
    )
    with pytest.raises(SmokeTestError, match=r"listen on 0\.0\.0\.0:9001, paths /run and /ping"):
        run_smoke_test(event, clients=signed.clients, sleep=signed.pauses.append)
