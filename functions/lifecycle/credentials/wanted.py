"""How the credential providers of an environment must be."""

from __future__ import annotations

from typing import Any

from lifecycle import names
from lifecycle.credentials.calls import API_KEY
from lifecycle.request.credentials.section import Credential
from lifecycle.request.model import Request
from lifecycle.sections.credentials import ProviderRecord

_CUSTOM = "customOauth2ProviderConfig"
_VENDOR = "CustomOauth2"


def wanted_providers(request: Request, stack: str) -> dict[str, ProviderRecord]:
    """The providers that a request asks for, by the names in the input.

    Args:
        request: The request.
        stack: The stack's name.
    """
    return {one.name: _record(one, request.environment, stack) for one in request.credentials}


def _record(credential: Credential, environment: str, stack: str) -> ProviderRecord:
    content = [
        credential.type,
        credential.secret_arn,
        credential.secret_key,
        credential.discovery_url,
        credential.client_id,
    ]
    return ProviderRecord(
        type=credential.type,
        name=names.provider_name(stack, environment, credential.name, content),
        secret_arn=credential.secret_arn,
        json_key=credential.secret_key,
        discovery_url=credential.discovery_url,
        client_id=credential.client_id,
        scopes=list(credential.scopes),
    )


def members(provider: ProviderRecord) -> dict[str, Any]:
    """What a create and an update of a provider send, without tags; AgentCore reads the secret when it is used."""
    reference = {"secretId": provider.secret_arn, "jsonKey": provider.json_key}
    if provider.type == API_KEY:
        return {
            "name": provider.name,
            "apiKeySecretSource": "EXTERNAL",
            "apiKeySecretConfig": reference,
        }
    return {
        "name": provider.name,
        "credentialProviderVendor": _VENDOR,
        "oauth2ProviderConfigInput": {
            _CUSTOM: {
                "oauthDiscovery": {"discoveryUrl": provider.discovery_url},
                "clientId": provider.client_id,
                "clientSecretSource": "EXTERNAL",
                "clientSecretConfig": reference,
            }
        },
    }


def drift(provider: ProviderRecord, observed: dict[str, Any]) -> list[str]:
    """How a provider differs from what it was made of, one phrase each; never a value but a URL.

    Args:
        provider: What it was made of.
        observed: The answer of the get.
    """
    secret = "apiKeySecret" if provider.type == API_KEY else "clientSecret"
    where = (observed.get(f"{secret}Arn") or {}).get("secretArn"), observed.get(f"{secret}JsonKey")
    found = [] if where == (provider.secret_arn, provider.json_key) else ["uses another secret"]
    if provider.type == API_KEY:
        return found
    custom = (observed.get("oauth2ProviderConfigOutput") or {}).get(_CUSTOM) or {}
    url = (custom.get("oauthDiscovery") or {}).get("discoveryUrl")
    if url != provider.discovery_url:
        found.append(f"has the discovery URL {url}")
    if custom.get("clientId") != provider.client_id:
        found.append("has another client id")
    return found
