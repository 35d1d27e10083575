"""Create what was not found a moment before, and may be there all the same: AWS may not see yet what it has made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.entry import refused_call
from lifecycle.errors import ServiceUnavailableError

_EXISTS = ("ResourceExistsException", "UsernameExistsException")


def create(call: Callable[..., Any], what: str, looked: str, **parameters: Any) -> Any:
    """Create something.

    Args:
        call: The client's method.
        what: What it creates, as errors call it.
        looked: The operation that did not find it.
        **parameters: The call's.

    Returns:
        The call's answer.

    Raises:
        ServiceUnavailableError: It exists; when the step is tried again, the look may find it.
    """
    try:
        return call(**parameters)
    except ClientError as error:
        if not _exists(error):
            raise
        raise ServiceUnavailableError(
            f"{what} exists ({refused_call(error)}), but {looked} did not find it; the lifecycle retries this step"
        ) from error


def _exists(error: ClientError) -> bool:
    told = error.response["Error"]
    # Cognito has no code of its own for a resource server that exists.
    said = told["Code"] == "InvalidParameterException" and "already exists" in told.get(
        "Message", ""
    )
    return told["Code"] in _EXISTS or said
