"""A denial names the action and the resource."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from cli.target.denied import DeniedError, name_denials

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"
USER = "User: arn:aws:iam::123456789012:user/me is not authorized to perform"


class Raw:
    """The body of an answer."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> list[bytes]:
        return [self._body]


def client(code: str, message: str) -> Any:
    """A client of Secrets Manager whose calls all end with an error."""
    made = boto3.client(
        "secretsmanager",
        region_name="us-east-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="secret",
    )
    body = json.dumps({"__type": code, "message": message}).encode()

    def answer(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, 400, {}, Raw(body))

    made.meta.events.register("before-send", answer)
    name_denials(made)
    return made


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            f"{USER}: secretsmanager:GetSecretValue on resource: {ARN} because no identity-based policy allows it",
            f"AWS denies secretsmanager:GetSecretValue on {ARN} to your credentials: User: ",
        ),
        (f"{USER}: kms:Decrypt on resource: k", "AWS denies kms:Decrypt on k to your credentials"),
        (
            "Access to KMS is not allowed",
            "AWS denies secretsmanager:GetSecretValue to your credentials: Access to KMS",
        ),
    ],
)
def test_a_denial_names_action_and_resource(message: str, said: str) -> None:
    with pytest.raises(DeniedError) as caught:
        client("AccessDeniedException", message).get_secret_value(SecretId="s")
    assert str(caught.value).startswith(said)
    assert str(caught.value).endswith(message)


def test_another_error_is_boto3s_own() -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client("ResourceNotFoundException", "no").get_secret_value(SecretId="s")
