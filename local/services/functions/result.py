"""How an invocation of a function ended."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.services.functions.spec import FunctionSpec

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""Limit of a synchronous request and of its response (Lambda quotas)."""


@dataclass(frozen=True)
class Result:
    """How an invocation ended.

    Attributes:
        payload: The handler's JSON, or the error object.
        error: The value of `X-Amz-Function-Error`; `None` after a success.
        log_tail: The last lines of the log.
    """

    payload: bytes
    error: str | None = None
    log_tail: bytes = b""

    @classmethod
    def failure(cls, error_type: str, message: str, tail: bytes = b"") -> Result:
        """Return an error that Lambda reports, not the function's own code."""
        payload = json.dumps({"errorType": error_type, "errorMessage": message})
        return cls(payload.encode(), "Unhandled", tail)


def limited(result: Result) -> Result:
    """Return a result, or an error if its payload exceeds Lambda's limit."""
    if len(result.payload) <= MAX_PAYLOAD_BYTES:
        return result
    return Result.failure(
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes).",
        result.log_tail,
    )


def killed(request_id: str, tail: bytes = b"") -> Result:
    """Return the result of a process that was killed during the invocation."""
    message = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
    return Result.failure("Runtime.ExitError", message, tail)


def timed_out(spec: FunctionSpec, request_id: str) -> Result:
    """Return the result of an invocation that reached the function's timeout."""
    message = f"RequestId: {request_id} Error: Task timed out after {spec.timeout:.2f} seconds"
    return Result.failure("Sandbox.Timedout", message)


def call(function: Callable[[Any], Any], payload: bytes, request_id: str) -> Result:
    """Call a function in this process as awslambdaric calls a handler: an exception becomes an error object."""
    try:
        return Result(json.dumps(function(json.loads(payload)), ensure_ascii=False).encode())
    except Exception as error:  # noqa: BLE001 - the runtime's own contract
        return Result(
            json.dumps(
                {
                    "errorMessage": str(error),
                    "errorType": type(error).__name__,
                    "requestId": request_id,
                    "stackTrace": traceback.format_tb(error.__traceback__),
                }
            ).encode(),
            "Unhandled",
        )
