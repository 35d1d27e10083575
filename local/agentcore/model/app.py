"""A WSGI application made from botocore's model and one handler for each operation."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response

from local.agentcore.model.errors import ServiceError, not_served
from local.agentcore.model.protocol import Routes, answer, load_model, parse_request, raw_path
from local.agentcore.model.validation import check_request, find_faults

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any]], dict[str, Any]]
"""Takes the validated members of a request, returns the members of the answer."""


class ModelApp:
    """Serves operations of one service: route, parse, validate, handle, check the answer.

    Args:
        service: botocore's service name, such as `bedrock-agentcore-control`.
        handlers: One for each operation served, by operation name.
    """

    def __init__(self, service: str, handlers: Mapping[str, Handler]) -> None:
        self.model = load_model(service)
        self._handlers = handlers
        self._routes = Routes(self.model, self.model.operation_names)

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations that are served."""
        return tuple(self._handlers)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        return self._serve(Request(environ))(environ, start_response)

    def _serve(self, request: Request) -> Response:
        found = self._routes.find(request.method, raw_path(request.environ))
        if found is None:
            return unknown_operation()
        operation, path_members = found
        try:
            handler = self.handler(operation.name, request.environ)
            members = parse_request(operation, request, path_members, request.get_data())
            check_request(operation.input_shape, self.seen(members))
            output = handler(members)
            check_answer(operation, self.seen(output))
            response = answer(operation, output)
        except ServiceError as error:
            return error_answer(self.model, error, request.environ)
        except Exception:
            log.exception("%s failed inside the local AgentCore", operation.name)
            return error_answer(self.model, internal_error(), request.environ)
        response.headers["x-amzn-RequestId"] = request_id(request.environ)
        return response

    def seen(self, members: dict[str, Any]) -> dict[str, Any]:
        """Return the members of a request or an answer as they are checked against the model."""
        return members

    def handler(self, operation: str, environ: Mapping[str, Any]) -> Handler:
        """Return the handler of an operation.

        Args:
            operation: Its name.
            environ: The request's WSGI environment, for services to which it matters who calls.

        Raises:
            ServiceError: ValidationException if it is not served.
        """
        found = self._handlers.get(operation)
        if found is None:
            raise not_served(operation)
        return found


def internal_error() -> ServiceError:
    """Return the InternalServerException; what went wrong stands in our own log."""
    return ServiceError("InternalServerException", "An internal error occurred.")


def check_answer(operation: Any, output: dict[str, Any]) -> None:
    """Check an answer of ours against the output shape.

    Raises:
        AssertionError: When it is not what the model says: a fault of this code.
    """
    faults = find_faults(operation.output_shape, output) if operation.output_shape else []
    if faults:
        listed = "; ".join(f"{fault.name}: {fault.message}" for fault in faults)
        raise AssertionError(f"the answer of {operation.name} breaks its own model: {listed}")


def error_answer(model: Any, error: ServiceError, environ: Mapping[str, Any]) -> Response:
    """Make the HTTP answer for an error: status from the model's error trait, name in a header.

    Args:
        model: botocore's service model.
        error: An error whose code is a shape of the model.
        environ: The request's WSGI environment, for its request id.

    Raises:
        AssertionError: If the members are not those of the error's shape.
    """
    shape = model.shape_for(error.code)
    body: dict[str, Any] = {"message": error.message, **error.members}
    faults = find_faults(shape, body)
    if faults:
        raise AssertionError(f"the error {error.code} breaks its own model: {faults}")
    return plain_error(
        shape.metadata["error"]["httpStatusCode"], error.code, body, error.headers, environ
    )


def plain_error(
    status: int,
    code: str,
    body: dict[str, Any],
    headers: Mapping[str, str],
    environ: Mapping[str, Any],
) -> Response:
    """Make a JSON error answer with the headers that AWS clients read the code from."""
    response = Response(json.dumps(body), status, mimetype="application/json")
    response.headers["x-amzn-errortype"] = code
    response.headers["x-amzn-RequestId"] = request_id(environ)
    for name, value in headers.items():
        response.headers[name] = value
    return response


def unknown_operation() -> Response:
    """Make the answer for a path that no operation has."""
    body = {"message": "No operation of this service has this method and path."}
    return plain_error(404, "UnknownOperationException", body, {}, {})


def request_id(environ: Mapping[str, Any]) -> str:
    """Return the id that the gateway gave this request, or a new one."""
    call = environ.get("local.call")
    return str(call.request_id) if call is not None else str(uuid.uuid4())
