"""The token endpoint of a Cognito user pool's domain, and a discovery document that names it.

Differences inside moto (token lifetimes, allowed flows) are fixed in `local.moto`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from werkzeug import Request, Response

from local.moto import cognito as moto_cognito

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path
_DISCOVERY = "/.well-known/openid-configuration"


class OAuthError(Exception):
    """A request that the token endpoint refuses.

    Attributes:
        code: OAuth error code (RFC 6749, section 5.2; Cognito developer guide, "Token endpoint").
        description: What is wrong.
    """

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


class Cognito:
    """Serves the token endpoint and the discovery document; moto serves every other request.

    AWS has a token endpoint on each pool's domain. Here all pools share one, and the client id selects
    the pool.

    Args:
        fallback: moto.
        account_id: Account.
        region: Region.
    """

    def __init__(self, fallback: WSGIApplication, account_id: str, region: str) -> None:
        self._fallback = fallback
        self._account_id = account_id
        self._region = region

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = Request(environ)
        if request.path == TOKEN_PATH:
            return self._token(request)(environ, start_response)
        if request.path.endswith(_DISCOVERY) and request.method == "GET":
            return self._discovery(request)(environ, start_response)
        return self._fallback(environ, start_response)

    def _token(self, request: Request) -> Response:
        if request.method != "POST":
            return Response(status=405)
        try:
            return _json(self._issue(request), 200)
        except OAuthError as error:
            return _json({"error": error.code, "error_description": error.description}, 400)

    def _issue(self, request: Request) -> dict[str, Any]:
        """Answer the client credentials grant.

        Raises:
            OAuthError: The client is unknown, or asks for a grant or a scope that it may not have.
        """
        client_id, secret = _client_of(request)
        client = moto_cognito.app_client(self._account_id, self._region, client_id)
        if client is None or not client.has_domain:
            raise OAuthError("invalid_client", "no such client in a user pool with a domain")
        if client.secret is None or not hmac.compare_digest(client.secret, secret):
            raise OAuthError("invalid_client", "the client's secret is wrong, or it has none")
        if request.form.get("grant_type") != "client_credentials":
            raise OAuthError("unsupported_grant_type", "only client_credentials is supported")
        flows = client.settings.get("AllowedOAuthFlows") or []
        if "client_credentials" not in flows or not client.settings.get(
            "AllowedOAuthFlowsUserPoolClient"
        ):
            raise OAuthError("unauthorized_client", "the client may not use client_credentials")
        allowed = client.settings.get("AllowedOAuthScopes") or []
        wanted = (request.form.get("scope") or " ".join(allowed)).split()
        if not wanted or not set(wanted) <= set(allowed):
            raise OAuthError("invalid_scope", "the client may not have this scope")
        seconds = moto_cognito.token_seconds(client.settings, "access")
        now = int(time.time())
        claims = {
            "sub": client_id,
            "token_use": "access",
            "scope": " ".join(wanted),
            "auth_time": now,
            "iss": f"https://cognito-idp.{self._region}.amazonaws.com/{client.pool.id}",
            "exp": now + seconds,
            "iat": now,
            "version": 2,
            "jti": str(uuid.uuid4()),
            "client_id": client_id,
        }
        return {
            "access_token": moto_cognito.sign_token(client.pool, claims),
            "expires_in": seconds,
            "token_type": "Bearer",
        }

    def _discovery(self, request: Request) -> Response:
        """Add the token endpoint, which moto leaves out of the discovery document."""
        answer = Response.from_app(self._fallback, request.environ)
        if answer.status_code != 200:
            return answer
        document = json.loads(answer.get_data())
        document["token_endpoint"] = f"{request.scheme}://{request.host}{TOKEN_PATH}"
        document["token_endpoint_auth_methods_supported"] = [
            "client_secret_basic",
            "client_secret_post",
        ]
        return _json(document, 200)


def _client_of(request: Request) -> tuple[str, str]:
    """Return client id and secret, from the header or from the form (RFC 6749, section 2.3.1)."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            decoded = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise OAuthError("invalid_client", "the Authorization header is not base64") from error
        client_id, _, secret = decoded.partition(":")
        return unquote(client_id), unquote(secret)
    return request.form.get("client_id", ""), request.form.get("client_secret", "")


def _json(value: dict[str, Any], status: int) -> Response:
    return Response(
        json.dumps(value),
        status,
        {"Cache-Control": "no-store"} if "access_token" in value else {},
        content_type="application/json",
    )
