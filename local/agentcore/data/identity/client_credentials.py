"""The client credentials grant (RFC 6749, section 4.4): a token for the agent itself."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from local.agentcore.control.credentials.vault import Provider
from local.agentcore.data.discovery import Discovery, DiscoveryError
from local.agentcore.model.errors import ServiceError, invalid

_BASIC, _POST = "client_secret_basic", "client_secret_post"
_ERROR = re.compile(r"[a-z_]{1,64}")


def access_token(
    discovery: Discovery, provider: Provider, client_secret: str, request: dict[str, Any]
) -> str:
    """Ask a provider's token endpoint for a token.

    Args:
        discovery: Reads documents and asks token endpoints, by the rules of the local AWS.
        provider: The provider.
        client_secret: Its client secret.
        request: The members of GetResourceOauth2Token.

    Raises:
        ServiceError: ValidationException; never with the secret or what the endpoint answered, but for its error code.
    """
    try:
        endpoint, methods = _endpoint(discovery, provider)
        fields = _fields(request)
        client_id = str(provider.configuration["clientId"])
        auth = None
        if _method(provider, methods) == _BASIC:
            # RFC 6749, section 2.3.1: both are form-encoded first.
            auth = (quote(client_id, safe=""), quote(client_secret, safe=""))
        else:
            fields |= {"client_id": client_id, "client_secret": client_secret}
        status, answer = discovery.post_form(endpoint, fields, auth)
    except DiscoveryError as error:
        raise _failed(provider, str(error)) from None
    token = answer.get("access_token")
    if status != 200 or not isinstance(token, str) or not token:
        code = str(answer.get("error"))
        why = code if _ERROR.fullmatch(code) else f"status {status} without an access token"
        raise _failed(provider, f"the token endpoint answered {why}")
    return token


def _endpoint(discovery: Discovery, provider: Provider) -> tuple[str, list[str] | None]:
    found = provider.configuration["oauthDiscovery"]
    metadata = found.get("authorizationServerMetadata")
    if metadata is not None:
        return str(metadata["tokenEndpoint"]), metadata.get("tokenEndpointAuthMethods")
    document = discovery.document(found["discoveryUrl"])
    endpoint = document.get("token_endpoint")
    if not isinstance(endpoint, str):
        message = f"the document at {found['discoveryUrl']} has no token_endpoint"
        raise DiscoveryError(message)
    methods = document.get("token_endpoint_auth_methods_supported")
    return endpoint, methods if isinstance(methods, list) else None


def _method(provider: Provider, methods: list[str] | None) -> str:
    """Return how the client authenticates: as configured, or `client_secret_basic` unless only the other is served."""
    chosen = provider.configuration.get("clientAuthenticationMethod")
    if chosen is not None:
        return str(chosen).lower()
    return _POST if methods and _BASIC not in methods and _POST in methods else _BASIC


def _fields(request: dict[str, Any]) -> dict[str, Any]:
    standard: dict[str, Any] = {"grant_type": "client_credentials"}
    if request["scopes"]:
        standard["scope"] = " ".join(request["scopes"])
    if request.get("resources"):
        standard["resource"] = request["resources"]
    if request.get("audiences"):
        standard["audience"] = request["audiences"]
    return {**request.get("customParameters", {}), **standard}


def _failed(provider: Provider, why: str) -> ServiceError:
    return invalid(f"No token for the credential provider '{provider.name}': {why}.")
