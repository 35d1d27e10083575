"""Reads the text out of an answer while it comes: server-sent events, AG-UI events, and plain text."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from typing import Any

from lifecycle.smoke_test.conversations.answer_text import pieces_of
from lifecycle.smoke_test.invocation import EVENT_STREAM, JSON_TYPE

Say = Callable[[str], None]
"""Takes the next piece of text."""

_AGUI_TEXTS = ("TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_CHUNK")


class Stream:
    """Hears an answer and says its text piece by piece; nothing of an answer that has to be read as a whole.

    Args:
        protocol: The agent's protocol, as the input names it.
        say: Takes each piece.

    Attributes:
        spoke: Whether it has said something.
    """

    def __init__(self, protocol: str, say: Say) -> None:
        self._say = say
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        self._event_text = AguiText() if protocol == "AGUI" else _pieces
        self._events: Events | None = None
        self._plain = False
        self.spoke = False

    def begin(self, content_type: str) -> None:
        """An answer of this content type begins."""
        self._events = Events() if content_type == EVENT_STREAM else None
        self._plain = content_type not in (EVENT_STREAM, JSON_TYPE, "")

    def hear(self, chunk: bytes) -> None:
        """The next part of the answer."""
        text = self._text.decode(chunk)
        if self._events is not None:
            for event in self._events.add(text):
                self._tell(self._event_text(event))
        elif self._plain:
            self._tell(text)

    def _tell(self, text: str) -> None:
        if text:
            self.spoke = True
            self._say(text)


class Events:
    """Reads server-sent events while they come.

    Source: WHATWG HTML, "Server-sent events": an event ends at an empty line, its `data` lines are joined by newlines.
    """

    def __init__(self) -> None:
        self._rest = ""
        self._data: list[str] = []

    def add(self, text: str) -> list[Any]:
        """Add text; returns the data of each event that is complete: JSON decoded, other text as it is."""
        complete: list[Any] = []
        # A carriage return at the end may be the first half of a line's end.
        whole, self._rest = self._rest + text, ""
        if whole.endswith("\r"):
            whole, self._rest = whole[:-1], "\r"
        *lines, last = whole.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = last + self._rest
        for line in lines:
            if line.startswith("data:"):
                self._data.append(line[5:].removeprefix(" "))
            elif not line and self._data:
                complete.append(_decoded("\n".join(self._data)))
                self._data = []
        return complete


class AguiText:
    """The text of the assistant's messages in the events of an AG-UI run, each message on lines of its own."""

    def __init__(self) -> None:
        self._roles: dict[str, str] = {}
        self._message = ""
        self._spoken: str | None = None

    def __call__(self, event: Any) -> str:
        """Return the text that an event adds."""
        if not isinstance(event, dict) or event.get("type") not in _AGUI_TEXTS:
            return ""
        # A chunk without an id belongs to the message before.
        self._message = str(event.get("messageId") or self._message)
        if isinstance(event.get("role"), str):
            self._roles.setdefault(self._message, event["role"])
        text = event.get("delta")
        if not isinstance(text, str) or event["type"] == "TEXT_MESSAGE_START":
            return ""
        if self._roles.get(self._message, "assistant") != "assistant":
            return ""
        begins = self._spoken not in (None, self._message)
        self._spoken = self._message
        return f"\n{text}" if begins else text


def _pieces(event: Any) -> str:
    return "".join(pieces_of(event))


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
