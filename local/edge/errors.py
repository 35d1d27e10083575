"""Errors as each AWS protocol writes them, and the error codes each service uses."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from botocore.model import ServiceModel, StructureShape
from werkzeug import Request, Response

from local.edge import cbor
from local.edge.faults import Fault

# Whole names of errors in botocore's models, the best first. Parts of names would not do: a service also has names for
# what another one refused it ("KMSAccessDeniedException" of Lambda) and for other operations' matters.
_THROTTLING = (
    "ThrottlingException",
    "TooManyRequestsException",
    "ThrottledException",
    "RequestThrottled",
    "RequestLimitExceeded",
)
_SERVER_ERROR = {
    500: (
        "ServiceException",
        "InternalServerException",
        "InternalServerError",
        "InternalServiceException",
        "InternalServiceError",
        "InternalServiceFault",
        "InternalErrorException",
        "InternalException",
        "ServerException",
        "ServiceFailureException",
        "KMSInternalException",
    ),
    503: ("ServiceUnavailableException",),
}
_BAD_REQUEST = (
    "ValidationException",
    "InvalidRequestException",
    "InvalidParameterException",
    "InvalidParameterValueException",
    "InvalidInputException",
    "InvalidArgumentException",
    "BadRequestException",
)
_DENIED = ("AccessDeniedException", "AccessDenied", "AuthorizationErrorException")
_CONFLICT = (
    "ConflictException",
    "ResourceConflictException",
    "ConditionalCheckFailedException",
    "ResourceInUseException",
    "OperationAbortedException",
    "ConcurrentModificationException",
    "ConcurrentAccessException",
    "TableInUseException",
    "BackupInUseException",
    "ResourceConflict",
    "DeleteConflictException",
    "ExecutionAlreadyExists",
    "StateMachineAlreadyExists",
    "ResourceAlreadyExistsException",
    "ResourceExistsException",
    "RepositoryAlreadyExistsException",
    "ImageTagAlreadyExistsException",
    "EntityAlreadyExistsException",
    "AlreadyExistsException",
    "UsernameExistsException",
    "GroupExistsException",
    "QueueNameExists",
    "BucketAlreadyExists",
)


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
    code, status = _modelled(model, operation, _BAD_REQUEST, own_only=True) or ("", 0)
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


def fault_error(fault: Fault, model: ServiceModel | None, operation: str | None) -> ServiceError:
    """Return the error that a service answers for a planned fault.

    The code is one that the operation itself declares in botocore's model, else one that another operation of the
    service does, else the common one. Conflicts differ by operation: of them only its own counts.

    Args:
        fault: A fault of kind `throttle`, `serverError`, `accessDenied` or `conflict`.
        model: botocore's model of the service, if there is one.
        operation: The operation's name.
    """
    protocol = model.resolved_protocol if model is not None else "json"
    xml = protocol in ("query", "rest-xml")
    s3 = model is not None and model.service_name == "s3"
    # Services of the JSON protocol answer 400 where the others have a status for each.
    plain = protocol == "json"
    message = fault.reason
    if fault.kind == "serverError":
        common = {
            500: "InternalError" if s3 else "InternalServerError",
            503: "ServiceUnavailable",
        }
        names = _SERVER_ERROR.get(fault.status, ())
        code, _ = _modelled(model, operation, names) or (
            common.get(fault.status, "InternalFailure"),
            fault.status,
        )
        return ServiceError(code, message or "The request failed inside the service.", fault.status)
    if fault.kind == "throttle":
        # S3 models no errors of its own; this code is from its API reference.
        default = ("SlowDown", 503) if s3 else ("Throttling" if xml else "ThrottlingException", 400)
        code, status = _modelled(model, operation, _THROTTLING) or default
        return ServiceError(code, message or "Rate exceeded", status)
    if fault.kind == "accessDenied":
        # Services seldom model it: IAM refuses in front of them.
        default = ("AccessDenied" if xml else "AccessDeniedException", 400 if plain else 403)
        code, status = _modelled(model, operation, _DENIED) or default
        return ServiceError(code, message or "User is not authorized to do this", status)
    code, status = _modelled(model, operation, _CONFLICT, own_only=True) or (
        "OperationAborted" if s3 else "ConflictException",
        400 if plain else 409,
    )
    return ServiceError(code, message or "A conflicting operation is in progress", status)


def _modelled(
    model: ServiceModel | None,
    operation: str | None,
    names: Iterable[str],
    *,
    own_only: bool = False,
) -> tuple[str, int] | None:
    if model is None:
        return None
    own = model.operation_model(operation).error_shapes if operation else []
    for shapes in (own,) if own_only else (own, model.error_shapes):
        by_name = {shape.name: shape for shape in shapes}
        for name in names:
            if name in by_name:
                return _code_and_status(by_name[name])
    return None


def _code_and_status(shape: StructureShape) -> tuple[str, int]:
    error = shape.metadata.get("error", {})
    return error.get("code", shape.name), int(error.get("httpStatusCode", 400))


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
