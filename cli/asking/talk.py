"""Asks one question in the agent's protocol, or sends a whole payload, and returns how that ended."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus

from cli.asking.connection import Connection
from cli.asking.stream import Say, Stream
from cli.asking.subject import Asked
from lifecycle.smoke_test.conversations.answer_text import answer_text
from lifecycle.smoke_test.conversations.conversation import Conversation, Line
from lifecycle.smoke_test.conversations.protocols import PROTOCOLS
from lifecycle.smoke_test.invocation import EVENT_STREAM, Answer, Message
from lifecycle.smoke_test.patience import Patience

# In these protocols the body is the answer, so it can be said while it comes.
_SAID_AS_IT_COMES = ("HTTP", "AGUI")
_WORDS = {"smokeTest.prompt": "the question", "smokeTest.timeoutSeconds": "--timeout"}
"""What the product's messages name, and what that is on the command line."""


@dataclass(frozen=True)
class Reply:
    """How a question ended.

    Attributes:
        answer: The last answer of AgentCore.
        text: What the agent said, or why AgentCore refused.
        problem: Why there is no answer although AgentCore passed one on; `None` if there is one.
        spoken: Whether the text has been said while it came.
        seconds: How long it took.
        session_id: The session that an MCP server named, if any.
    """

    answer: Answer
    text: str
    problem: str | None
    spoken: bool
    seconds: float
    session_id: str | None

    @property
    def succeeded(self) -> bool:
        """Whether the agent answered."""
        return self.answer.status == HTTPStatus.OK and self.problem is None


def talk(
    connection: Connection,
    asked: Asked,
    say: Say,
    *,
    question: str = "",
    payload: bytes | None = None,
    seconds: float,
) -> Reply:
    """Ask.

    Args:
        connection: The way to the endpoint.
        asked: The endpoint.
        say: Takes the text while it comes, where the protocol allows it.
        question: The question.
        payload: A whole payload to send instead.
        seconds: How long all of it may take.
    """
    protocol = PROTOCOLS[asked.protocol]
    stream = Stream(asked.protocol, say)
    listener = stream if asked.protocol in _SAID_AS_IT_COMES else None
    began = time.monotonic()

    def send(message: Message) -> Answer:
        return protocol.read(connection.send(message, listener))

    if payload is None:
        held = protocol.converse(Line(send, Patience(seconds).wait), question)
    else:
        held = _sent(send(_whole(payload, asked.protocol)))
    problem = held.problem
    for word, here in _WORDS.items():
        problem = problem and problem.replace(word, here)
    return Reply(
        answer=held.answer,
        text=held.text,
        problem=problem,
        spoken=stream.spoke,
        seconds=time.monotonic() - began,
        session_id=held.session_id,
    )


def _whole(payload: bytes, protocol: str) -> Message:
    return Message(payload, accept=EVENT_STREAM) if protocol == "AGUI" else Message(payload)


def _sent(answer: Answer) -> Conversation:
    return Conversation(answer, answer_text(answer))
