"""JSON-RPC 2.0, which MCP and A2A speak: a request, and the response in an answer.

Source: JSON-RPC 2.0 Specification.
"""

from __future__ import annotations

import json
from typing import Any

from lifecycle.smoke_test.conversations.answer_text import stream_events
from lifecycle.smoke_test.invocation import EVENT_STREAM, Answer
from lifecycle.smoke_test.untrusted import json_value

_SHOWN = 200


def body_of(message: dict[str, Any]) -> bytes:
    """A request or notification as it is sent."""
    return json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode(errors="replace")


def response_in(answer: Answer, number: int) -> dict[str, Any] | None:
    """The JSON-RPC response to request `number` in an answer: a dict with `result` or `error`, or None."""
    if answer.content_type == EVENT_STREAM:
        candidates = list(stream_events(answer.body))
    else:
        try:
            candidates = [json_value(answer.body)]
        except ValueError:
            return None
    # A stream may carry notifications before the response; an error to an unreadable request has the id null.
    for value in candidates:
        is_reply = isinstance(value, dict) and ("result" in value or "error" in value)
        if is_reply and value.get("id") in (number, None):
            found: dict[str, Any] = value
            return found
    return None


def short(value: Any) -> str:
    """A value as JSON, cut to 200 characters, for a message."""
    return json.dumps(value, ensure_ascii=False)[:_SHOWN]
