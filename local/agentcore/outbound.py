"""AgentCore Identity: what an agent needs to call others, from credential providers to the tokens of agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.agentcore.control.credentials.api_keys import ApiKeyOperations
from local.agentcore.control.credentials.oauth2 import Oauth2Operations
from local.agentcore.control.credentials.operations import ProviderOperations
from local.agentcore.control.credentials.secrets import Secrets
from local.agentcore.control.credentials.vault import API_KEY, OAUTH2, Vault
from local.agentcore.control.identities.directory import Directory, Linked
from local.agentcore.control.identities.operations import IdentityOperations
from local.agentcore.control.rights import Lacks
from local.agentcore.control.store import Store
from local.agentcore.data.discovery import Discovery
from local.agentcore.data.identity.app import IdentityApp
from local.agentcore.data.identity.gateways import GatewayIdentity
from local.agentcore.data.identity.headers import WorkloadHeaders
from local.agentcore.data.identity.operations import IdentityUse
from local.agentcore.data.identity.workload_tokens import WorkloadTokens
from local.agentcore.data.tokens import TokenChecker
from local.agentcore.model.app import Handler
from local.edge.iam.permission import Place


class Outbound:
    """The identities, credential providers and tokens of one account.

    Args:
        store: The account.
        clients: Gives the boto3 client of a service, with the rights of the service.
        discovery: Reads documents and asks token endpoints.
        lacks: Says what a role may not do.
        of_gateways: The workload identities of the account's gateways.

    Attributes:
        handlers: The operations of the control plane, by name.
        app: WSGI application of the operations of the data plane.
        headers: Makes the header that gives an agent its token.
        for_gateways: Gives gateways what they need for their targets.
    """

    def __init__(
        self,
        store: Store,
        clients: Callable[[str], Any],
        discovery: Discovery,
        lacks: Lacks,
        of_gateways: Linked = tuple,
    ) -> None:
        self._directory, self._vault = Directory(store, of_gateways), Vault(store)
        secrets, tokens = Secrets(clients), WorkloadTokens(store.clock)
        keys = ProviderOperations(API_KEY, "api_key_value", store, self._vault, secrets)
        oauth2 = ProviderOperations(OAUTH2, "client_secret", store, self._vault, secrets)
        self.handlers: dict[str, Handler] = {
            **ApiKeyOperations(keys).handlers,
            **Oauth2Operations(oauth2, store.region).handlers,
            **IdentityOperations(store, self._directory).handlers,
            "GetTokenVault": self._vault.get,
        }
        use = IdentityUse(
            store=store,
            directory=self._directory,
            vault=self._vault,
            secrets=secrets,
            tokens=tokens,
            checker=TokenChecker(discovery, store.clock),
            discovery=discovery,
            lacks=lacks,
        )
        self.app = IdentityApp(use.handlers)
        self.headers = WorkloadHeaders(tokens)
        place = Place(store.region, store.account_id)
        self.for_gateways = GatewayIdentity(use, tokens, lacks, place)

    def tagged(self) -> list[tuple[str, dict[str, str]]]:
        """Return the ARN and the tags of every identity and provider; hold `store.using()`."""
        return [*self._directory.tagged(), *self._vault.tagged()]
