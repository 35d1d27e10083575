"""Errors as the service answers them; names, members and statuses come from botocore's model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FieldError:
    """One field that is wrong.

    Attributes:
        name: Path of the member, such as `agentRuntimeArtifact.containerConfiguration`.
        message: Which constraint it fails.
    """

    name: str
    message: str


class ServiceError(Exception):
    """An answer that is one of the service's modelled errors.

    Attributes:
        code: Name of the error's shape, such as `ConflictException`.
        message: The text that the client sees.
        members: Further members of the shape, such as `reason`.
        headers: Further HTTP headers of the answer.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        members: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.members = members or {}
        self.headers = headers or {}


def invalid(message: str, fields: list[FieldError] | None = None) -> ServiceError:
    """Return a ValidationException about fields."""
    members: dict[str, Any] = {"reason": "FieldValidationFailed"}
    if fields:
        members["fieldList"] = [{"name": f.name, "message": f.message} for f in fields]
    return ServiceError("ValidationException", message, members=members)


def invalid_field(name: str, message: str) -> ServiceError:
    """Return a ValidationException about one field."""
    return invalid(message, [FieldError(name, message)])


def unparsable(message: str) -> ServiceError:
    """Return the ValidationException for a request that cannot be read at all."""
    return ServiceError("ValidationException", message, members={"reason": "CannotParse"})


def not_served(what: str) -> ServiceError:
    """Return the ValidationException for an operation of the service that is not served here.

    AWS refuses an operation or a feature that a Region does not have in such a way; no document names the text.
    """
    return unparsable(f"This local AWS does not serve {what}.")


def token_mismatch() -> ServiceError:
    """Return the ValidationException for a client token used again with another request."""
    return ServiceError(
        "ValidationException",
        "The client token was used before with different parameters. Use a new token for a "
        "different request.",
        members={"reason": "IdempotentParameterMismatchException"},
    )


def conflict(message: str) -> ServiceError:
    """Return a ConflictException."""
    return ServiceError("ConflictException", message)


def not_found(message: str) -> ServiceError:
    """Return a ResourceNotFoundException."""
    return ServiceError("ResourceNotFoundException", message)


def quota_exceeded(message: str) -> ServiceError:
    """Return a ServiceQuotaExceededException."""
    return ServiceError("ServiceQuotaExceededException", message)


def throttled() -> ServiceError:
    """Return a ThrottlingException."""
    return ServiceError("ThrottlingException", "Rate exceeded. Slow down and try again.")
