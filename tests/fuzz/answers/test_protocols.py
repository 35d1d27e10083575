"""An A2A and an AG-UI agent's answers end with a report or SmokeTestError, and show nothing of the token."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.answers.test_answers import (
    JSON,
    TOKEN,
    Draw,
    Reply,
    check,
    no_process_for_each_match,
    replies,
    request,
    response,
)
from tests.fuzz.grammar.mutation import mutated
from tests.fuzz.grammar.values import values
from tests.fuzz.profile import tries

__all__ = ["no_process_for_each_match"]

STREAM = [(b"content-type", b"text/event-stream")]
_COMMON: dict[str, Any] = {
    "name": "forecast",
    "description": "Knows the weather.",
    "version": "2.1",
    "capabilities": {"streaming": True},
    "defaultInputModes": ["text"],
    "defaultOutputModes": ["text"],
    "skills": [{"id": "a", "name": "b", "description": "c", "tags": ["d"]}],
}
_OLD = {**_COMMON, "protocolVersion": "0.3.0", "url": "https://example.com/"}
_INTERFACE = {"url": "https://example.com/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
_NEW = {**_COMMON, "supportedInterfaces": [_INTERFACE]}
_CARDS: list[Any] = [_OLD, _NEW, {**_OLD, **_NEW}]
_SAID = {
    "kind": "message",
    "role": "agent",
    "messageId": "m",
    "parts": [{"kind": "text", "text": "晴れ"}],
}
_RESULTS: list[Any] = [
    _SAID,
    {"message": _SAID},
    {"task": {"id": "t", "status": {"state": "TASK_STATE_COMPLETED", "message": _SAID}}},
    *(
        {"kind": "task", "id": "t", "status": {"state": state, "message": _SAID}}
        for state in ("completed", "working", "failed", "input-required")
    ),
    {"artifacts": [{"artifactId": "a", "parts": _SAID["parts"]}]},
    {"kind": "message", "parts": [{"kind": "data", "data": {"a": [1]}}]},
]
_MESSAGES: list[Any] = [
    *_CARDS,
    *(response(result) for result in _RESULTS),
    {"jsonrpc": "2.0", "id": "asked", "error": {"code": -32603, "message": "no"}},
    {"jsonrpc": "2.0", "id": None, "error": {"code": -32055, "message": "no", "data": [1]}},
]


def as_json(value: Any) -> Reply:
    return 200, JSON, json.dumps(value).encode()


_A2A = st.lists(
    st.one_of(
        replies(st.one_of(mutated(st.sampled_from(_MESSAGES)), values)),
        st.sampled_from(_MESSAGES).map(as_json),
    ),
    min_size=1,
    max_size=5,
)


@tries(few=50, full=2_000)
@given(_A2A, st.booleans())
@example(
    [as_json(_OLD), (200, JSON, b'{"id": "asked", "result": {"status": {"state": []}}}')], True
)
@example([as_json(_OLD), (200, JSON, b'{"id": "asked", "error": {"code": {}}}')], True)
@example([(200, JSON, b'{"error": {"code": 1e400, "message": "\\ud800"}}')], True)
@example([(200, JSON, b'{"error": {"code": true}}')], False)
@example([(403, JSON, b'{"error": {"code": -32055}}')], False)
def test_answers_of_an_a2a_agent(script: list[Reply], answered: bool) -> None:
    check(script, request("A2A"), answered=answered)


@tries(few=30, full=1_000)
@given(st.sampled_from(_CARDS).flatmap(lambda card: mutated(st.just(card))))
@example({**_OLD, "url": "http://["})
@example({**_OLD, "protocolVersion": "0.3" * 50_000})
@example({**_OLD, "skills": [{"id": "\ud800"}]})
@example({**_OLD, "preferredTransport": {}, "additionalInterfaces": 7})
@example({**_NEW, "supportedInterfaces": [{"url": 1, "protocolBinding": "JSONRPC"}]})
def test_a_wrong_card_before_a_good_answer(card: Any) -> None:
    check([as_json(card), as_json(response(_SAID))], request("A2A"))


@tries(few=30, full=1_000)
@given(
    st.sampled_from(_CARDS),
    st.sampled_from(_RESULTS).flatmap(lambda result: mutated(st.just(result))),
)
@example(_OLD, {"kind": "message", "parts": [{"text": "\ud800"}]})
@example(_NEW, {"task": {"status": {"state": "TASK_STATE_WORKING"}, "id": {}}})
@example(_OLD, {"artifacts": [None, {"parts": [None, {"data": "\ud800"}]}]})
def test_a_wrong_result_after_a_good_card(card: Any, result: Any) -> None:
    check([as_json(card), as_json(response(result))], request("A2A"))


_EVENTS: list[Any] = [
    {"type": "RUN_STARTED", "threadId": "t", "runId": "r"},
    {"type": "TEXT_MESSAGE_START", "messageId": "m", "role": "assistant"},
    {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "晴れ"},
    {"type": "TEXT_MESSAGE_CHUNK", "messageId": "n", "role": "user", "delta": "x"},
    {"type": "TEXT_MESSAGE_CHUNK", "delta": "x"},
    {"type": "RUN_ERROR", "message": "no", "code": "AGENT_ERROR"},
    {"type": "RUN_FINISHED", "threadId": "t", "runId": "r", "outcome": {"type": "success"}},
]


def as_stream(events: list[Any], end: bytes = b"\n") -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + end + end for event in events)


@st.composite
def streams(draw: Draw) -> bytes:
    """Streams of events, most of them of a whole run; some are cut."""
    event = st.sampled_from(_EVENTS)
    middle = draw(
        st.lists(st.one_of(event, event.flatmap(lambda one: mutated(st.just(one)))), max_size=6)
    )
    whole = draw(st.booleans())
    events = [_EVENTS[0], *middle, _EVENTS[-1]] if whole else middle
    raw = as_stream(events, draw(st.sampled_from([b"\n", b"\r", b"\r\n"])))
    return raw[: draw(st.integers(0, len(raw)))] if draw(st.integers(0, 3)) == 0 else raw


@tries(few=50, full=2_000)
@given(st.one_of(streams().map(lambda raw: (200, STREAM, raw)), replies(values)), st.booleans())
@example((200, STREAM, b'data: {"type": "RUN_ERROR", "message": "\\ud800", "code": {}}\n\n'), True)
@example(
    (200, STREAM, b'data: {"type": "TEXT_MESSAGE_CHUNK", "messageId": [], "delta": 1}\n\n'), True
)
@example((200, STREAM, as_stream([_EVENTS[0], {"type": "RUN_FINISHED", "outcome": []}])), True)
@example((200, STREAM, b"data: x" * 300_000), True)
@example((401, STREAM, as_stream([{"type": "RUN_ERROR"}])), False)
def test_answers_of_an_agui_agent(reply: Reply, answered: bool) -> None:
    check([reply], request("AGUI"), answered=answered)


@tries(few=20, full=600)
@given(st.integers(0, len(TOKEN) - 24), st.integers(24, len(TOKEN)), st.integers(1, 40))
def test_a_part_of_the_token_in_what_an_agent_says(start: int, length: int, size: int) -> None:
    part = TOKEN[start : start + length]
    pieces = [part[at : at + size] for at in range(0, len(part), size)]
    said = {"kind": "message", "parts": [{"kind": "text", "text": one} for one in pieces]}
    check([as_json(_OLD), as_json(response(said))], request("A2A"))
    check([as_json({**_OLD, "url": part})], request("A2A"))
    failed = {"kind": "task", "id": part, "status": {"state": part, "message": said}}
    check([as_json(_OLD), as_json(response(failed))], request("A2A"))
    deltas = [{"type": "TEXT_MESSAGE_CHUNK", "messageId": "m", "delta": one} for one in pieces]
    run = [_EVENTS[0], *deltas, _EVENTS[-1]]
    check([(200, STREAM, as_stream(run))], request("AGUI"))
    error = {"type": "RUN_ERROR", "message": part, "code": part}
    check([(200, STREAM, as_stream([*run[:1], error]))], request("AGUI"))
