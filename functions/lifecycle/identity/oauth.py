"""The URLs of Cognito's discovery document and token endpoint."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn")


def discovery_url(cognito: Any, pool_id: str) -> str:
    """The OpenID discovery document of a user pool, as AgentCore's `customJWTAuthorizer` takes it.

    Args:
        cognito: A boto3 Cognito client, for its region.
        pool_id: The user pool's id.

    Returns:
        An https URL that ends in `/.well-known/openid-configuration`.
    """
    return (
        f"https://cognito-idp.{cognito.meta.region_name}.amazonaws.com/{pool_id}"
        "/.well-known/openid-configuration"
    )


def token_endpoint(cognito: Any, domain: str) -> str:
    """The OAuth token endpoint of a user pool's domain.

    If the client's endpoint is outside of AWS, the token endpoint is there too. Otherwise it is on the pool's own
    domain (Cognito developer guide, "Token endpoint").

    Args:
        cognito: A boto3 Cognito client.
        domain: The domain's prefix.

    Returns:
        A URL that ends in `/oauth2/token`.
    """
    endpoint = str(cognito.meta.endpoint_url)
    if (urlsplit(endpoint).hostname or "").endswith(_AWS_DOMAINS):
        return f"https://{domain}.auth.{cognito.meta.region_name}.amazoncognito.com/oauth2/token"
    return f"{endpoint.rstrip('/')}/oauth2/token"
