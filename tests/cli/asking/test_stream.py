"""The text of an answer while it comes, whatever the pieces that it comes in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.asking.stream import Stream

EVENTS = "text/event-stream"


def heard(protocol: str, content_type: str, body: bytes, size: int) -> list[str]:
    """What is said of a body that comes in pieces of some bytes."""
    said: list[str] = []
    stream = Stream(protocol, said.append)
    stream.begin(content_type)
    for start in range(0, len(body), size):
        stream.hear(body[start : start + size])
    assert stream.spoke is bool(said)
    return said


def sse(*events: Any, end: str = "\n") -> bytes:
    return "".join(
        f"data: {json.dumps(event, ensure_ascii=False)}{end}{end}" for event in events
    ).encode()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_pieces_of_an_event_stream(size: int, end: str) -> None:
    body = sse({"data": "東京は"}, {"event": "other"}, "晴れ", {"delta": {"text": "です"}}, end=end)
    # A lone carriage return at the very end may still be followed by a line feed.
    assert heard("HTTP", EVENTS, body + b"\n", size) == ["東京は", "晴れ", "です"]


def test_a_piece_is_said_before_the_next_comes() -> None:
    said: list[str] = []
    stream = Stream("HTTP", said.append)
    stream.begin(EVENTS)
    stream.hear(sse({"data": "first"}))
    assert said == ["first"]
    stream.hear(sse({"data": "second"}))
    assert said == ["first", "second"]


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_only_the_assistant_speaks_in_a_run_of_ag_ui(size: int) -> None:
    body = sse(
        {"type": "RUN_STARTED"},
        {"type": "TEXT_MESSAGE_START", "messageId": "u", "role": "user", "delta": "no"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "u", "delta": "not this"},
        {"type": "TEXT_MESSAGE_START", "messageId": "a", "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "a", "delta": "one "},
        {"type": "TOOL_CALL_ARGS", "delta": "{}"},
        {"type": "TEXT_MESSAGE_CHUNK", "delta": "two"},
        {"type": "TEXT_MESSAGE_CHUNK", "messageId": "b", "delta": "three"},
        {"type": "RUN_FINISHED"},
        "text",
    )
    assert heard("AGUI", EVENTS, body, size) == ["one ", "two", "\nthree"]


def test_plain_text_is_said_as_it_comes_and_json_is_not() -> None:
    assert "".join(heard("HTTP", "text/plain", "晴れ です".encode(), 1)) == "晴れ です"
    assert heard("HTTP", "application/json", b'{"answer": "x"}', 4) == []
    assert heard("HTTP", "", b"x", 4) == []


def test_an_event_of_several_lines_and_no_json() -> None:
    assert heard("HTTP", EVENTS, b": comment\nid: 1\ndata: one\ndata: two\n\n", 4) == ["one\ntwo"]
