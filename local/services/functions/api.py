"""Lambda's `Invoke` operation over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from werkzeug import Request, Response

from local.edge.errors import ServiceError, respond
from local.edge.operations import Operations
from local.services.functions.async_invocation import invoke_later
from local.services.functions.result import MAX_PAYLOAD_BYTES
from local.services.functions.service import FunctionNotFoundError, Functions
from local.services.functions.spec import plain_name

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from local.edge.calls import Call


class InvokeApi:
    """Serves `Invoke` (WSGI).

    Args:
        functions: The functions.
        client: Makes a boto3 client, for dead-letter queues.
    """

    def __init__(self, functions: Functions, client: Callable[[str], Any]) -> None:
        self._functions = functions
        self._client = client
        self._model = Operations().service("lambda")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = Request(environ)
        call: Call = environ["local.call"]
        return self._respond(request, call)(environ, start_response)

    def _respond(self, request: Request, call: Call) -> Response:
        name = unquote(request.path.split("/")[3])
        payload = request.get_data() or b"{}"
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        try:
            spec = self._functions.find(name)
        except FunctionNotFoundError:
            message = f"Function not found: {plain_name(name)}"
            error = ServiceError("ResourceNotFoundException", message, 404)
            return respond(error, self._model, call.request_id, request)
        sent = request.headers.get("X-Amz-Client-Context")
        context = _client_context(sent) if sent else None
        refusal = _refusal(payload, kind)
        if sent and context is None:
            message = "Client context must be a valid Base64-encoded JSON object."
            refusal = ServiceError("InvalidRequestContentException", message, 400)
        if refusal is not None:
            return respond(refusal, self._model, call.request_id, request)
        headers = {"X-Amz-Executed-Version": "$LATEST", "x-amzn-RequestId": call.request_id}
        if kind == "DryRun":
            return Response(status=204, headers=headers)
        if kind == "Event":
            invoke_later(
                spec,
                payload,
                call.request_id,
                invoke=lambda: self._functions.invoke(name, payload, call.request_id, context),
                client=self._client,
                closing=self._functions.closing,
            )
            return Response(status=202, headers=headers)
        result = self._functions.invoke(name, payload, call.request_id, context)
        if result.error:
            headers["X-Amz-Function-Error"] = result.error
        if request.headers.get("X-Amz-Log-Type") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(result.log_tail).decode()
        return Response(result.payload, 200, headers, content_type="application/json")


def _client_context(header: str) -> str | None:
    """Return the client context of a request as JSON; `None` if it is not JSON in base64 (Lambda API reference)."""
    try:
        read = json.loads(base64.b64decode(header, validate=True))
    except ValueError:
        return None
    # In ASCII, since it travels in a header.
    return json.dumps(read)


def _refusal(payload: bytes, kind: str) -> ServiceError | None:
    if kind not in ("RequestResponse", "Event", "DryRun"):
        return ServiceError("InvalidParameterValueException", f"Unknown type {kind}", 400)
    if len(payload) > MAX_PAYLOAD_BYTES:
        return ServiceError(
            "RequestTooLargeException",
            f"{len(payload)} byte payload is too large (limit {MAX_PAYLOAD_BYTES} bytes)",
            413,
        )
    try:
        json.loads(payload)
    except ValueError as error:
        return ServiceError(
            "InvalidRequestContentException", f"Could not parse request body: {error}", 400
        )
    return None
