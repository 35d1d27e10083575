"""Refuse a provider, or a secret for it, that the stack does not allow, before anything is created."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.clients import Clients
from lifecycle.entry import EXPLICIT_DENY, is_explicit_deny, refused_call
from lifecycle.errors import InvalidRequestError
from lifecycle.provider import hosts, secret_tags
from lifecycle.provider.reach import CONDITIONS, no_answer_of
from lifecycle.provider.secret_tags import Use
from lifecycle.request.auth import Auth
from lifecycle.request.inputs import shown
from lifecycle.settings import ProviderSettings

# Secrets Manager API reference, DescribeSecret.
_NO_SUCH_SECRET = ("ResourceNotFoundException", "InvalidParameterException", "ValidationException")


def check_provider(
    auth: Auth,
    environment: str,
    clients: Clients,
    *,
    is_asked: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Check the provider and the secret that a request names. The secret's value is not read.

    Args:
        auth: The section `auth` of a request that provisions.
        environment: The environment that it provisions.
        clients: Secrets Manager and plain HTTPS.
        is_asked: Whether the provider must also answer now.
        sleep: Waits before it is asked again, seconds.

    Raises:
        InvalidRequestError: The stack's parameter `ProviderHosts` does not have the provider's host, the secret's tags
            do not allow the secret for it and for this environment, or the provider does not answer.
    """
    if auth.type != "jwt":
        return
    url = str(auth.discovery_url)
    settings = ProviderSettings.load()
    allowed = hosts.refusal(url, settings)
    place = hosts.place_of(url)
    if allowed is not None or place is None:
        raise InvalidRequestError(f"auth.discoveryUrl: given {shown(url)}, allowed: {allowed}")
    use = Use(place.host, settings.stack_name, environment)
    problem = _of_secret(clients.secrets, str(auth.token_secret_arn), use)
    if problem is not None:
        raise InvalidRequestError(
            f"auth.tokenSecretArn: given {shown(auth.token_secret_arn)}, {problem}"
        )
    # Last, so that only a provider that is allowed is asked.
    silent = None
    if is_asked:
        silent = no_answer_of(clients, url, settings.provider_networks, sleep)
    if silent is not None:
        raise InvalidRequestError(
            f"auth.discoveryUrl: given {shown(url)}, whose host {place.host} gave {silent}: {CONDITIONS}; correct the "
            "URL, or retry when the provider answers"
        )


def _of_secret(secrets: Any, arn: str, use: Use) -> str | None:
    try:
        tags = secret_tags.tags_of(secrets, arn)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _NO_SUCH_SECRET:
            return (
                f"which Secrets Manager does not have ({refused_call(error)}); name a secret of this account and "
                "Region"
            )
        if not code.startswith("AccessDenied"):
            raise
        if is_explicit_deny(error):
            return f"which this stack may not look at ({refused_call(error)}); {EXPLICIT_DENY}"
        return (
            f"which this stack may not look at ({refused_call(error)}): it is no secret of this account and Region, it "
            f"belongs to an environment, or it has no tag {secret_tags.HOST_TAG} (which replaces "
            f"{secret_tags.FORMER_TAG}=allowed) or no tag {secret_tags.ENVIRONMENTS_TAG} that names the stack; "
            f"{secret_tags.how_to_allow(use)}"
        )
    problem = secret_tags.refusal(tags, use)
    return f"which {problem}" if problem else None
