"""Talk to an AG-UI agent: start one run, and read its events to the end.

Source: AG-UI protocol, `RunAgentInput` and the events of its Python SDK (ag-ui-protocol 0.1.20 and 1.0.0), and
"Events" of its documentation: a run begins with RUN_STARTED and ends with RUN_FINISHED or RUN_ERROR. AgentCore
developer guide, "AGUI protocol contract".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from lifecycle.provider.bounded import MAX_BYTES
from lifecycle.smoke_test.conversations.answer_text import stream_events
from lifecycle.smoke_test.conversations.conversation import Conversation, Send
from lifecycle.smoke_test.conversations.json_rpc import short
from lifecycle.smoke_test.invocation import EVENT_STREAM, Answer, Message

# AgentCore's own event for an agent that failed; the status is 200, because the stream may have begun.
_AGENT_ERROR = "AGENT_ERROR"
_ENDS = ("RUN_FINISHED", "RUN_ERROR")


def question(prompt: str) -> Message:
    """A new run in a new thread, with the prompt as the user's message."""
    run = {
        "threadId": str(uuid.uuid4()),
        "runId": str(uuid.uuid4()),
        "state": {},
        "messages": [{"id": str(uuid.uuid4()), "role": "user", "content": prompt}],
        "tools": [],
        "context": [],
        "forwardedProps": {},
    }
    return Message(
        json.dumps(run, ensure_ascii=False).encode(errors="replace"), accept=EVENT_STREAM
    )


def read(answer: Answer) -> Answer:
    """Give an answer with AgentCore's event for an agent that failed the status of other protocols for it, 424."""
    if answer.status != HTTPStatus.OK or answer.content_type != EVENT_STREAM:
        return answer
    ended = next((event for event in _events(answer) if event["type"] in _ENDS), {})
    if ended.get("type") == "RUN_ERROR" and ended.get("code") == _AGENT_ERROR:
        return replace(answer, status=int(HTTPStatus.FAILED_DEPENDENCY), code=_AGENT_ERROR)
    return answer


def converse(send: Send, prompt: str) -> Conversation:
    """Start a run with the prompt.

    Args:
        send: Sends a message and returns the answer.
        prompt: The user's message.

    Returns:
        How it ended; its text is that of the assistant's messages.
    """
    answer = send(question(prompt))
    if answer.status != HTTPStatus.OK:
        return Conversation(answer, text=_error_text(answer))
    if answer.content_type != EVENT_STREAM:
        seen = answer.content_type or "no content type"
        return Conversation(answer, problem=f"the answer is no {EVENT_STREAM}, but {seen}")
    events = list(_events(answer))
    problem = _problem_of(events, answer)
    return Conversation(answer, text="" if problem else _text_of(events), problem=problem)


def _problem_of(events: list[dict[str, Any]], answer: Answer) -> str | None:
    if not events:
        return "the stream has no AG-UI event"
    types = [event["type"] for event in events]
    ended = next((place for place, kind in enumerate(types) if kind in _ENDS), None)
    if ended is not None and types[ended] == "RUN_ERROR":
        error = events[ended]
        code = f"{error['code']} " if isinstance(error.get("code"), str) else ""
        return f"RUN_ERROR: {code}{error.get('message')}"
    if types[0] != "RUN_STARTED":
        return f"the first event is {short(types[0])}, not RUN_STARTED"
    if ended is None:
        # A body is cut there.
        cut = len(answer.body.encode(errors="replace")) >= MAX_BYTES
        within = f" within {MAX_BYTES:,} bytes" if cut else ""
        return f"the stream has no RUN_FINISHED{within}; its last event is {short(types[-1])}"
    outcome = events[ended].get("outcome")
    if isinstance(outcome, dict) and outcome.get("type") == "interrupt":
        return "the run was interrupted to ask a person; send another smokeTest.prompt"
    return None


def _text_of(events: list[dict[str, Any]]) -> str:
    """The text of the assistant's messages: a piece of a user's or a tool's message is no answer."""
    roles: dict[str, str] = {}
    texts: dict[str, str] = {}
    current = ""
    for event in events:
        kind = event["type"]
        if kind in _ENDS:
            break
        if kind not in ("TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_CHUNK"):
            continue
        # A chunk without an id belongs to the message before.
        current = str(event.get("messageId") or current)
        if isinstance(event.get("role"), str):
            roles.setdefault(current, event["role"])
        if isinstance(event.get("delta"), str) and kind != "TEXT_MESSAGE_START":
            texts[current] = texts.get(current, "") + event["delta"]
    return "\n".join(
        text for at, text in texts.items() if roles.get(at, "assistant") == "assistant"
    )


def _events(answer: Answer) -> Iterator[dict[str, Any]]:
    for event in stream_events(answer.body):
        if isinstance(event, dict) and isinstance(event.get("type"), str):
            yield event


def _error_text(answer: Answer) -> str:
    messages = [event.get("message") for event in _events(answer) if event["type"] == "RUN_ERROR"]
    return str(messages[0]) if messages else answer.body
