"""What the operations on both kinds of credential providers share."""

from __future__ import annotations

from typing import Any

from local.agentcore.control.credentials.secrets import OWNER, Given, Secrets
from local.agentcore.control.credentials.vault import VAULT, Provider, Vault
from local.agentcore.control.pages import page
from local.agentcore.control.store import Store
from local.agentcore.control.tags import check_tags
from local.agentcore.control.views import moment, without_none


class ProviderOperations:
    """Makes, shows, changes and deletes the providers of one kind.

    Args:
        kind: `apikey` or `oauth2`.
        key: The key of the value in the JSON document of a secret that the service keeps.
        store: The account.
        vault: Its providers.
        secrets: Their secrets.
    """

    def __init__(self, kind: str, key: str, store: Store, vault: Vault, secrets: Secrets) -> None:
        self._kind = kind
        self._key = key
        self._store = store
        self._vault = vault
        self._secrets = secrets

    def make(
        self,
        request: dict[str, Any],
        given: Given,
        configuration: dict[str, Any] | None = None,
        callback_url: str | None = None,
    ) -> Provider:
        """Make a provider and keep its secret.

        Raises:
            ServiceError: ValidationException, ThrottlingException.
        """
        name = request["name"]
        check_tags(request.get("tags", {}))
        given.check()
        with self._vault.changing:
            self._vault.check_name(self._kind, name)
            now = self._count()
            kept = self._secrets.keep(self._secret_name(name), given, self._key)
            made = Provider(
                kind=self._kind,
                name=name,
                secret=kept,
                created_at=now,
                updated_at=now,
                configuration=configuration or {},
                callback_url=callback_url,
                tags=dict(request.get("tags", {})),
            )
            self._vault.add(made)
        return made

    def change(
        self, request: dict[str, Any], given: Given, configuration: dict[str, Any] | None = None
    ) -> Provider:
        """Replace the secret of a provider, and what it is configured with.

        Raises:
            ServiceError: ResourceNotFoundException, ValidationException, ThrottlingException.
        """
        with self._vault.changing:
            found = self.find(request)
            given.check()
            now = self._count()
            name = self._secret_name(found.name)
            found.secret = self._secrets.keep(name, given, self._key, found.secret)
            found.configuration, found.updated_at = configuration or {}, now
        return found

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a provider, and its secret if the service keeps it."""
        with self._vault.changing:
            found = self.find(request)
            self._count()
            self._secrets.drop(found.secret)
            self._vault.remove(found)
        return {}

    def find(self, request: dict[str, Any]) -> Provider:
        """Return the provider that a request names.

        Raises:
            ServiceError: ResourceNotFoundException.
        """
        return self._vault.provider(self._kind, request["name"])

    def pages(self, request: dict[str, Any], most: int) -> tuple[list[dict[str, Any]], str | None]:
        """Return one page of the list, without what only one kind has, and the token of the next one."""
        asked = {"maxResults": most, **request}
        chosen, token = page(self._vault.providers(self._kind), asked, lambda one: one.name)
        return [{**self._named(one), **times(one)} for one in chosen], token

    def shown(self, provider: Provider, member: str) -> dict[str, Any]:
        """Return the members that every answer about one provider has.

        Args:
            provider: The provider.
            member: What the members about the secret begin with, such as `apiKeySecret`.
        """
        kept = provider.secret
        return without_none(
            {
                **self._named(provider),
                f"{member}Arn": {"secretArn": kept.arn},
                f"{member}JsonKey": None if kept.managed else kept.json_key,
                f"{member}Source": kept.source,
            }
        )

    def _named(self, provider: Provider) -> dict[str, Any]:
        return {"name": provider.name, "credentialProviderArn": self._vault.arn(provider)}

    def _secret_name(self, name: str) -> str:
        return f"{OWNER}!{VAULT}/{self._kind}/{name}"

    def _count(self) -> float:
        with self._store.using() as now:
            self._store.count_mutation(now)
        return now


def times(provider: Provider) -> dict[str, Any]:
    """Return when a provider was made and changed."""
    return {
        "createdTime": moment(provider.created_at),
        "lastUpdatedTime": moment(provider.updated_at),
    }
