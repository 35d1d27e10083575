"""Bedrock's runtime API: `Converse` and `ConverseStream` (rest-json), answered by `model.py`."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.validate import ParamValidator
from werkzeug import Request, Response

from local.edge.service_models import reading_session
from local.services.bedrock import catalog, eventstream, model
from local.services.bedrock.conversation import InvalidConversationError, read

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_PATH = re.compile(r"/model/(?P<model>.+)/(?P<operation>converse|converse-stream)")
_OPERATIONS = {"converse": "Converse", "converse-stream": "ConverseStream"}
_PIECE = 12  # characters in one delta


class Bedrock:
    """The local Bedrock runtime. It keeps no state between requests."""

    def __init__(self) -> None:
        self._service = reading_session().get_service_model("bedrock-runtime")
        self._validator = ParamValidator()

    def app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if not request.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
            return _error(403, "AccessDeniedException", "Sign the request with SigV4.")
        path = _PATH.fullmatch(request.path)
        if path is None or request.method != "POST":
            return _error(
                404,
                "UnknownOperationException",
                "The local Bedrock supports only Converse and ConverseStream.",
            )
        started = time.monotonic()
        operation = _OPERATIONS[path["operation"]]
        try:
            body = json.loads(request.get_data() or b"{}")
        except ValueError:
            return _error(400, "SerializationException", "The body is not JSON.")
        if not isinstance(body, dict):
            return _error(400, "SerializationException", "The body is not a JSON object.")
        shape = self._service.operation_model(operation).input_shape
        report = self._validator.validate({"modelId": path["model"], **body}, shape)
        if report.has_errors():
            return _error(400, "ValidationException", report.generate_report())
        if not catalog.is_known(path["model"]):
            return _error(400, "ValidationException", "The provided model identifier is invalid.")
        try:
            conversation = read(body)
        except InvalidConversationError as error:
            return _error(400, "ValidationException", str(error))
        answer = model.reply(conversation, body.get("inferenceConfig", {}).get("maxTokens"))
        spent = {
            "usage": _usage(body, answer),
            "metrics": {"latencyMs": int((time.monotonic() - started) * 1000)},
        }
        headers = {"x-amzn-RequestId": str(uuid.uuid4())}
        if operation == "ConverseStream":
            return Response(
                _stream(answer, spent), 200, headers, content_type=eventstream.CONTENT_TYPE
            )
        message = {"role": "assistant", "content": answer.content()}
        result = {"output": {"message": message}, "stopReason": answer.stop_reason, **spent}
        return Response(json.dumps(result), 200, headers, content_type="application/json")


def _usage(body: dict[str, Any], answer: model.Reply) -> dict[str, int]:
    read_by_model = {key: body[key] for key in ("system", "messages", "toolConfig") if key in body}
    tokens_in = model.count_tokens(json.dumps(read_by_model, ensure_ascii=False))
    tokens_out = model.count_tokens(json.dumps(answer.content(), ensure_ascii=False))
    return {
        "inputTokens": tokens_in,
        "outputTokens": tokens_out,
        "totalTokens": tokens_in + tokens_out,
    }


def _stream(answer: model.Reply, spent: dict[str, Any]) -> Iterator[bytes]:
    for name, payload in events(answer, spent):
        yield eventstream.event(name, json.dumps(payload).encode())


def events(answer: model.Reply, spent: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Cut a reply into the events that Claude sends: no start for text, input as pieces of JSON.

    Args:
        answer: The whole reply.
        spent: `usage` and `metrics` for the closing event.

    Yields:
        Event names and payloads, in order.
    """
    yield "messageStart", {"role": "assistant"}
    for piece in _pieces(answer.text):
        yield "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": piece}}
    yield "contentBlockStop", {"contentBlockIndex": 0}
    for index, use in enumerate(answer.tool_uses, start=1):
        start = {"toolUse": {"toolUseId": use.id, "name": use.name}}
        yield "contentBlockStart", {"contentBlockIndex": index, "start": start}
        for piece in _pieces(json.dumps(use.input, ensure_ascii=False)):
            delta = {"toolUse": {"input": piece}}
            yield "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}
        yield "contentBlockStop", {"contentBlockIndex": index}
    yield "messageStop", {"stopReason": answer.stop_reason}
    yield "metadata", spent


def _pieces(text: str) -> list[str]:
    return [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]


def _error(status: int, code: str, message: str) -> Response:
    headers = {"x-amzn-RequestId": str(uuid.uuid4()), "x-amzn-ErrorType": code}
    return Response(
        json.dumps({"message": message}), status, headers, content_type="application/json"
    )
