"""Ask an agent of protocol HTTP: one JSON payload, usually with the prompt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lifecycle.smoke_test.conversations.answer_text import answer_text
from lifecycle.smoke_test.conversations.conversation import Conversation, Send
from lifecycle.smoke_test.invocation import Message


def question(prompt: str) -> Message:
    """The payload that the bundled agent and the AgentCore SDK's examples take."""
    return _message({"prompt": prompt})


def converse(send: Send, prompt: str) -> Conversation:
    """Ask the prompt; any answer is one.

    Args:
        send: Sends a message and returns the answer.
        prompt: The question.

    Returns:
        How it ended.
    """
    return _said(send, question(prompt))


def send_payload(send: Send, payload: Mapping[str, Any]) -> Conversation:
    """Send a whole payload; any answer is one.

    Args:
        send: Sends a message and returns the answer.
        payload: The body, as JSON.

    Returns:
        How it ended.
    """
    return _said(send, _message(payload))


def _said(send: Send, message: Message) -> Conversation:
    answer = send(message)
    return Conversation(answer, answer_text(answer))


def _message(payload: Mapping[str, Any]) -> Message:
    return Message(json.dumps(payload, ensure_ascii=False).encode(errors="replace"))
