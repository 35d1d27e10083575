"""What a provider's discovery document says, and whether a secret may be sent there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.provider import hosts
from lifecycle.settings import ProviderSettings

WELL_KNOWN = "/.well-known/openid-configuration"
_SHOWN = 200


class DiscoveryRefusedError(Exception):
    """The document names no token endpoint that the secret may be sent to; the message is what was seen."""


@dataclass(frozen=True)
class TokenEndpoint:
    """Where a client gets a token.

    Attributes:
        url: Its URL.
        in_body: Client id and secret go into the body (`client_secret_post`), because the provider does not take them
            as a header.
    """

    url: str
    in_body: bool = False


def token_endpoint_of(
    document: Mapping[str, Any],
    discovery_url: str,
    secret_hosts: Collection[str],
    settings: ProviderSettings,
) -> TokenEndpoint:
    """Read the token endpoint of a discovery document.

    The endpoint has the scheme, host and port of the document, or it is a Cognito domain in the Region of a Cognito
    issuer. Any other host must be named by both the stack (`ProviderHosts`) and the secret's tag, for example the
    custom domain of a user pool.

    Args:
        document: The document (OpenID Connect Discovery 1.0, section 3).
        discovery_url: Where it was read; it is allowed.
        secret_hosts: The hosts that the secret's tag names.
        settings: The stack's settings.

    Raises:
        DiscoveryRefusedError: The document is another issuer's, or the secret may not be sent to its token endpoint.
    """
    _check_issuer(document.get("issuer"), discovery_url)
    url = document.get("token_endpoint")
    if not isinstance(url, str):
        raise DiscoveryRefusedError("a document without token_endpoint")
    issuer, endpoint = hosts.place_of(discovery_url), hosts.place_of(url)
    if issuer is None or endpoint is None:
        raise DiscoveryRefusedError("a document whose token_endpoint is no URL of a host name")
    if endpoint != issuer and not (
        (endpoint.scheme, endpoint.port) == (issuer.scheme, issuer.port)
        and (
            hosts.is_cognito_pair(issuer.host, endpoint.host)
            or (endpoint.host in secret_hosts and hosts.refusal(url, settings) is None)
        )
    ):
        raise DiscoveryRefusedError(
            f"a document whose token_endpoint is at {str(endpoint)[:_SHOWN]}: the secret is sent only to {issuer}, or "
            "to a host that both the stack's parameter ProviderHosts and the secret's tag name"
        )
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if not isinstance(methods, list):
        raise DiscoveryRefusedError(
            "a document with a token_endpoint_auth_methods_supported that is no list"
        )
    return TokenEndpoint(
        url, "client_secret_basic" not in methods and "client_secret_post" in methods
    )


def _check_issuer(issuer: Any, discovery_url: str) -> None:
    """Refuse a document that another issuer wrote (OpenID Connect Discovery 1.0, section 4.3).

    An issuer may end in `/`, which is left out before the well-known path is added (section 4.1).
    """
    expected = discovery_url.removesuffix(WELL_KNOWN)
    if not isinstance(issuer, str):
        raise DiscoveryRefusedError("a document without issuer")
    if issuer.removesuffix("/") != expected:
        raise DiscoveryRefusedError(
            f"a document of another issuer, expected issuer {expected[:_SHOWN]}; use the discovery URL of that issuer"
        )
