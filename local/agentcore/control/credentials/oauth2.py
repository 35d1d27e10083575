"""Operations on OAuth 2.0 credential providers. The vendor is always `CustomOauth2`.

Each other vendor stands for hosts on the internet that the local AWS does not have.
"""

from __future__ import annotations

import uuid
from typing import Any

from local.agentcore.control.credentials.operations import ProviderOperations, times
from local.agentcore.control.credentials.secrets import Given
from local.agentcore.control.credentials.vault import Provider
from local.agentcore.control.views import without_none
from local.agentcore.model.app import Handler
from local.agentcore.model.errors import invalid_field, not_served

CUSTOM = "CustomOauth2"
_CONFIGURATION = "customOauth2ProviderConfig"
_SECRET = "clientSecret"  # noqa: S105 - the beginning of a member's name
_LIST_SIZE = 20
_SERVED = frozenset(
    {
        "oauthDiscovery",
        "clientId",
        "clientSecret",
        "clientSecretConfig",
        "clientSecretSource",
        "clientAuthenticationMethod",
    }
)
_SHOWN = ("oauthDiscovery", "clientId", "clientAuthenticationMethod")
_METHODS = (None, "CLIENT_SECRET_BASIC", "CLIENT_SECRET_POST")


class Oauth2Operations:
    """CreateOauth2CredentialProvider and its family.

    Args:
        providers: The providers of this kind.
        region: Region, for the callback URL.
    """

    def __init__(self, providers: ProviderOperations, region: str) -> None:
        self._providers = providers
        self._region = region

    @property
    def handlers(self) -> dict[str, Handler]:
        """Each operation's handler, by its name."""
        return {
            "CreateOauth2CredentialProvider": self.create,
            "GetOauth2CredentialProvider": self.get,
            "ListOauth2CredentialProviders": self.list_providers,
            "UpdateOauth2CredentialProvider": self.update,
            "DeleteOauth2CredentialProvider": self._providers.delete,
        }

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateOauth2CredentialProvider."""
        given, shown = _configuration(request)
        host = f"https://bedrock-agentcore.{self._region}.amazonaws.com"
        callback_url = f"{host}/identities/oauth2/callback/{uuid.uuid4()}"
        return self._shown(self._providers.make(request, given, shown, callback_url))

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetOauth2CredentialProvider: all but the client secret."""
        return self._detail(self._providers.find(request))

    def list_providers(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListOauth2CredentialProviders."""
        entries, token = self._providers.pages(request, _LIST_SIZE)
        listed = [{**entry, "credentialProviderVendor": CUSTOM} for entry in entries]
        return without_none({"credentialProviders": listed, "nextToken": token})

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateOauth2CredentialProvider: replaces everything."""
        self._providers.find(request)
        return self._detail(self._providers.change(request, *_configuration(request)))

    def _shown(self, provider: Provider) -> dict[str, Any]:
        return without_none(
            {
                **self._providers.shown(provider, _SECRET),
                "callbackUrl": provider.callback_url,
                "oauth2ProviderConfigOutput": {_CONFIGURATION: provider.configuration},
                "status": "READY",
            }
        )

    def _detail(self, provider: Provider) -> dict[str, Any]:
        return {**self._shown(provider), "credentialProviderVendor": CUSTOM, **times(provider)}


def _configuration(request: dict[str, Any]) -> tuple[Given, dict[str, Any]]:
    """Return what a request says of the client secret, and of everything else.

    Raises:
        ServiceError: ValidationException, also for what the local AWS does not serve.
    """
    vendor, inputs = request["credentialProviderVendor"], request["oauth2ProviderConfigInput"]
    if vendor != CUSTOM:
        raise not_served(f"the credential provider vendor {vendor}")
    configuration = inputs.get(_CONFIGURATION)
    if configuration is None:
        message = f"The vendor {CUSTOM} needs {_CONFIGURATION}."
        raise invalid_field("oauth2ProviderConfigInput", message)
    beyond = sorted(configuration.keys() - _SERVED)
    if beyond:
        raise not_served(f"{_CONFIGURATION}.{beyond[0]}")
    method = configuration.get("clientAuthenticationMethod")
    if method not in _METHODS:
        raise not_served(f"the client authentication method {method}")
    if not configuration.get("clientId"):
        message = "Member must have length greater than or equal to 1"
        raise invalid_field(f"oauth2ProviderConfigInput.{_CONFIGURATION}.clientId", message)
    shown = {name: configuration[name] for name in _SHOWN if name in configuration}
    return Given.of(configuration, "clientSecret"), shown
