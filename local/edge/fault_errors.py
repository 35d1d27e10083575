"""The error that a service answers for a planned fault."""

from __future__ import annotations

from botocore.model import ServiceModel

from local.edge.codes import CONFLICT, DENIED, NOT_FOUND, SERVER_ERROR, THROTTLING, modelled
from local.edge.errors import ServiceError
from local.edge.faults import Fault


def declares(kind: str, model: ServiceModel, operation: str) -> bool:
    """Say whether an operation can answer with the error of a kind of fault.

    Every operation can be throttled, fail and be denied. A conflict and a missing resource differ by operation: only
    an error that the operation itself declares counts. S3 declares few of its errors; its API reference, "Error
    responses", has `OperationAborted` for whatever writes, and `NoSuchBucket` for every operation.
    """
    if kind not in ("conflict", "notFound"):
        return True
    if model.service_name == "s3":
        reads = operation.startswith(("Get", "Head", "List"))
        return kind == "notFound" or not reads
    names = CONFLICT if kind == "conflict" else NOT_FOUND
    return modelled(model, operation, names, own_only=True) is not None


def fault_error(fault: Fault, model: ServiceModel | None, operation: str | None) -> ServiceError:
    """Return the error that a service answers for a planned fault.

    The code is one that the operation itself declares in botocore's model, else one that another operation of the
    service does, else the common one. Conflicts differ by operation: of them only its own counts.

    Args:
        fault: A fault of kind `throttle`, `serverError`, `accessDenied`, `conflict` or `notFound`.
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
        names = SERVER_ERROR.get(fault.status, ())
        code, _ = modelled(model, operation, names) or (
            common.get(fault.status, "InternalFailure"),
            fault.status,
        )
        return ServiceError(code, message or "The request failed inside the service.", fault.status)
    if fault.kind == "throttle":
        # S3 models no errors of its own; this code is from its API reference.
        default = ("SlowDown", 503) if s3 else ("Throttling" if xml else "ThrottlingException", 400)
        code, status = modelled(model, operation, THROTTLING) or default
        return ServiceError(code, message or "Rate exceeded", status)
    if fault.kind == "accessDenied":
        # Services seldom model it: IAM refuses in front of them.
        default = ("AccessDenied" if xml else "AccessDeniedException", 400 if plain else 403)
        code, status = modelled(model, operation, DENIED) or default
        return ServiceError(code, message or _denial(model, operation), status)
    if fault.kind == "notFound":
        code, status = modelled(model, operation, NOT_FOUND, own_only=True) or (
            "NoSuchKey" if s3 else "ResourceNotFoundException",
            404 if s3 or not plain else 400,
        )
        return ServiceError(code, message or "There is no such resource", status)
    code, status = modelled(model, operation, CONFLICT, own_only=True) or (
        "OperationAborted" if s3 else "ConflictException",
        400 if plain else 409,
    )
    return ServiceError(code, message or "A conflicting operation is in progress", status)


def _denial(model: ServiceModel | None, operation: str | None) -> str:
    """What IAM says (IAM user guide, "Troubleshoot access denied error messages"): the lifecycle reads it."""
    action = f"{model.signing_name if model else '*'}:{operation or '*'}"
    return f"User is not authorized to perform: {action} because no identity-based policy allows the {action} action"
