"""The operations of AgentCore Identity that agents use: workload access tokens, API keys and OAuth 2.0 tokens.

What the caller's role needs is partly known only here: which identity a token stands for, and where a secret is.
Sources: developer guide, "Scope down access to credential providers by workload identity" and "Get workload access
token".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt

from local.agentcore.control.credentials.secrets import Secrets
from local.agentcore.control.credentials.vault import API_KEY, OAUTH2, Provider, Vault
from local.agentcore.control.identities.directory import Directory
from local.agentcore.control.rights import Lacks
from local.agentcore.control.store import Store
from local.agentcore.data.discovery import Discovery
from local.agentcore.data.identity.client_credentials import access_token
from local.agentcore.data.identity.headers import user_of
from local.agentcore.data.identity.workload_tokens import WorkloadTokens
from local.agentcore.data.tokens import (
    TokenChecker,
    TokenRefusedError,
    UnreadableDiscoveryError,
)
from local.agentcore.model.errors import ServiceError, invalid, not_served
from local.edge.iam.permission import Permission

Use = Callable[[dict[str, Any], str | None], dict[str, Any]]
"""Takes the members of a request and the caller's role, `None` for who may do everything."""
_M2M = "M2M"


class IdentityUse:
    """Serves the operations.

    Args:
        store: The account.
        directory: Its workload identities.
        vault: Its credential providers.
        secrets: Their secrets.
        tokens: Issues and reads workload access tokens.
        checker: Checks a user's own token.
        discovery: Reads documents and asks token endpoints.
        lacks: Says what a role may not do.
    """

    def __init__(
        self,
        *,
        store: Store,
        directory: Directory,
        vault: Vault,
        secrets: Secrets,
        tokens: WorkloadTokens,
        checker: TokenChecker,
        discovery: Discovery,
        lacks: Lacks,
    ) -> None:
        self._store = store
        self._directory = directory
        self._vault = vault
        self._secrets = secrets
        self._tokens = tokens
        self._checker = checker
        self._discovery = discovery
        self._lacks = lacks

    @property
    def handlers(self) -> dict[str, Use]:
        """Each operation's handler, by its name."""
        return {
            "GetWorkloadAccessToken": self.token,
            "GetWorkloadAccessTokenForJWT": self.token_for_jwt,
            "GetWorkloadAccessTokenForUserId": self.token_for_user,
            "GetResourceApiKey": self.api_key,
            "GetResourceOauth2Token": self.oauth2_token,
        }

    def token(self, request: dict[str, Any], _role: str | None) -> dict[str, Any]:
        """GetWorkloadAccessToken."""
        return self._issued(request["workloadName"], None)

    def token_for_user(self, request: dict[str, Any], _role: str | None) -> dict[str, Any]:
        """GetWorkloadAccessTokenForUserId."""
        return self._issued(request["workloadName"], request["userId"])

    def token_for_jwt(self, request: dict[str, Any], _role: str | None) -> dict[str, Any]:
        """GetWorkloadAccessTokenForJWT: the token's signature and life are checked at its own issuer."""
        self._usable(request["workloadName"])
        token = request["userToken"]
        try:
            issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss"))
            url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
            self._checker.check(token, {"discoveryUrl": url})
        except jwt.InvalidTokenError:
            raise _unauthorized("Failed to parse token") from None
        except (TokenRefusedError, UnreadableDiscoveryError) as error:
            raise _unauthorized(str(error)) from None
        return self._issued(request["workloadName"], user_of(token))

    def api_key(self, request: dict[str, Any], role: str | None) -> dict[str, Any]:
        """GetResourceApiKey."""
        return {"apiKey": self._secret_of("GetResourceApiKey", API_KEY, request, role)[1]}

    def oauth2_token(self, request: dict[str, Any], role: str | None) -> dict[str, Any]:
        """GetResourceOauth2Token, for the agent itself."""
        provider, secret = self._secret_of("GetResourceOauth2Token", OAUTH2, request, role)
        flow = request["oauth2Flow"]
        if flow != _M2M:
            raise not_served(f"the flow {flow} of GetResourceOauth2Token")
        return {"accessToken": access_token(self._discovery, provider, secret, request)}

    def _usable(self, name: str) -> None:
        """Check that a caller may have a token of an identity at all."""
        with self._store.using():
            linked = self._directory.get(name).linked
        if linked:
            raise invalid(
                "WorkloadIdentity is linked to a service and cannot retrieve an access token by the caller."
            )

    def _issued(self, name: str, user: str | None) -> dict[str, Any]:
        self._usable(name)
        return {"workloadAccessToken": self._tokens.issue(name, user)}

    def _secret_of(
        self, operation: str, kind: str, request: dict[str, Any], role: str | None
    ) -> tuple[Provider, str]:
        """Return a provider and its secret for whoever may use both."""
        workload = self._tokens.read(request["workloadIdentityToken"])
        with self._store.using():
            identity = self._directory.find(workload.identity)
        if identity is None:
            raise _unauthorized("The workload identity of the token does not exist.")
        self._allow(role, Permission(f"bedrock-agentcore:{operation}", identity.arn))
        provider = self._vault.provider(kind, request["resourceCredentialProviderName"])
        self._allow(role, Permission("secretsmanager:GetSecretValue", provider.secret.arn))
        return provider, self._secrets.read(provider.secret)

    def _allow(self, role: str | None, needed: Permission) -> None:
        reason = self._lacks(role, [needed]) if role is not None else None
        if reason is not None:
            raise ServiceError("AccessDeniedException", reason)


def _unauthorized(message: str) -> ServiceError:
    return ServiceError("UnauthorizedException", message)
