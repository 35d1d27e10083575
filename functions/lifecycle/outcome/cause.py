"""Why an execution failed: what Step Functions caught, made readable, and what it changes in the record."""

from __future__ import annotations

import json
from typing import Any

from pydantic import Field

from lifecycle.entry import Wire

_CAUSE_LENGTH = 1000


class Failure(Wire):
    """An error and its cause, as Step Functions' Fail state takes them."""

    error: str
    cause: str


class RawFailure(Wire):
    """`$states.errorOutput` as the state machine caught it."""

    error: str = Field(alias="Error")
    cause: str = Field(default="", alias="Cause")


def readable(failure: RawFailure) -> Failure:
    """Extract the one line that tells a person what to do.

    A failed Lambda function's cause is the JSON of its error (`errorMessage`, `errorType`, `stackTrace`). Any other
    cause is taken as it is, on one line of at most 1,000 characters.
    """
    cause = failure.cause
    try:
        parsed = json.loads(cause)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        cause = str(parsed.get("errorMessage") or parsed.get("Cause") or cause)
    cause = " ".join(cause.split()) or "no cause given; see the execution's history"
    return Failure(
        error=failure.error,
        cause=cause if len(cause) <= _CAUSE_LENGTH else f"{cause[: _CAUSE_LENGTH - 1]}…",
    )


def failed_state(request: Any, failure: Failure) -> dict[str, Any]:
    """What a failure changes in the record.

    A smoke test or a dry run only looks at the environment, so its failure leaves the state as it is.

    Args:
        request: The execution's request.
        failure: Why it failed.

    Returns:
        Attributes for `Records.update`; none when the execution only looked.
    """
    if request.get("action") == "smokeTest" or request.get("dryRun"):
        return {}
    return {"state": "FAILED", "state_reason": f"{failure.error}: {failure.cause}"}
