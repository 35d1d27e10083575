"""Cognito: token lifetimes, sign-in flows and operations that moto lacks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache, wraps
from types import SimpleNamespace
from typing import Any

import moto.cognitoidp.models as cognito_models
from joserfc import jwk, jwt
from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.models import CognitoIdpBackend, CognitoIdpUserPool, cognitoidp_backends
from moto.cognitoidp.responses import CognitoIdpResponse
from moto.core.responses import ActionResult

_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_DEFAULT_FLOWS = ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"]
_FLOW_NAMES = {
    "REFRESH_TOKEN": "REFRESH_TOKEN_AUTH",
    "ADMIN_NO_SRP_AUTH": "ADMIN_USER_PASSWORD_AUTH",
}


def limit_tokens() -> None:
    """Give tokens the lifetime that the app client sets; in moto every token lasts an hour.

    Upstream: upstream/token-lifetimes.md.
    """
    original = CognitoIdpUserPool.create_jwt

    @wraps(original)
    def create_jwt(
        self: CognitoIdpUserPool, client_id: str, username: str, token_use: str, **more: Any
    ) -> tuple[str, int]:
        client = self.clients.get(client_id)
        if client is not None and "expires_in" not in more:
            more["expires_in"] = token_seconds(client.extended_config, token_use)
        return original(self, client_id, username, token_use, **more)

    CognitoIdpUserPool.create_jwt = create_jwt  # type: ignore[method-assign, assignment]


def token_seconds(client: dict[str, Any], token_use: str) -> int:
    """Return the lifetime of an app client's tokens in seconds.

    The unit is hours unless `TokenValidityUnits` sets another (Cognito API reference,
    UserPoolClientType).

    Args:
        client: The client as DescribeUserPoolClient returns it.
        token_use: `access` or `id`.
    """
    name = "AccessToken" if token_use == "access" else "IdToken"  # noqa: S105
    unit = (client.get("TokenValidityUnits") or {}).get(name, "hours")
    return int(client.get(f"{name}Validity") or 0) * _UNITS[unit] or 3600


def enforce_flows() -> None:
    """Refuse sign-in flows that the app client does not allow; moto accepts every flow.

    Upstream: upstream/sign-in-flows.md.
    """
    admin = CognitoIdpBackend.admin_initiate_auth
    public = CognitoIdpBackend.initiate_auth

    def check(client: Any, flow: str) -> None:
        allowed = (client.extended_config.get("ExplicitAuthFlows") if client else None) or (
            _DEFAULT_FLOWS
        )
        flow = _FLOW_NAMES.get(flow, flow)
        if client is not None and not {f"ALLOW_{flow}", flow} & set(allowed):
            raise InvalidParameterException(f"{flow} flow not enabled for this client")

    @wraps(admin)
    def admin_initiate_auth(
        self: CognitoIdpBackend, user_pool_id: str, client_id: str, auth_flow: str, parameters: Any
    ) -> Any:
        check(self.describe_user_pool(user_pool_id).clients.get(client_id), auth_flow)
        return admin(self, user_pool_id, client_id, auth_flow, parameters)

    @wraps(public)
    def initiate_auth(
        self: CognitoIdpBackend, client_id: str, auth_flow: str, parameters: Any
    ) -> Any:
        for pool in [*self.user_pools.values()]:
            check(pool.clients.get(client_id), auth_flow)
        return public(self, client_id, auth_flow, parameters)

    CognitoIdpBackend.admin_initiate_auth = admin_initiate_auth  # type: ignore[method-assign, assignment]
    CognitoIdpBackend.initiate_auth = initiate_auth  # type: ignore[method-assign, assignment]


def update_resource_servers() -> None:
    """Serve UpdateResourceServer, which moto lacks.

    It replaces name and scopes; the identifier cannot change (Cognito API reference).
    Upstream: upstream/cognito-operations.md.
    """

    def update_resource_server(self: CognitoIdpResponse) -> ActionResult:
        server = self.backend.describe_resource_server(
            self._get_param("UserPoolId"), self._get_param("Identifier")
        )
        server.name, server.scopes = self._get_param("Name"), self._get_param("Scopes")
        return ActionResult({"ResourceServer": server.to_json()})

    CognitoIdpResponse.update_resource_server = (  # type: ignore[attr-defined]
        update_resource_server
    )


def tag_user_pools() -> None:
    """Serve TagResource, which moto lacks for user pools.

    The tests of the functions, which use moto alone, install only this seam.
    Upstream: upstream/cognito-operations.md.
    """

    def tag_resource(self: CognitoIdpResponse) -> ActionResult:
        pool_id = self._get_param("ResourceArn").rpartition("/")[2]
        pool = self.backend.describe_user_pool(pool_id)
        tags = pool.extended_config.get("UserPoolTags") or {}
        pool.extended_config["UserPoolTags"] = {**tags, **self._get_param("Tags")}
        return ActionResult({})

    CognitoIdpResponse.tag_resource = tag_resource  # type: ignore[attr-defined]


def keep_signing_key() -> None:
    """Read moto's signing key once, not for each user pool.

    The file leaves the key's prime factors out, and to find them takes a tenth of a second. Nobody changes the key.
    Upstream: upstream/signing-keys.md.
    """

    @lru_cache(maxsize=1)
    def read(text: str) -> jwk.RSAKey:
        return jwk.RSAKey.import_key(json.loads(text))

    def import_key(value: dict[str, Any]) -> jwk.RSAKey:
        return read(json.dumps(value))

    # The name in moto's module alone: others import keys of their own with joserfc.
    cognito_models.jwk = SimpleNamespace(RSAKey=SimpleNamespace(import_key=import_key))  # type: ignore[attr-defined, assignment]


@dataclass(frozen=True)
class AppClient:
    """An app client, with what a token endpoint needs to know.

    Attributes:
        pool: moto's user pool.
        secret: The client's secret, if it has one.
        settings: The client as DescribeUserPoolClient returns it.
        has_domain: Whether the pool has a domain, and so a token endpoint.
    """

    pool: CognitoIdpUserPool
    secret: str | None
    settings: dict[str, Any]
    has_domain: bool


def app_client(account_id: str, region: str, client_id: str) -> AppClient | None:
    """Return the app client with this id, in whatever user pool, or `None`."""
    backend = cognitoidp_backends[account_id][region]
    for pool in [*backend.user_pools.values()]:
        client = pool.clients.get(client_id)
        if client is not None:
            domains = backend.user_pool_domains.values()
            return AppClient(
                pool,
                client.secret if client.generate_secret else None,
                dict(client.extended_config),
                any(domain.user_pool_id == pool.id for domain in domains),
            )
    return None


def sign_token(pool: CognitoIdpUserPool, claims: dict[str, Any]) -> str:
    """Sign claims with the key that the pool publishes, and return the JWT.

    In moto all pools share one key. Upstream: upstream/signing-keys.md.
    """
    return str(jwt.encode({"kid": "dummy", "alg": "RS256"}, claims, pool.json_web_key))
