"""Which credentials a target may be called with, by its kind.

Sources: AgentCore developer guide, "Set up outbound authorization for your gateway" (its table) and "Specify the
authorization type and credentials".
"""

from __future__ import annotations

import re
from typing import Any

from local.agentcore.control.gateways.records import (
    HTTP_RUNTIME,
    MCP_LAMBDA,
    MCP_OPENAPI,
    MCP_SERVER,
)
from local.agentcore.model.errors import invalid_field, not_served

_PATH = "credentialProviderConfigurations"
_ALLOWED = {
    HTTP_RUNTIME: ("GATEWAY_IAM_ROLE", "CALLER_IAM_CREDENTIALS", "OAUTH", "JWT_PASSTHROUGH"),
    MCP_LAMBDA: ("GATEWAY_IAM_ROLE",),
    MCP_OPENAPI: ("GATEWAY_IAM_ROLE", "OAUTH", "API_KEY"),
    MCP_SERVER: ("GATEWAY_IAM_ROLE", "OAUTH", "API_KEY"),
}
_OPEN = (MCP_OPENAPI, MCP_SERVER)
"""The kinds that may also be called without credentials."""
_PROVIDERS = {
    "GATEWAY_IAM_ROLE": ("iamCredentialProvider", ""),
    "OAUTH": ("oauthCredentialProvider", "oauth2"),
    "API_KEY": ("apiKeyCredentialProvider", "apikey"),
}
"""The member that goes with a type, and the kind of its credential provider."""


def check_credentials(kind: tuple[str, str], given: list[dict[str, Any]] | None) -> None:
    """Check the credentials of a target.

    Args:
        kind: The target's kind.
        given: Its `credentialProviderConfigurations`.

    Raises:
        ServiceError: ValidationException that names the member, or what is not served.
    """
    allowed, named = _ALLOWED[kind], ".".join(kind)
    if given is None:
        if kind in _OPEN:
            return
        raise invalid_field(
            _PATH, f"A target of the kind {named} needs one of {', '.join(allowed)}."
        )
    chosen, provider = given[0]["credentialProviderType"], given[0].get("credentialProvider")
    if chosen not in allowed:
        message = f"A target of the kind {named} takes {', '.join(allowed)}, not {chosen}."
        raise invalid_field(f"{_PATH}.1.member.credentialProviderType", message)
    if kind in _OPEN:
        _check_provider(named, chosen, provider or {})
    elif chosen == "OAUTH":
        raise not_served(f"gateway targets of the kind {named} with the credentials OAUTH")
    elif provider is not None:
        raise invalid_field(
            f"{_PATH}.1.member.credentialProvider",
            f"A target of the kind {named} with {chosen} takes none.",
        )


def _check_provider(named: str, chosen: str, provider: dict[str, Any]) -> None:
    member, kind = _PROVIDERS[chosen]
    path = f"{_PATH}.1.member.credentialProvider"
    found = provider.get(member)
    if found is None:
        message = f"A target of the kind {named} with {chosen} needs {member}."
        raise invalid_field(path, message)
    if kind and provider_name(found["providerArn"], kind) is None:
        message = f"It must be the ARN of a credential provider of the kind {kind}."
        raise invalid_field(f"{path}.{member}.providerArn", message)
    grant = found.get("grantType", "CLIENT_CREDENTIALS")
    if grant != "CLIENT_CREDENTIALS":
        raise not_served(f"gateway targets with the grantType {grant}")
    if found.get("credentialLocation") == "QUERY_PARAMETER" and not found.get(
        "credentialParameterName"
    ):
        # It is optional in the model, but what the service calls it then is not documented.
        raise not_served("API keys in the query without a credentialParameterName")


def provider_name(arn: str, kind: str) -> str | None:
    """Return the name of the credential provider that an ARN names; `None` if it names no such provider.

    Args:
        arn: Its ARN.
        kind: `apikey` or `oauth2`.
    """
    form = rf"arn:[^:]*:[^:]*:[^:]*:\d*:token-vault/default/{kind}credentialprovider/([^/]+)"
    found = re.fullmatch(form, arn)
    return found[1] if found else None
