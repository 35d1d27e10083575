"""AWS's errors in our words: what heals is told from what does not."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    ParamValidationError,
)

from lifecycle.entry import aws_errors
from lifecycle.errors import AwsCallError, ServiceUnavailableError, ThrottledError


def refusal(code: str, status: int = 400) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "PutRetentionPolicy")


@pytest.mark.parametrize(
    ("raised", "ours"),
    [
        (refusal("ThrottlingException"), ThrottledError),
        (refusal("InternalFailure", 500), ServiceUnavailableError),
        (refusal("OperationAbortedException"), ServiceUnavailableError),
        (refusal("ConcurrentModificationException"), ServiceUnavailableError),
        (refusal("InvalidParameterException"), AwsCallError),
        (EndpointConnectionError(endpoint_url="https://x"), ServiceUnavailableError),
        (ParamValidationError(report="Missing name"), AwsCallError),
    ],
)
def test_what_heals_is_told_from_what_does_not(raised: Exception, ours: type[Exception]) -> None:
    with pytest.raises(ours) as caught, aws_errors():
        raise raised
    assert type(caught.value) is ours
