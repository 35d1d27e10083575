"""AgentCore's control plane refuses an operation, without doing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.awsrequest

from tests.functions.lifecycle.raw_body import RawBody


@contextmanager
def refused(
    control: Any,
    operation: str,
    message: str,
    code: str = "ValidationException",
    times: float = float("inf"),
) -> Iterator[None]:
    """Answer an operation with an error, the first times or always.

    Args:
        control: A boto3 client of the control plane.
        operation: Such as `UpdateGateway`.
        message: What the error says.
        code: Its code.
        times: How often.
    """
    said = {"Code": code, "Message": message}
    left = [times]

    def refuse(model: Any, **_: Any) -> Any:
        if model.name != operation or left[0] <= 0:
            return None
        left[0] -= 1
        http = botocore.awsrequest.AWSResponse("", 400, {}, RawBody(b""))
        return http, {"Error": said, "ResponseMetadata": {"HTTPStatusCode": 400}}

    control.meta.events.register("before-call", refuse)
    try:
        yield
    finally:
        control.meta.events.unregister("before-call", refuse)
