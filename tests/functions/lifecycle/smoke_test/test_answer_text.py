"""What an agent said, whatever it was wrapped in."""

from __future__ import annotations

import json

import pytest

from lifecycle.smoke_test.conversations.answer_text import answer_text
from lifecycle.smoke_test.invocation import Answer


def text_of(body: str, content_type: str = "application/json") -> str:
    return answer_text(Answer(200, "OK", body, content_type))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (json.dumps("晴れ"), "晴れ"),
        (json.dumps({"result": "晴れ"}), '{"result": "晴れ"}'),
        ("晴れ", "晴れ"),
        ("56088", "56088"),
        ("", ""),
        ('{"broken', '{"broken'),
    ],
)
def test_json_is_read_without_escapes(body: str, text: str) -> None:
    assert text_of(body) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('data: "晴"\n\ndata: "れ"\n\n', "晴れ"),
        ('data: "\\u6674"\r\n\r\ndata: "れ"\r\n\r\n', "晴れ"),
        ("data: 晴れ\n\n", "晴れ"),
        ("data:one\ndata:two\n\n", "one\ntwo"),
        (": comment\nevent: message\nid: 1\ndata: last", "last"),
        (
            'data: {"init_event_loop": true}\n\ndata: {"data": "56,"}\n\ndata: {"data": "088"}\n\n',
            "56,088",
        ),
        (
            'data: {"event": {"contentBlockDelta": {"delta": {"text": "56,088"}}}}\n\n',
            "56,088",
        ),
        ('data: {"answer": 1}\n\ndata: {"answer": 2}\n\n', '{"answer": 1}\n{"answer": 2}'),
        ("", ""),
    ],
)
def test_events_are_joined(body: str, text: str) -> None:
    assert text_of(body, "text/event-stream") == text
