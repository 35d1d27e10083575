"""What a gateway gets from AgentCore Identity for its targets, with the rights of its role.

Source: AgentCore developer guide, "Set up permissions for AgentCore Gateway", gateway service role.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from local.agentcore.control.rights import Lacks
from local.agentcore.data.identity.operations import IdentityUse
from local.agentcore.data.identity.workload_tokens import WorkloadTokens
from local.agentcore.model.errors import ServiceError
from local.edge.iam.identities import of_identity_use
from local.edge.iam.permission import Permission, Place


class GatewayIdentity:
    """Gets keys and tokens.

    Args:
        use: The operations that agents use.
        tokens: Issues workload access tokens.
        lacks: Says what a role may not do.
        place: Where the account is.
    """

    def __init__(
        self, use: IdentityUse, tokens: WorkloadTokens, lacks: Lacks, place: Place
    ) -> None:
        self._use = use
        self._tokens = tokens
        self._lacks = lacks
        self._place = place

    def api_key(self, identity: str, role: str, provider: str) -> str:
        """Return the key of an API key credential provider.

        Args:
            identity: The gateway's workload identity.
            role: The gateway's role.
            provider: The provider's name.

        Raises:
            ServiceError: The role lacks a right, or there is no such provider.
        """
        request = {"resourceCredentialProviderName": provider}
        return str(self._got("GetResourceApiKey", identity, role, request)["apiKey"])

    def token(self, identity: str, role: str, provider: str, settings: dict[str, Any]) -> str:
        """Return an access token for the gateway itself.

        Args:
            identity: The gateway's workload identity.
            role: The gateway's role.
            provider: The provider's name.
            settings: The target's `oauthCredentialProvider`.

        Raises:
            ServiceError: The role lacks a right, there is no such provider, or it gives no token.
        """
        request = {
            "resourceCredentialProviderName": provider,
            "scopes": settings["scopes"],
            "oauth2Flow": "M2M",
            "customParameters": settings.get("customParameters", {}),
        }
        return str(self._got("GetResourceOauth2Token", identity, role, request)["accessToken"])

    def _got(
        self, operation: str, identity: str, role: str, request: dict[str, Any]
    ) -> dict[str, Any]:
        self._allow(role, "GetWorkloadAccessToken", {"workloadName": identity})
        token = self._tokens.issue(identity)
        self._allow(role, operation, request)
        return self._use.handlers[operation]({**request, "workloadIdentityToken": token}, role)

    def _allow(self, role: str, operation: str, members: dict[str, Any]) -> None:
        needed: Iterable[Permission] = of_identity_use(operation, members, self._place) or ()
        reason = self._lacks(role, needed)
        if reason is not None:
            raise ServiceError("AccessDeniedException", reason)
