"""Amazon ECR as a build's tools need it: a password to log in with, and the manifest of a pushed image.

Run as `python -m local.services.images.registry`, it prints the password as `aws ecr get-login-password` does. The AWS
CLI and boto3 do the same, but take most of a second to start.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

TRIES = 5
"""How often a call is tried, as boto3 and the AWS CLI do by default (AWS SDKs guide, "Retry behavior")."""
_TARGET = "AmazonEC2ContainerRegistry_V20150921"
_FIRST_PAUSE_SECONDS = 0.5
_SECONDS = 60.0
NEEDED = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""The variables that a call needs."""
_SERVER_FAULT = 500
_THROTTLED = 429
_BUSY = frozenset({"ThrottlingException", "Throttling", "RequestLimitExceeded", "SlowDown"})


class RegistryError(Exception):
    """ECR refused a call, or gave no answer; the message is the AWS CLI's.

    Attributes:
        code: The service's code, such as `AccessDeniedException`; empty without an answer.
        reason: What it says.
    """

    def __init__(self, operation: str, code: str, reason: str) -> None:
        super().__init__(
            f"An error occurred ({code}) when calling the {operation} operation: {reason}"
        )
        self.code, self.reason = code, reason


def call(
    operation: str,
    parameters: Mapping[str, Any],
    region: str,
    variables: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """Call an operation of ECR, signed with the build's keys.

    Args:
        operation: Such as `PutImage`.
        parameters: Its parameters.
        region: The Region.
        variables: `AWS_ENDPOINT_URL`, and the keys as AWS clients find them.

    Returns:
        The answer.

    Raises:
        RegistryError: It was refused, or five tries had no answer.
    """
    for name in NEEDED:
        if not variables.get(name):
            raise RegistryError(operation, "", f"{name} is not set")
    body = json.dumps(parameters).encode()
    failed = RegistryError(operation, "", "no answer")
    for number in range(TRIES):
        if number:
            time.sleep(_FIRST_PAUSE_SECONDS * 2 ** (number - 1))
        try:
            status, answer = _send(operation, body, region, variables)
        except (OSError, http.client.HTTPException, ValueError) as error:
            failed = RegistryError(operation, "", str(error) or type(error).__name__)
            continue
        if status == http.HTTPStatus.OK:
            return answer
        code = str(answer.get("__type", status)).rpartition("#")[2]
        failed = RegistryError(operation, code, str(answer.get("message", answer.get("Message"))))
        if status < _SERVER_FAULT and status != _THROTTLED and code not in _BUSY:
            break
    raise failed


def password(region: str, variables: Mapping[str, str] = os.environ) -> str:
    """Return a password for `docker login`.

    Raises:
        RegistryError: As `call`.
    """
    answer = call("GetAuthorizationToken", {}, region, variables)
    token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
    return token.partition(":")[2]


def _send(
    operation: str, body: bytes, region: str, variables: Mapping[str, str]
) -> tuple[int, dict[str, Any]]:
    place = urlsplit(variables["AWS_ENDPOINT_URL"])
    host = place.netloc
    headers = _signed(operation, body, host, region, variables)
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, timeout=_SECONDS)
    try:
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    return answer.status, json.loads(text or b"{}")


def _signed(
    operation: str, body: bytes, host: str, region: str, variables: Mapping[str, str]
) -> dict[str, str]:
    """The headers of a request with its signature (IAM user guide, "Create a signed AWS API request")."""
    now = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": host,
        "x-amz-date": now,
        "x-amz-target": f"{_TARGET}.{operation}",
    }
    if token := variables.get("AWS_SESSION_TOKEN"):
        headers["x-amz-security-token"] = token
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{now[:8]}/{region}/ecr/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{variables['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"{variables['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


def main() -> None:
    """Print the password, or say on standard error why there is none, with the AWS CLI's exit status."""
    try:
        sys.stdout.write(password(os.environ["AWS_REGION"]) + "\n")
    except RegistryError as error:
        sys.stderr.write(f"\n{error}\n")
        sys.exit(254 if error.code else 255)


if __name__ == "__main__":
    main()
