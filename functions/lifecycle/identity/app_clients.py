"""The app clients of a user pool, its scopes and its domain: what a caller needs to get a token.

Each flow has its own clients, because a client that was created without a secret can never get one. After a switch of
the flow, the old client stays unchanged until the teardown. Each flow also has a probe client: its tokens are valid,
but the runtime must refuse them.
"""

from __future__ import annotations

from typing import Any, Literal

from botocore.exceptions import ClientError

from lifecycle.errors import AwsCallError, ServiceUnavailableError
from lifecycle.identity import unseen
from lifecycle.identity.user_pool import same
from lifecycle.sections.flow import Flow

INVOKE_SCOPE = "invoke"
PROBE_SCOPE = "probe"
_NOT_FOUND = "ResourceNotFoundException"
_COMMON: dict[str, Any] = {
    "AccessTokenValidity": 60,
    "IdTokenValidity": 60,
    "RefreshTokenValidity": 1,
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"},
    "PreventUserExistenceErrors": "ENABLED",
    "EnableTokenRevocation": True,
}


def client_settings(flow: Flow, scopes: list[str]) -> dict[str, Any]:
    """The settings of an app client that the lifecycle manages, as the create and update calls take them.

    Args:
        flow: How callers get a token.
        scopes: For client credentials: the scopes that the client may request.
    """
    if flow == "password":
        return {
            **_COMMON,
            "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            "AllowedOAuthFlowsUserPoolClient": False,
        }
    return {
        **_COMMON,
        # Without this list, Cognito allows SRP and custom sign-in (API reference, CreateUserPoolClient).
        "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"],
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": scopes,
        "AllowedOAuthFlowsUserPoolClient": True,
    }


def find_client(
    cognito: Any, pool_id: str, name: str, client_id: str | None
) -> dict[str, Any] | None:
    """Find an app client: the one that the record names, or else the client of this name."""
    known = describe_client(cognito, pool_id, client_id)
    if known is not None:
        return known
    for summary in list_clients(cognito, pool_id):
        if summary["ClientName"] == name:
            return describe_client(cognito, pool_id, summary["ClientId"])
    return None


def list_clients(cognito: Any, pool_id: str) -> list[dict[str, Any]]:
    """The ids and names of a pool's app clients."""
    pages = cognito.get_paginator("list_user_pool_clients").paginate(
        UserPoolId=pool_id, PaginationConfig={"PageSize": 60}
    )
    return [client for page in pages for client in page["UserPoolClients"]]


def describe_client(cognito: Any, pool_id: str, client_id: str | None) -> dict[str, Any] | None:
    """Look an app client up, its secret included; None when there is none, or no id."""
    if client_id is None:
        return None
    try:
        client: dict[str, Any] = cognito.describe_user_pool_client(
            UserPoolId=pool_id, ClientId=client_id
        )["UserPoolClient"]
    except ClientError as error:
        if error.response["Error"]["Code"] == _NOT_FOUND:
            return None
        raise
    return client


def create_client(
    cognito: Any, pool_id: str, name: str, flow: Flow, settings: dict[str, Any]
) -> dict[str, Any]:
    """Create an app client; for client credentials, with a secret."""
    client: dict[str, Any] = cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName=name,
        GenerateSecret=flow == "clientCredentials",
        **settings,
    )["UserPoolClient"]
    return client


def repair_client(
    cognito: Any, pool_id: str, client: dict[str, Any], settings: dict[str, Any]
) -> list[str]:
    """Reset a client's settings; returns the names of those that differed."""
    drift = [key for key, wanted in settings.items() if not same(wanted, client.get(key))]
    if drift:
        # The update resets every setting that is left out, so all of them are sent.
        cognito.update_user_pool_client(
            UserPoolId=pool_id,
            ClientId=client["ClientId"],
            ClientName=client["ClientName"],
            **settings,
        )
    return drift


def ensure_scopes(cognito: Any, pool_id: str, name: str) -> Literal["created", "repaired", "kept"]:
    """Create the resource server with its two scopes, or restore a missing scope.

    Raises:
        ServiceUnavailableError: It exists, and is not found.
    """
    wanted = {
        "UserPoolId": pool_id,
        "Identifier": name,
        "Name": name,
        "Scopes": [
            {"ScopeName": INVOKE_SCOPE, "ScopeDescription": "May call the agent"},
            {"ScopeName": PROBE_SCOPE, "ScopeDescription": "Must be refused by the agent"},
        ],
    }
    try:
        server = cognito.describe_resource_server(UserPoolId=pool_id, Identifier=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != _NOT_FOUND:
            raise
        unseen.create(
            cognito.create_resource_server,
            f"the resource server {name}",
            "DescribeResourceServer",
            **wanted,
        )
        return "created"
    names = {scope["ScopeName"] for scope in server["ResourceServer"].get("Scopes", [])}
    if names >= {INVOKE_SCOPE, PROBE_SCOPE}:
        return "kept"
    cognito.update_resource_server(**wanted)
    return "repaired"


def describe_domain(cognito: Any, domain: str) -> dict[str, Any] | None:
    """Look a domain up; None when it is not in use (Cognito then returns an empty description)."""
    try:
        description = cognito.describe_user_pool_domain(Domain=domain)["DomainDescription"]
    except ClientError as error:
        if error.response["Error"]["Code"] == _NOT_FOUND:
            return None
        raise
    return description if description.get("UserPoolId") else None


def ensure_domain(cognito: Any, pool: dict[str, Any], domain: str) -> Literal["created", "kept"]:
    """Create the domain of the pool, which has the token endpoint.

    Raises:
        AwsCallError: The domain belongs to another pool.
        ServiceUnavailableError: The domain is still being deleted, from this pool or from an earlier one.
    """
    description = describe_domain(cognito, domain)
    if description is None:
        cognito.create_user_pool_domain(Domain=domain, UserPoolId=pool["Id"])
        return "created"
    if _is_deleting(description):
        raise ServiceUnavailableError(
            f"the domain {domain} is still being deleted; the lifecycle retries this step"
        )
    if description["UserPoolId"] != pool["Id"]:
        raise AwsCallError(
            f"the domain {domain} belongs to user pool {description['UserPoolId']}; delete it there and retry"
        )
    return "kept"


def delete_domain(cognito: Any, pool_id: str, domain: str) -> None:
    """Delete a pool's domain, unless that is in progress, which may take a minute."""
    description = describe_domain(cognito, domain)
    if description is not None and not _is_deleting(description):
        cognito.delete_user_pool_domain(Domain=domain, UserPoolId=pool_id)


def _is_deleting(domain: dict[str, Any]) -> bool:
    return domain.get("Status") == "DELETING"
