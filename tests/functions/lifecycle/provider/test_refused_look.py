"""A secret that the stack may not look at is refused with what to do; a fault that passes is retried."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lifecycle.errors import InvalidRequestError
from lifecycle.request.model import parse_request
from lifecycle.request.providers import check_provider

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:theirs-AbCdEf"
REQUEST = {
    "auth": {
        "type": "jwt",
        "discoveryUrl": "https://idp.example.com/.well-known/openid-configuration",
        "allowedClients": ["x"],
        "tokenSecretArn": ARN,
    }
}


@contextmanager
def refused(clients: Any, code: str, message: str) -> Iterator[None]:
    """Refuse to look at any secret."""

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": message}}, "DescribeSecret")

    events = clients.secrets.meta.events
    events.register_first("before-call.secrets-manager.DescribeSecret", refuse)
    try:
        yield
    finally:
        events.unregister("before-call.secrets-manager.DescribeSecret", refuse)


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        (
            "AccessDeniedException",
            "no identity-based policy allows it",
            r"belongs to an environment, or it has no tag .*smoke-test-host \(which replaces .*=allowed\) "
            r"or no tag .*smoke-test-environments that names the stack; .*gives it the tags "
            r"agentcore-lifecycle:smoke-test-host=idp\.example\.com and .*smoke-test-environments=\S+/dev$",
        ),
        (
            "AccessDeniedException",
            "with an explicit deny in a policy",
            "exclude the function's role",
        ),
        ("ValidationException", "Invalid name", "which Secrets Manager does not have"),
    ],
)
def test_a_secret_that_cannot_be_looked_at_is_refused(
    world: Any, code: str, message: str, said: str
) -> None:
    with (
        refused(world.clients, code, message),
        pytest.raises(InvalidRequestError, match=rf"auth\.tokenSecretArn: given '{ARN}', .*{said}"),
    ):
        check_provider(parse_request(REQUEST).auth, "dev", world.clients)


def test_a_fault_that_passes_is_not_the_request_s(world: Any) -> None:
    with (
        refused(world.clients, "ThrottlingException", "slow down"),
        pytest.raises(ClientError, match="ThrottlingException"),
    ):
        check_provider(parse_request(REQUEST).auth, "dev", world.clients)
