"""The error codes that each service declares in botocore's model."""

from __future__ import annotations

from collections.abc import Iterable

from botocore.model import ServiceModel, StructureShape

# Whole names of errors in botocore's models, the best first. Parts of names would not do: a service also has names for
# what another one refused it ("KMSAccessDeniedException" of Lambda) and for other operations' matters.
THROTTLING = (
    "ThrottlingException",
    "TooManyRequestsException",
    "ThrottledException",
    "RequestThrottled",
    "RequestLimitExceeded",
)
SERVER_ERROR = {
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
BAD_REQUEST = (
    "ValidationException",
    "InvalidRequestException",
    "InvalidParameterException",
    "InvalidParameterValueException",
    "InvalidInputException",
    "InvalidArgumentException",
    "BadRequestException",
)
DENIED = ("AccessDeniedException", "AccessDenied", "AuthorizationErrorException")
CONFLICT = (
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
NOT_FOUND = (
    "ResourceNotFoundException",
    "NotFoundException",
    "UserNotFoundException",
    "ImageNotFoundException",
    "RepositoryNotFoundException",
    "NoSuchKey",
    "NoSuchBucket",
    "ExecutionDoesNotExist",
    "StateMachineDoesNotExist",
)


def modelled(
    model: ServiceModel | None,
    operation: str | None,
    names: Iterable[str],
    *,
    own_only: bool = False,
) -> tuple[str, int] | None:
    """Return code and status of the first of some errors that a service declares.

    Args:
        model: botocore's model of the service, if there is one.
        operation: The operation's name, if it has one.
        names: Names of errors, the best first.
        own_only: Whether only an error that the operation itself declares counts, not one of the service's others.
    """
    if model is None:
        return None
    own = (
        model.operation_model(operation).error_shapes if operation in model.operation_names else []
    )
    for shapes in (own,) if own_only else (own, model.error_shapes):
        by_name = {shape.name: shape for shape in shapes}
        for name in names:
            if name in by_name:
                return _code_and_status(by_name[name])
    return None


def _code_and_status(shape: StructureShape) -> tuple[str, int]:
    error = shape.metadata.get("error", {})
    return error.get("code", shape.name), int(error.get("httpStatusCode", 400))
