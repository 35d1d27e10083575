"""Read what an agent says on a WebSocket, until it is the expected answer.

The service leaves the frames to the agent (AgentCore developer guide, "HTTP protocol contract", `/ws`): no message says
that it is the last, and an agent may keep the WebSocket open. So the expected answer itself ends the reading.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from lifecycle.provider.bounded import MAX_BYTES
from lifecycle.smoke_test.conversations.answer_text import messages_text

# A match is a process of its own, so it is tried when the agent pauses, and now and then if it never does.
_PAUSE_SECONDS = 0.25
_LOOK_SECONDS = 2.0
# What an agent that ends well closes with; no code at all is an end, too (RFC 6455, section 7.4.1).
_ENDS = frozenset({CloseCode.NORMAL_CLOSURE, CloseCode.NO_STATUS_RCVD})
# What the platform or the network may have done: the session ended, the connection was lost, a restart.
_NOT_THE_AGENTS = frozenset(
    {
        CloseCode.GOING_AWAY,
        CloseCode.ABNORMAL_CLOSURE,
        CloseCode.SERVICE_RESTART,
        CloseCode.TRY_AGAIN_LATER,
    }
)


class Receiver(Protocol):
    """The receiving side of a WebSocket, as `websockets` has it."""

    def recv(self, timeout: float | None = None) -> str | bytes:
        """Return the next message; `TimeoutError`: none in time; `ConnectionClosed`: none any more."""


@dataclass(frozen=True)
class Heard:
    """What an agent said.

    Attributes:
        text: The text of its messages.
        any: Whether there was a message at all.
        matched: Whether the text is the expected answer.
        closed: With which code and reason it failed, such as `1011 broken`; None when it did not.
        undecided: Whether somebody else than the agent may have closed it.
        ended: Whether nothing more can come: the agent closed the WebSocket, or said more than is read.
    """

    text: str
    any: bool
    matched: bool = False
    closed: str | None = None
    undecided: bool = False
    ended: bool = False


def read_until(receiver: Receiver, matches: Callable[[str], bool], seconds: float) -> Heard:
    """Read messages until their text is the expected answer.

    Args:
        receiver: The WebSocket.
        matches: Says whether a text is the expected answer; `TimeoutError` or `MemoryError` end the reading.
        seconds: How long it may take.

    Returns:
        What was said, at most `MAX_BYTES` of it.
    """
    deadline = time.monotonic() + seconds
    said: list[str] = []
    size, looked, fresh = 0, time.monotonic(), False
    closed: ConnectionClosed | None = None
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return Heard(messages_text(said), bool(said))
        message: str | bytes | None = None
        try:
            message = receiver.recv(min(left, _PAUSE_SECONDS) if fresh else left)
        except TimeoutError:
            pass
        except ConnectionClosed as end:
            closed = end
        if message is not None:
            text = message if isinstance(message, str) else message.decode(errors="replace")
            said.append(text)
            size += len(text.encode(errors="replace"))
            fresh = True
        ended = closed is not None or size >= MAX_BYTES
        if fresh and (message is None or ended or time.monotonic() - looked >= _LOOK_SECONDS):
            text = messages_text(said)
            if _is_expected(matches, text):
                return Heard(text, any=True, matched=True)
            looked, fresh = time.monotonic(), False
        if ended:
            code, failure = _failure(closed)
            return Heard(
                messages_text(said),
                bool(said),
                closed=failure,
                undecided=code in _NOT_THE_AGENTS,
                ended=True,
            )


def _is_expected(matches: Callable[[str], bool], text: str) -> bool:
    try:
        return matches(text)
    except (TimeoutError, MemoryError):
        # The gate tries the same match, and says what is wrong with the pattern.
        return True


def _failure(closed: ConnectionClosed | None) -> tuple[int | None, str | None]:
    """The code that a WebSocket was closed with, and the code with its reason; nothing if that is a good end."""
    if closed is None:
        return None, None
    if closed.sent is not None and not closed.rcvd_then_sent:
        return closed.sent.code, f"{closed.sent.code} {closed.sent.reason}".strip()
    if closed.rcvd is None:
        lost = int(CloseCode.ABNORMAL_CLOSURE)
        return lost, f"{lost}"
    if closed.rcvd.code in _ENDS:
        return None, None
    return closed.rcvd.code, f"{closed.rcvd.code} {closed.rcvd.reason}".strip()
