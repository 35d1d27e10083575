"""An agent's answer as one text, which a regular expression can be matched with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from lifecycle.smoke_test.invocation import EVENT_STREAM, Answer
from lifecycle.smoke_test.untrusted import json_value

# The keys of the pieces of a streamed text (Strands' stream events: `data`, and `text` in a delta).
_TEXT_KEYS = ("data", "text")


def answer_text(answer: Answer) -> str:
    """Extract the text of an answer.

    Args:
        answer: The answer; its content type says how to read the body.

    Returns:
        A JSON string as the string it is, other JSON as JSON without escapes (so that Japanese stays readable), an
        event stream as the text of its events joined, anything else unchanged.
    """
    if answer.content_type == EVENT_STREAM:
        return _stream_text(list(stream_events(answer.body)))
    return _plain(_decoded(answer.body))


def messages_text(messages: Iterable[str]) -> str:
    """The text of several messages, such as those of a WebSocket, as that of as many server-sent events."""
    return _stream_text([_decoded(message) for message in messages])


def stream_events(body: str) -> Iterator[Any]:
    """The data of each server-sent event: JSON decoded, other text as it is.

    Source: WHATWG HTML, "Server-sent events": an event ends at an empty line, its `data` lines are joined by newlines.
    """
    data: list[str] = []
    for line in [*re.split(r"\r\n|\r|\n", body), ""]:
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield _decoded("\n".join(data))
            data = []


def _stream_text(events: list[Any]) -> str:
    pieces = [piece for event in events for piece in pieces_of(event)]
    if pieces:
        return "".join(pieces)
    return "\n".join(_plain(event) for event in events)


def pieces_of(value: Any, key: str = "data") -> Iterator[str]:
    """The pieces of text in an event of a stream.

    Args:
        value: The event's data, or a value inside it.
        key: The name of that value.
    """
    if isinstance(value, str):
        if key in _TEXT_KEYS:
            yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from pieces_of(item, name)


def _decoded(text: str) -> Any:
    try:
        return json_value(text)
    except ValueError:
        return text


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
