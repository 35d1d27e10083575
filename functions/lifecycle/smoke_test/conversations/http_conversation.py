"""Ask an agent of protocol HTTP: one JSON payload with the prompt."""

from __future__ import annotations

import json

from lifecycle.smoke_test.conversations.answer_text import answer_text
from lifecycle.smoke_test.conversations.conversation import Conversation, Send
from lifecycle.smoke_test.invocation import Message


def question(prompt: str) -> Message:
    """The payload that the bundled agent and the AgentCore SDK's examples take."""
    return Message(json.dumps({"prompt": prompt}, ensure_ascii=False).encode(errors="replace"))


def converse(send: Send, prompt: str) -> Conversation:
    """Ask the prompt; any answer is one.

    Args:
        send: Sends a message and returns the answer.
        prompt: The question.

    Returns:
        How it ended.
    """
    answer = send(question(prompt))
    return Conversation(answer, answer_text(answer))
