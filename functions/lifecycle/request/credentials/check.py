"""Refuse credentials that the stack or the owner of a secret does not allow, before anything is created."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.entry import EXPLICIT_DENY, is_explicit_deny, refused_call
from lifecycle.errors import InvalidRequestError
from lifecycle.names import LONGEST_STACK_OF_PROVIDERS
from lifecycle.provider import credential_tags, hosts, secret_tags
from lifecycle.provider.secret_tags import Use
from lifecycle.request.credentials.section import Credential
from lifecycle.request.inputs import shown
from lifecycle.settings import ProviderSettings

# Secrets Manager API reference, DescribeSecret.
_NO_SUCH_SECRET = ("ResourceNotFoundException", "InvalidParameterException", "ValidationException")


def check_credentials(credentials: Sequence[Credential], environment: str, secrets: Any) -> None:
    """Check the hosts and the secrets of credentials. No secret's value is read.

    Args:
        credentials: From a request that provisions, or of the version that a rollback goes back to.
        environment: The environment.
        secrets: boto3's client of Secrets Manager.

    Raises:
        InvalidRequestError: The stack's parameter `ProviderHosts` does not have a provider's host, a secret's tags do
            not allow it for this environment and host, its ARN is not whole, or the stack's name is too long for
            providers.
    """
    if not credentials:
        return
    settings = ProviderSettings.load()
    stack = settings.stack_name
    if len(stack) > LONGEST_STACK_OF_PROVIDERS:
        raise InvalidRequestError(
            f"credentials: given to the stack {shown(stack)}, allowed: only in stacks whose names have at most "
            f"{LONGEST_STACK_OF_PROVIDERS} characters, so that the names of credential providers fit"
        )
    for number, credential in enumerate(credentials):
        where = f"credentials.{number}"
        host = _host(credential, settings, where)
        problem = _of_secret(secrets, credential.secret_arn, Use(host, stack, environment))
        if problem is not None:
            raise InvalidRequestError(
                f"{where}.secretArn: given {shown(credential.secret_arn)}, which {problem}"
            )


def _host(credential: Credential, settings: ProviderSettings, where: str) -> str:
    """The host that the secret is sent to; empty for an API key, which only the agent sends."""
    url = credential.discovery_url
    if url is None:
        return ""
    refused, place = hosts.refusal(url, settings), hosts.place_of(url)
    if refused is not None or place is None:
        raise InvalidRequestError(f"{where}.discoveryUrl: given {shown(url)}, allowed: {refused}")
    return place.host


def _of_secret(secrets: Any, arn: str, use: Use) -> str | None:
    try:
        whole, tags = secret_tags.described(secrets, arn)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _NO_SUCH_SECRET:
            return f"Secrets Manager does not have ({refused_call(error)}); name a secret of this account and Region"
        if not code.startswith("AccessDenied"):
            raise
        if is_explicit_deny(error):
            return f"this stack may not look at ({refused_call(error)}); {EXPLICIT_DENY}"
        return (
            f"this stack may not look at ({refused_call(error)}): it is no secret of this account and Region, it "
            f"belongs to an environment, or it has no tag {credential_tags.ENVIRONMENTS_TAG} that names the stack; "
            f"{credential_tags.how_to_allow(use)}"
        )
    refused = credential_tags.refusal(tags, use)
    if refused is None and whole != arn:
        # Secrets Manager also finds it by an ARN without the end. The role that reads it is given this very ARN.
        return f"is a part of an ARN, with which no role could read the secret; name {whole}"
    return refused
