"""Errors of the data plane in the form that a client of the runtime's protocol reads.

Source: AgentCore developer guide, "A2A protocol contract" and "AGUI protocol contract", each "Error handling". A2A's
errors have their own HTTP status; the failure of an AG-UI agent is an event of a stream with status 200.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from werkzeug import Request, Response

from local.agentcore.model.app import error_answer, plain_error, request_id
from local.agentcore.model.errors import ServiceError

_TOO_LATE = "GatewayTimeoutException"
_RETRY = "Session operation in progress, please retry"
# Exception: JSON-RPC code, HTTP status and message.
_A2A = {
    "ResourceNotFoundException": (
        -32051,
        404,
        "Resource not found - Requested resource does not exist",
    ),
    "ValidationException": (-32052, 400, "Validation error - Invalid request data"),
    "ThrottlingException": (-32053, 429, "Rate limit exceeded - Too many requests"),
    "ServiceQuotaExceededException": (-32053, 429, "Rate limit exceeded - Too many requests"),
    "ConflictException": (-32054, 409, "Resource conflict - Resource already exists"),
    "RetryableConflictException": (-32054, 409, _RETRY),
    "RuntimeClientError": (
        -32055,
        424,
        "Runtime client error - Please check your CloudWatch logs for more information",
    ),
}
_A2A_OTHER = (
    -32603,
    500,
    "Internal error - An unexpected error occurred while processing the request",
)
# Exception: AG-UI's code and HTTP status. The guide names no others.
_AGUI = {
    "AccessDeniedException": ("ACCESS_DENIED", 403),
    "MissingAuthenticationTokenException": ("ACCESS_DENIED", 403),
    "RuntimeClientError": ("AGENT_ERROR", 200),
    "ServiceQuotaExceededException": ("RATE_LIMIT_EXCEEDED", 429),
    "ThrottlingException": ("RATE_LIMIT_EXCEEDED", 429),
    "UnauthorizedException": ("UNAUTHORIZED", 401),
    "ValidationException": ("VALIDATION_ERROR", 400),
}


class ErrorAnswers:
    """Makes the answers to one request that fails.

    Args:
        model: botocore's service model.
        request: The request.

    Attributes:
        protocol: The protocol of the runtime that is invoked; HTTP until that is known.
        body: The body of the request, once it was read.
    """

    def __init__(self, model: Any, request: Request) -> None:
        self._model = model
        self._environ = request.environ
        self.protocol = "HTTP"
        self.body = b""

    def of(self, error: ServiceError) -> Response:
        """Make the answer for an error of the service."""
        return self._named(error.code, error.message) or error_answer(
            self._model, error, self._environ
        )

    def refusal(self, answer: Response) -> Response:
        """Give a refusal of the authorizer's the form of the protocol; its status and its headers stay."""
        code = answer.headers["x-amzn-errortype"]
        if self.protocol != "AGUI" or code not in _AGUI:
            return answer
        message = json.loads(answer.get_data())["message"]
        kept = {name: value for name, value in answer.headers if name == "WWW-Authenticate"}
        return self._event(*_AGUI[code], message, {**kept, "x-amzn-errortype": code})

    def too_late(self, message: str) -> Response:
        """Make the answer for an agent that did not answer, or start, in time."""
        named = self._named(_TOO_LATE, message)
        return named or plain_error(504, _TOO_LATE, {"message": message}, {}, self._environ)

    def _named(self, code: str, message: str) -> Response | None:
        """Make the protocol's own answer for an exception; `None` if it has none."""
        headers = {"x-amzn-errortype": code}
        if self.protocol == "A2A":
            number, status, text = _A2A.get(code, _A2A_OTHER)
            error = {"code": number, "message": text}
            body = {"jsonrpc": "2.0", "id": _id_in(self.body), "error": error}
            return plain_error(status, code, body, headers, self._environ)
        if self.protocol == "AGUI" and code in _AGUI:
            kind, status = _AGUI[code]
            return self._event(kind, status, message, {} if status == 200 else headers)
        return None

    def _event(self, kind: str, status: int, message: str, headers: Mapping[str, str]) -> Response:
        event = {"type": "RUN_ERROR", "code": kind, "message": message}
        answer = Response(f"data: {json.dumps(event)}\n\n", status, mimetype="text/event-stream")
        answer.headers["x-amzn-RequestId"] = request_id(self._environ)
        answer.headers.update(headers)
        return answer


def _id_in(body: bytes) -> Any:
    """The id of a JSON-RPC request; null if it cannot be read (JSON-RPC 2.0, "Response object")."""
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        return None
    found = request.get("id") if isinstance(request, dict) else None
    return found if isinstance(found, str | int) else None
