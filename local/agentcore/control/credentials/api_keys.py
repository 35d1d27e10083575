"""Operations on API key credential providers."""

from __future__ import annotations

from typing import Any

from local.agentcore.control.credentials.operations import ProviderOperations, times
from local.agentcore.control.credentials.secrets import Given
from local.agentcore.control.views import without_none
from local.agentcore.model.app import Handler

_SECRET = "apiKeySecret"  # noqa: S105 - the beginning of a member's name
_LIST_SIZE = 100


class ApiKeyOperations:
    """CreateApiKeyCredentialProvider and its family.

    Args:
        providers: The providers of this kind.
    """

    def __init__(self, providers: ProviderOperations) -> None:
        self._providers = providers

    @property
    def handlers(self) -> dict[str, Handler]:
        """Each operation's handler, by its name."""
        return {
            "CreateApiKeyCredentialProvider": self.create,
            "GetApiKeyCredentialProvider": self.get,
            "ListApiKeyCredentialProviders": self.list_providers,
            "UpdateApiKeyCredentialProvider": self.update,
            "DeleteApiKeyCredentialProvider": self._providers.delete,
        }

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateApiKeyCredentialProvider."""
        made = self._providers.make(request, Given.of(request, "apiKey"))
        return self._providers.shown(made, _SECRET)

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetApiKeyCredentialProvider: all but the key."""
        found = self._providers.find(request)
        return {**self._providers.shown(found, _SECRET), **times(found)}

    def list_providers(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListApiKeyCredentialProviders."""
        entries, token = self._providers.pages(request, _LIST_SIZE)
        return without_none({"credentialProviders": entries, "nextToken": token})

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateApiKeyCredentialProvider."""
        changed = self._providers.change(request, Given.of(request, "apiKey"))
        return {**self._providers.shown(changed, _SECRET), **times(changed)}
