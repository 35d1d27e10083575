"""Errors as each AWS protocol writes them, and the error codes each service uses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from botocore.model import ServiceModel
from werkzeug import Request, Response

from local.edge import cbor
from local.edge.codes import BAD_REQUEST, modelled


@dataclass(frozen=True)
class ServiceError:
    """An error before it is written in a protocol.

    Attributes:
        code: The service's error code.
        message: What went wrong.
        status: HTTP status.
    """

    code: str
    message: str
    status: int

    @property
    def client_fault(self) -> bool:
        """Say whether the caller is at fault, as the query protocol tells it."""
        return self.status < 500


def forbidden(model: ServiceModel | None, message: str) -> ServiceError:
    """Return the error for a request that nobody may make, whoever signed it."""
    xml = model is not None and model.resolved_protocol in ("query", "rest-xml")
    return ServiceError("AccessDenied" if xml else "AccessDeniedException", message, 403)


def not_served(model: ServiceModel | None, operation: str | None) -> ServiceError:
    """Return the error for an operation that this local AWS does not serve, or that the service does not have.

    An error that the operation itself declares for a bad request, else the protocol's for an unknown operation ("Common
    errors": `InvalidAction`, `UnknownOperationException`; S3 API reference, "Error responses": `NotImplemented`,
    `MethodNotAllowed`).

    Args:
        model: botocore's model of the service, if there is one.
        operation: The operation's name; `None` if the service has no such operation.
    """
    s3 = model is not None and model.service_name == "s3"
    if operation is None:
        if s3:
            message = "The specified method is not allowed against this resource."
            return ServiceError("MethodNotAllowed", message, 405)
        return _unknown_operation(model, "The service has no such operation.")
    message = f"This local AWS does not serve {operation}."
    if s3:
        return ServiceError("NotImplemented", message, 501)
    code, status = modelled(model, operation, BAD_REQUEST, own_only=True) or ("", 0)
    return ServiceError(code, message, status) if code else _unknown_operation(model, message)


def _unknown_operation(model: ServiceModel | None, message: str) -> ServiceError:
    protocol = model.resolved_protocol if model is not None else "json"
    if protocol in ("query", "ec2"):
        return ServiceError("InvalidAction", message, 400)
    status = 404 if protocol == "rest-json" else 400
    return ServiceError("UnknownOperationException", message, status)


def malformed(message: str) -> ServiceError:
    """Return the error for a request whose body cannot be read ("Common errors" of any service)."""
    return ServiceError("MalformedHttpRequestException", message, 400)


def internal_failure(operation: str | None) -> ServiceError:
    """Return the error for a fault of the local AWS itself; its log has the details."""
    return ServiceError("InternalFailure", f"The local AWS failed at {operation}.", 500)


def respond(
    error: ServiceError, model: ServiceModel | None, request_id: str, request: Request
) -> Response:
    """Write an error in the protocol of its service, or in RPC v2 CBOR if the request is in that.

    Args:
        error: The error.
        model: botocore's model of the service; without one the error is written as JSON.
        request_id: Goes into the answer.
        request: What is answered: many services speak CBOR beside their older protocol.
    """
    protocol = model.resolved_protocol if model is not None else "json"
    headers = {"x-amzn-RequestId": request_id}
    said = {"__type": error.code, "message": error.message}
    if cbor.is_cbor(request):
        return cbor.response(error.status, cbor.text_map(said), headers)
    if model is not None and protocol == "rest-xml":
        return Response(
            f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message><RequestId>{request_id}</RequestId></Error>",
            error.status,
            {**headers, "x-amz-request-id": request_id},
            content_type="application/xml",
        )
    if protocol == "query":
        kind = "Sender" if error.client_fault else "Receiver"
        return Response(
            f"<ErrorResponse><Error><Type>{kind}</Type><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>",
            error.status,
            headers,
            content_type="text/xml",
        )
    version = model.metadata.get("jsonVersion", "1.1") if model is not None else "1.1"
    headers["x-amzn-ErrorType"] = error.code
    rest = protocol == "rest-json"
    return Response(
        json.dumps(said),
        error.status,
        headers,
        content_type="application/json" if rest else f"application/x-amz-json-{version}",
    )
