"""The messages of A2A in both of its forms, and what its results and AgentCore's own errors say.

Source: A2A specification 0.3.0, "Message Object", "Task Object" and "JSON-RPC Methods"; 1.0.1, the same in a2a.proto,
and section 3.6 "Versioning". AgentCore developer guide, "A2A protocol contract", "Error handling".
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from lifecycle.smoke_test.conversations.json_rpc import body_of
from lifecycle.smoke_test.invocation import JSON_TYPE, Answer, Message
from lifecycle.smoke_test.untrusted import json_value

CARD = Message(b"", accept=JSON_TYPE, card=True)
"""Asks for the agent card."""

# The guide gives these errors their own status; an earlier text of it, and an earlier number for "not found", a 200.
_STATUS_OF_CODE = {
    -32051: HTTPStatus.NOT_FOUND,
    -32052: HTTPStatus.BAD_REQUEST,
    -32053: HTTPStatus.TOO_MANY_REQUESTS,
    -32054: HTTPStatus.CONFLICT,
    -32055: HTTPStatus.FAILED_DEPENDENCY,
    -32501: HTTPStatus.NOT_FOUND,
}
_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@dataclass(frozen=True)
class Outcome:
    """What a result says.

    Attributes:
        text: The texts of a message, or of a task's artifacts and status.
        state: The task's state in the words of 0.3, such as `input-required`; `completed` for a message.
        task_id: The task's id, if it is a task.
    """

    text: str
    state: str = "completed"
    task_id: str | None = None


def question(number: int, prompt: str, version: str) -> Message:
    """The request that sends a user's message, and waits for the end of the task."""
    message: dict[str, Any] = {"messageId": str(uuid.uuid4())}
    if version == "0.3":
        message |= {"kind": "message", "role": "user", "parts": [{"kind": "text", "text": prompt}]}
        return _request(
            number, "message/send", {"message": message, "configuration": {"blocking": True}}
        )
    message |= {"role": "ROLE_USER", "parts": [{"text": prompt}]}
    return _request(number, "SendMessage", {"message": message}, version)


def look(number: int, task_id: str, version: str) -> Message:
    """The request that asks for a task."""
    if version == "0.3":
        return _request(number, "tasks/get", {"id": task_id})
    return _request(number, "GetTask", {"id": task_id}, version)


def outcome_of(result: Any) -> Outcome | None:
    """Read the result of one of these requests.

    Args:
        result: A message or a task (0.3), an object with one of them (1.0), or a task (`GetTask`). AgentCore's guide
            also shows one with artifacts alone.

    Returns:
        What it says; None if it is none of these.
    """
    if not isinstance(result, dict):
        return None
    for name in ("message", "task"):
        if isinstance(result.get(name), dict) and "status" not in result:
            result = result[name]
            break
    status = result.get("status")
    if isinstance(status, dict) and isinstance(status.get("state"), str):
        task_id = result.get("id")
        return Outcome(
            _text_of([*_parts_of_artifacts(result), *_parts(status.get("message"))]),
            status["state"].removeprefix("TASK_STATE_").lower().replace("_", "-"),
            task_id if isinstance(task_id, str) else None,
        )
    if status is None and isinstance(result.get("parts"), list):
        return Outcome(_text_of(_parts(result)))
    if status is None and isinstance(result.get("artifacts"), list):
        return Outcome(_text_of(_parts_of_artifacts(result)))
    return None


def error_in(body: str) -> tuple[Any, str] | None:
    """Code and message of the JSON-RPC error that a body is; None if it is none."""
    try:
        value = json_value(body)
    except ValueError:
        return None
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict) or "result" in value:
        return None
    return error.get("code"), str(error.get("message"))


def read(answer: Answer) -> Answer:
    """Give an answer with an error of AgentCore's own that error's status, and name the error."""
    if answer.status is None or answer.status in _REFUSALS:
        return answer
    error = error_in(answer.body)
    if error is None:
        return answer
    code, message = error
    status = answer.status
    if status == HTTPStatus.OK:
        own = _STATUS_OF_CODE.get(code) if isinstance(code, int) else None
        if own is None:
            return answer  # of the agent
        status = int(own)
    return replace(answer, status=status, code=f"{code} {message}")


def _request(
    number: int, method: str, parameters: dict[str, Any], version: str | None = None
) -> Message:
    body = body_of({"id": number, "method": method, "params": parameters})
    return Message(body, accept=JSON_TYPE, a2a_version=version)


def _parts_of_artifacts(task: dict[str, Any]) -> list[dict[str, Any]]:
    artifacts = task.get("artifacts")
    listed = artifacts if isinstance(artifacts, list) else []
    return [part for artifact in listed for part in _parts(artifact)]


def _parts(holder: Any) -> list[dict[str, Any]]:
    parts = holder.get("parts") if isinstance(holder, dict) else None
    listed = parts if isinstance(parts, list) else []
    return [part for part in listed if isinstance(part, dict)]


def _text_of(parts: list[dict[str, Any]]) -> str:
    texts = [part["text"] for part in parts if isinstance(part.get("text"), str)]
    if not texts:
        texts = [json.dumps(part["data"], ensure_ascii=False) for part in parts if "data" in part]
    return "\n".join(texts)
