"""How the credential providers of an environment must be."""

from __future__ import annotations

from typing import Any

from lifecycle import names
from lifecycle.credentials.calls import API_KEY
from lifecycle.record import Record
from lifecycle.request.credentials.section import Credential
from lifecycle.request.model import Request
from lifecycle.roles.use import agents_own
from lifecycle.sections.credentials import ProviderRecord

_CUSTOM = "customOauth2ProviderConfig"
_VENDOR = "CustomOauth2"
# Members of the answers of both gets (botocore's model), without those of the provider itself.
_MADE_OF = (
    "apiKeySecretArn",
    "apiKeySecretJsonKey",
    "apiKeySecretSource",
    "clientSecretArn",
    "clientSecretJsonKey",
    "clientSecretSource",
    "credentialProviderVendor",
    "oauth2ProviderConfigOutput",
)


def wanted_providers(request: Request, record: Record, stack: str) -> dict[str, ProviderRecord]:
    """The providers that a request asks for, by the names in the input.

    Args:
        request: The request.
        record: The environment's.
        stack: The stack's name.
    """
    own = {one.name for one in agents_own(request, record)}
    return {
        one.name: _record(one, request.environment, stack, for_agent=one.name in own)
        for one in request.credentials
    }


def _record(
    credential: Credential, environment: str, stack: str, *, for_agent: bool
) -> ProviderRecord:
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
        for_agent=for_agent,
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


def echo_of(observed: dict[str, Any]) -> str:
    """The digest of what a provider is made of, as AgentCore gives it back.

    Args:
        observed: The answer of the get.
    """
    form = {name: observed.get(name) for name in _MADE_OF if observed.get(name) is not None}
    return names.digest(form)


def is_form_of(provider: ProviderRecord, observed: dict[str, Any]) -> bool:
    """Whether AgentCore may only have left out what was written, and has no other value of it.

    Args:
        provider: What it was made of.
        observed: The answer of the get.
    """
    return all(seen in (None, wrote) for wrote, seen in _pairs(provider, observed))


def drift(provider: ProviderRecord, observed: dict[str, Any]) -> list[str]:
    """How a provider differs from what it was made of, one phrase each; never a value but a URL.

    Args:
        provider: What it was made of.
        observed: The answer of the get.
    """
    (secret, key, *rest) = [wrote == seen for wrote, seen in _pairs(provider, observed)]
    found = [] if secret and key else ["uses another secret"]
    if rest:
        same_url, same_client = rest
        url = _pairs(provider, observed)[2][1]
        found += [] if same_url else [f"has the discovery URL {url}"]
        found += [] if same_client else ["has another client id"]
    return found


def _pairs(provider: ProviderRecord, observed: dict[str, Any]) -> list[tuple[Any, Any]]:
    """What was written and what is there: the secret, its member, and for OAuth2 the discovery URL and the client."""
    secret = "apiKeySecret" if provider.type == API_KEY else "clientSecret"
    found = [
        (provider.secret_arn, (observed.get(f"{secret}Arn") or {}).get("secretArn")),
        (provider.json_key, observed.get(f"{secret}JsonKey")),
    ]
    if provider.type == API_KEY:
        return found
    custom = (observed.get("oauth2ProviderConfigOutput") or {}).get(_CUSTOM) or {}
    url = (custom.get("oauthDiscovery") or {}).get("discoveryUrl")
    return [*found, (provider.discovery_url, url), (provider.client_id, custom.get("clientId"))]
