"""What every conversation with an agent is made of, whatever its protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.smoke_test.invocation import Answer, Message

Send = Callable[[Message], Answer]
"""Sends a message to the agent and returns the answer."""


@dataclass(frozen=True)
class Line:
    """The way to an agent.

    Attributes:
        send: Sends a message and returns the answer.
        wait: Pauses after so many tries; False, without a pause, when there is no time left.
    """

    send: Send
    wait: Callable[[int], bool]


@dataclass(frozen=True)
class Conversation:
    """How a conversation ended.

    Attributes:
        answer: The last answer; if it is not a 200, the conversation ended there.
        text: What the agent said, or why it failed.
        problem: Why the conversation failed, if a retry will not help; otherwise None.
        session_id: The session id from an MCP server, if any.
    """

    answer: Answer
    text: str = ""
    problem: str | None = None
    session_id: str | None = None


class Ended(Exception):  # noqa: N818 - a signal inside this package
    """Ends a conversation from inside it.

    Args:
        answer: The last answer.
        problem: As in `Conversation`.
        text: As in `Conversation`.
    """

    def __init__(self, answer: Answer, problem: str | None = None, text: str = "") -> None:
        super().__init__(problem)
        self.answer = answer
        self.problem = problem
        self.text = text


@dataclass(frozen=True)
class Opening:
    """A message that an agent gets first, and that a wrong caller must not get an answer to.

    Attributes:
        message: The message.
        asks_for: What it asks for, to name its check; empty for the usual call.
    """

    message: Message
    asks_for: str = ""


@dataclass(frozen=True)
class Protocol:
    """A server protocol of AgentCore, as the smoke test speaks it.

    Attributes:
        port: Where an agent of this protocol must listen.
        paths: The paths that it must serve; the first is the one that is called.
        openings: Makes the messages of a caller that must be refused, from the prompt.
        converse: Holds the conversation of the caller that must be answered.
        read: Gives an answer the status that it has by AgentCore's contract, where the body alone says so.
        answered: The status of an answer.
        has_path: Whether the runtime's configuration may name another path than the first.
    """

    port: int
    paths: tuple[str, ...]
    openings: Callable[[str], tuple[Opening, ...]]
    converse: Callable[[Line, str], Conversation]
    read: Callable[[Answer], Answer] = lambda answer: answer
    answered: int = 200
    has_path: bool = True

    def listens(self, configuration: Mapping[str, Any]) -> str:
        """Where an agent must listen, for the cause of a failure.

        Args:
            configuration: The input's `runtime.configuration`, which may name another port and path.
        """
        chosen = configuration.get("protocolConfiguration") or {}
        named = chosen.get("path") if self.has_path else None
        first, *others = named or self.paths[0], *self.paths[1:]
        paths = (
            f"paths {', '.join([first, *others[:-1]])} and {others[-1]}"
            if others
            else f"path {first}"
        )
        return f"0.0.0.0:{chosen.get('port') or self.port}, {paths}"
