"""The error that each service answers when a signature is not right."""

from __future__ import annotations

from botocore.model import ServiceModel

from local.edge.errors import ServiceError
from local.edge.signatures.problems import Problem, SignatureError

_S3: dict[Problem, tuple[str, int, str]] = {
    # S3 takes it for a request of the anonymous user, whom no bucket here lets in.
    Problem.UNSIGNED: ("AccessDenied", 403, "Access Denied"),
    Problem.INCOMPLETE: ("AuthorizationHeaderMalformed", 400, ""),
    Problem.INCOMPLETE_QUERY: ("AuthorizationQueryParametersError", 400, ""),
    Problem.SCOPE: ("AuthorizationHeaderMalformed", 400, ""),
    Problem.TWO_SIGNATURES: ("InvalidArgument", 400, "Only one auth mechanism allowed."),
    Problem.UNKNOWN_KEY: (
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    Problem.WRONG_TOKEN: (
        "InvalidToken",
        400,
        "The provided token is malformed or otherwise invalid.",
    ),
    Problem.EXPIRED_TOKEN: ("ExpiredToken", 400, "The provided token has expired."),
    Problem.MISMATCH: (
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided. Check your key and signing "
        "method.",
    ),
    Problem.EXPIRED_URL: ("AccessDenied", 403, "Request has expired"),
    Problem.UNSIGNED_HEADER: (
        "AccessDenied",
        403,
        "There were headers present in the request which were not signed",
    ),
    Problem.OLD_VERSION: (
        "InvalidRequest",
        400,
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
    ),
    Problem.PAYLOAD_MISMATCH: (
        "XAmzContentSHA256Mismatch",
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    ),
    Problem.PAYLOAD_FORM: (
        "InvalidArgument",
        400,
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
    ),
    Problem.PAYLOAD_MISSING: (
        "InvalidRequest",
        400,
        "Missing required header for this request: x-amz-content-sha256",
    ),
    Problem.PAYLOAD_BROKEN: (
        "IncompleteBody",
        400,
        "The request body terminated unexpectedly or is not in chunks.",
    ),
    Problem.CHECKSUM_MISMATCH: (
        "BadDigest",
        400,
        "The checksum you specified did not match the calculated checksum.",
    ),
    Problem.SKEWED: (
        "RequestTimeTooSkewed",
        403,
        "The difference between the request time and the current time is too large.",
    ),
}
"""S3 API reference, "Error responses"."""

_MESSAGES = {
    Problem.UNKNOWN_KEY: "The security token included in the request is invalid.",
    Problem.WRONG_TOKEN: "The security token included in the request is invalid.",
    Problem.EXPIRED_TOKEN: "The security token included in the request is expired",
    Problem.TWO_SIGNATURES: "A request is signed in its header or in its query string, not in both.",
}
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
"""Whatever else is wrong is this for all services but S3 (IAM User Guide, "Troubleshoot signed requests")."""


def refused(error: SignatureError, model: ServiceModel | None) -> ServiceError:
    """Return a service's error for a signature that is not right.

    The code depends on the protocol, also where a service has left the query protocol behind ("Common errors" of each
    service's API reference).

    Args:
        error: What is wrong.
        model: botocore's model of the service, if there is one.
    """
    if model is not None and model.service_name == "s3":
        code, status, message = _S3[error.problem]
        return ServiceError(code, error.message or message, status)
    message = error.message or _MESSAGES.get(error.problem, _MISMATCH)
    protocol = model.resolved_protocol if model is not None else "json"
    # Services of the JSON protocol answer 400 where the others have a status for each.
    plain = 400 if protocol == "json" else 403
    if error.problem is Problem.UNSIGNED:
        return _unsigned(protocol, plain)
    query = model is not None and (
        "query" in model.metadata.get("protocols", [model.metadata["protocol"]])
        or "awsQueryCompatible" in model.metadata
    )
    if error.problem in (Problem.UNKNOWN_KEY, Problem.WRONG_TOKEN):
        code = "InvalidClientTokenId" if query else "UnrecognizedClientException"
        return ServiceError(code, message, 403)
    if error.problem is Problem.EXPIRED_TOKEN:
        return (
            ServiceError("ExpiredToken", message, 403)
            if query
            else ServiceError("ExpiredTokenException", message, plain)
        )
    if error.problem in (Problem.INCOMPLETE, Problem.INCOMPLETE_QUERY, Problem.TWO_SIGNATURES):
        return (
            ServiceError("IncompleteSignature", message, 400)
            if query
            else ServiceError("IncompleteSignatureException", message, plain)
        )
    return (
        ServiceError("SignatureDoesNotMatch", message, 403)
        if query
        else ServiceError("InvalidSignatureException", message, plain)
    )


def _unsigned(protocol: str, plain: int) -> ServiceError:
    if protocol in ("query", "ec2"):
        message = "Request is missing Authentication Token"
        return ServiceError("MissingAuthenticationToken", message, 403)
    return ServiceError(
        "MissingAuthenticationTokenException", "Missing Authentication Token", plain
    )
