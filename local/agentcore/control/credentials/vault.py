"""The token vault of an account: its credential providers, and what it says of itself."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from local.agentcore.control.credentials.secrets import Kept
from local.agentcore.control.store import Store
from local.agentcore.control.views import moment
from local.agentcore.model.errors import ServiceError, invalid, not_found

VAULT = "default"
API_KEY, OAUTH2 = "apikey", "oauth2"
"""The kinds of providers, as the names of their secrets have them."""


@dataclass
class Provider:
    """A credential provider.

    Attributes:
        kind: `apikey` or `oauth2`.
        secret: Where its secret is.
        created_at: Seconds since the epoch.
        updated_at: The same.
        configuration: The members of `customOauth2ProviderConfig` that are shown again; empty for an API key.
        callback_url: Where an authorization server sends users back to; `None` for an API key.
    """

    kind: str
    name: str
    secret: Kept
    created_at: float
    updated_at: float
    configuration: dict[str, Any] = field(default_factory=dict)
    callback_url: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


class Vault:
    """The account's only token vault, `default`. It exists from its first provider on.

    Args:
        store: The account.

    Attributes:
        changing: Held by whoever makes, changes or deletes a provider, since its secret takes a request.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._providers: dict[tuple[str, str], Provider] = {}
        self._made_at: float | None = None
        self.changing = threading.RLock()

    def providers(self, kind: str) -> list[Provider]:
        """Return the providers of a kind."""
        return [one for one in [*self._providers.values()] if one.kind == kind]

    def provider(self, kind: str, name: str) -> Provider:
        """Return a provider.

        Raises:
            ServiceError: ResourceNotFoundException.
        """
        found = self._providers.get((kind, name))
        if found is None:
            raise not_found(f"Credential provider with name: {name} does not exist")
        return found

    def check_name(self, kind: str, name: str) -> None:
        """Check that a name is free.

        Raises:
            ServiceError: ValidationException, as users report it; the model also has a ConflictException.
        """
        if (kind, name) in self._providers:
            raise invalid(f"Credential provider with name: {name} already exists")

    def add(self, provider: Provider) -> None:
        """Add a provider whose name is free."""
        self._providers[provider.kind, provider.name] = provider
        if self._made_at is None:
            self._made_at = provider.created_at

    def remove(self, provider: Provider) -> None:
        """Remove a provider."""
        del self._providers[provider.kind, provider.name]

    def arn(self, provider: Provider) -> str:
        """Return the ARN of a provider, in the form of the reading `provider-arn`."""
        arn = self.resource(provider.kind, provider.name)
        service = self._store.readings["provider-arn"]
        return arn.replace(":bedrock-agentcore:", f":{service}:", 1)

    def resource(self, kind: str, name: str) -> str:
        """Return the ARN that policies name."""
        return self._store.arn(f"token-vault/{VAULT}/{kind}credentialprovider/{name}")

    def tagged(self) -> list[tuple[str, dict[str, str]]]:
        """Return the ARN and the tags of each provider; a change of the tags is a change of the provider.

        The model of the calls about tags takes no other form of an ARN, whatever the reading says.
        """
        return [
            (self.resource(one.kind, one.name), one.tags) for one in [*self._providers.values()]
        ]

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetTokenVault."""
        name = request.get("tokenVaultId", VAULT)
        if name != VAULT or self._made_at is None:
            raise _no_vault(name)
        return {
            "tokenVaultId": VAULT,
            "kmsConfiguration": {"keyType": "ServiceManagedKey"},
            "lastModifiedDate": moment(self._made_at),
        }


def _no_vault(name: str) -> ServiceError:
    return not_found(f"Resource not found: no token vault is called '{name}'.")
