"""Ask the agent one question, in the same words as the smoke test's call that must be answered.

This is the only place of this package that knows how a protocol is spoken.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lifecycle.request.case import Case
from lifecycle.smoke_test import mcp_conversation
from lifecycle.smoke_test.answer_text import answer_text
from lifecycle.smoke_test.invocation import Answer, Message

Send = Callable[[Message], Answer]


@dataclass(frozen=True)
class Said:
    """What the agent said.

    Attributes:
        answer: The last answer; another status than 200 ended the conversation there.
        text: The answer's text.
        problem: Why the conversation failed although the runtime answered, if it did.
        session_id: The session that an MCP server named; it must be stopped, too.
    """

    answer: Answer
    text: str = ""
    problem: str | None = None
    session_id: str | None = None


def ask(protocol: str, case: Case, send: Send) -> Said:
    """Ask the question of a case.

    Args:
        protocol: The runtime's protocol.
        case: The case; a whole payload only for `HTTP`.
        send: Sends a message and returns the answer.
    """
    if protocol == "MCP":
        talk = mcp_conversation.converse(send, str(case.prompt))
        return Said(talk.answer, talk.text, talk.problem, talk.session_id)
    body: Any = {"prompt": case.prompt} if case.payload is None else case.payload
    answer = send(Message(json.dumps(body, ensure_ascii=False).encode(errors="replace")))
    return Said(answer, answer_text(answer))
