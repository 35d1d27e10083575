"""Who may call a gateway: SigV4 or a bearer token, as its authorizer says.

Source: AgentCore developer guide, "Set up inbound authorization for your gateway".
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from werkzeug import Request, Response

from local.agentcore.control.gateways.records import Gateway
from local.agentcore.data.discovery import Discovery, DiscoveryError
from local.agentcore.data.tokens import (
    TokenChecker,
    TokenRefusedError,
    UnreadableDiscoveryError,
)
from local.agentcore.model.app import plain_error
from local.agentcore.model.errors import ServiceError
from local.edge.operations import GATEWAY_PREFIX
from local.edge.signatures.claims import claims_signature
from local.readings import Readings

METADATA_PATH = "/.well-known/oauth-protected-resource"
_MISMATCH = "Authorization method mismatch. The gateway takes another kind of credentials."
_MISSING = "Missing Authentication Token"


class GatewayAccess:
    """Decides whether a request may pass a gateway.

    Args:
        tokens: Checks bearer tokens.
        discovery: OpenID providers, for the sign-in document.
        readings: What to play where the service's behaviour is not known.
    """

    def __init__(self, tokens: TokenChecker, discovery: Discovery, readings: Readings) -> None:
        self._tokens = tokens
        self._discovery = discovery
        self._readings = readings

    def refusal(self, request: Request, gateway: Gateway) -> Response | None:
        """Return the answer that refuses a request, or `None` if it may go on.

        Args:
            request: The request; the edge has verified its SigV4 signature, if it has one, and whether the caller's
                policies allow `InvokeGateway`.
            gateway: The gateway.

        Raises:
            ServiceError: The token cannot be checked, and the reading `unreadable-discovery` says so.
        """
        header = request.headers.get("Authorization", "")
        scheme, _, token = header.partition(" ")
        bearer = scheme.lower() == "bearer"
        authorizer = authorizer_of(gateway)
        if authorizer is None:
            if bearer:
                return self._other(request, gateway, _MISMATCH)
            if claims_signature(request):
                return None
            return _denied(request, "MissingAuthenticationTokenException", _MISSING)
        if claims_signature(request):
            return self._other(request, gateway, _MISMATCH)
        if not bearer or not token.strip():
            return _unauthorized(request, gateway, _MISSING, None)
        try:
            self._tokens.check(token.strip(), authorizer)
        except TokenRefusedError as error:
            return self._refused(request, gateway, error)
        except UnreadableDiscoveryError as error:
            if self._readings["unreadable-discovery"] == "403":
                return _denied(request, "AccessDeniedException", str(error))
            raise ServiceError("InternalServerException", str(error)) from error
        return None

    def sign_in_document(self, request: Request, gateway: Gateway) -> Response:
        """Return OAuth 2.0 Protected Resource Metadata (RFC 9728) of a gateway with a JWT authorizer."""
        authorizer = authorizer_of(gateway) or {}
        url = authorizer["discoveryUrl"]
        if self._readings["gateway-metadata"] == "issuer":
            try:
                url = self._discovery.provider(url).issuer
            except DiscoveryError:
                # The document must not fail for that: the issuer is the URL before its well-known part.
                url = url.split("/.well-known/")[0]
        document = {
            "resource": _resource(request, gateway),
            "authorization_servers": [url],
            "bearer_methods_supported": ["header"],
        }
        if "allowedScopes" in authorizer:
            document["scopes_supported"] = authorizer["allowedScopes"]
        return Response(json.dumps(document), mimetype="application/json")

    def _refused(self, request: Request, gateway: Gateway, error: TokenRefusedError) -> Response:
        if error.claim is None:
            return _unauthorized(request, gateway, error.message, "invalid_token")
        if error.claim == "scope":
            answer = _denied(request, "AccessDeniedException", error.message)
            answer.headers["WWW-Authenticate"] = _challenge(request, gateway, "insufficient_scope")
            return answer
        return self._other(request, gateway, error.message)

    def _other(self, request: Request, gateway: Gateway, message: str) -> Response:
        """Refuse what is good, but not for this gateway; with which status, no document says."""
        if self._readings["gateway-refusal"] == "403" or authorizer_of(gateway) is None:
            return _denied(request, "AccessDeniedException", message)
        return _unauthorized(request, gateway, message, "invalid_token")


def authorizer_of(gateway: Gateway) -> dict[str, Any] | None:
    """Return a gateway's JWT authorizer, or `None` for SigV4."""
    found = gateway.members.get("authorizerConfiguration", {}).get("customJWTAuthorizer")
    authorizer: dict[str, Any] | None = found
    return authorizer


def _unauthorized(
    request: Request, gateway: Gateway, message: str, problem: str | None
) -> Response:
    headers = {"WWW-Authenticate": _challenge(request, gateway, problem)}
    return _error(request, 401, "UnauthorizedException", message, headers)


def _denied(request: Request, code: str, message: str) -> Response:
    return _error(request, 403, code, message, {})


def _error(
    request: Request, status: int, code: str, message: str, headers: dict[str, str]
) -> Response:
    body: dict[str, Any] = {"message": message}
    if request.path.endswith("/mcp"):
        # An MCP client reads JSON-RPC, also when it is refused.
        body = {"jsonrpc": "2.0", "id": None, "error": {"code": -32001, "message": message}}
    return plain_error(status, code, body, headers, request.environ)


def _challenge(request: Request, gateway: Gateway, problem: str | None) -> str:
    """Return the header that tells a client where to learn how to sign in (RFC 9728), and for which scopes."""
    parts = [f'error="{problem}"'] if problem else []
    parts.append(f'resource_metadata="{_address(request, gateway)}{METADATA_PATH}"')
    scopes = (authorizer_of(gateway) or {}).get("allowedScopes")
    if scopes:
        parts.append(f'scope="{" ".join(scopes)}"')
    return f"Bearer {', '.join(parts)}"


def _resource(request: Request, gateway: Gateway) -> str:
    mcp = gateway.members.get("protocolType") == "MCP"
    return f"{_address(request, gateway)}{'/mcp' if mcp else ''}"


def _address(request: Request, gateway: Gateway) -> str:
    return f"{request.host_url.rstrip('/')}{GATEWAY_PREFIX}{quote(gateway.id)}"
