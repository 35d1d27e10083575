"""Ask an OAuth token endpoint for an access token with client credentials (RFC 6749, section 4.4)."""

from __future__ import annotations

import base64
import functools
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus

import httpx
from pydantic import SecretStr

from lifecycle.clients import Clients
from lifecycle.errors import SmokeTestError
from lifecycle.smoke_test.bounded import TooLateError, read, within
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.untrusted import json_value

_ONE_TRY = 15.0
# RFC 6749, appendix A.12.
_HEADER_VALUE = re.compile(r"[\x21-\x7e]+")
# RFC 6749, section 5.2. Any other text in `error` could repeat what was sent.
_ERROR_CODES = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)


def discovered_token_endpoint(
    clients: Clients, patience: Patience, discovery_url: str
) -> tuple[str, bool]:
    """Read a provider's discovery document.

    Args:
        clients: For plain HTTPS.
        patience: How long to retry.
        discovery_url: URL of the document.

    Returns:
        The token endpoint, and whether client id and secret go into the body (`client_secret_post`) because the
        provider does not take them as a header (OpenID Connect Discovery 1.0, section 3).

    Raises:
        SmokeTestError: There is no such document, or it names no token endpoint.
    """
    document = _ask(clients, patience, "GET", discovery_url, {}, {})
    endpoint = document.get("token_endpoint")
    if not isinstance(endpoint, str):
        raise _failed(discovery_url, "a document without token_endpoint")
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if not isinstance(methods, list):
        raise _failed(
            discovery_url, "a document with a token_endpoint_auth_methods_supported that is no list"
        )
    in_body = "client_secret_basic" not in methods and "client_secret_post" in methods
    return endpoint, in_body


def request_token(
    clients: Clients,
    patience: Patience,
    endpoint: str,
    client_id: str,
    client_secret: SecretStr,
    parameters: Mapping[str, str | None],
    *,
    in_body: bool = False,
) -> SecretStr:
    """Get an access token.

    Args:
        clients: For plain HTTPS.
        patience: How long to retry the endpoint while its answers are undecided.
        endpoint: URL of the token endpoint.
        client_id: The client.
        client_secret: Its secret.
        parameters: More form fields, such as `scope`; None values are left out.
        in_body: Send id and secret in the form instead of the Authorization header.

    Returns:
        The access token.

    Raises:
        SmokeTestError: The endpoint refuses, or returns no token in time.
    """
    form = {"grant_type": "client_credentials"}
    form |= {key: value for key, value in parameters.items() if value is not None}
    headers: dict[str, str] = {}
    secret = client_secret.get_secret_value()
    if in_body:
        form |= {"client_id": client_id, "client_secret": secret}
    else:
        # Both are form-encoded before they become a Basic header (RFC 6749, section 2.3.1).
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    answer = _ask(clients, patience, "POST", endpoint, form, headers)
    token = answer.get("access_token")
    if not isinstance(token, str):
        raise _failed(endpoint, "an answer without access_token")
    if not _HEADER_VALUE.fullmatch(token):
        raise _failed(endpoint, "an access_token that no header can carry")
    return SecretStr(token)


def _ask(
    clients: Clients,
    patience: Patience,
    method: str,
    url: str,
    form: dict[str, str],
    headers: dict[str, str],
) -> dict[str, Any]:
    began = time.monotonic()
    tries = 0
    while True:
        tries += 1
        seconds = patience.for_one_try(_ONE_TRY)
        send = functools.partial(_send, clients, seconds, method, url, form, headers)
        try:
            status, body = within(seconds, send)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise _failed(url, type(error).__name__) from None
        except httpx.RequestError as error:
            # A new domain has no address yet.
            seen = type(error).__name__
        except TooLateError:
            seen = "no answer"
        else:
            seen = _seen(status, body)
            if status == HTTPStatus.OK:
                return _object(url, body)
            if not _is_undecided(status):
                raise _failed(url, seen)
        if not patience.wait(tries):
            raise _failed(url, f"{seen} for {time.monotonic() - began:.0f} s")


def _send(
    clients: Clients,
    seconds: float,
    method: str,
    url: str,
    form: dict[str, str],
    headers: dict[str, str],
) -> tuple[int, bytes]:
    # A small compressed body could become a huge one.
    sent = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
    with (
        clients.http(seconds) as http,
        http.stream(method, url, data=form or None, headers=sent) as response,
    ):
        return response.status_code, read(response.iter_raw(), seconds)


def _is_undecided(status: int) -> bool:
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in (
        HTTPStatus.NOT_FOUND,
        HTTPStatus.TOO_MANY_REQUESTS,
    )


def _object(url: str, body: bytes) -> dict[str, Any]:
    try:
        value = json_value(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise _failed(url, "an answer that is not a JSON object")
    return value


def _seen(status: int, body: bytes) -> str:
    try:
        value = json_value(body)
    except ValueError:
        value = None
    code = value.get("error") if isinstance(value, dict) else None
    if isinstance(code, str) and code in _ERROR_CODES:
        return f"{status} {code}"
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _failed(url: str, seen: str) -> SmokeTestError:
    return SmokeTestError(
        f"check 'The caller signs in': expected a token from {url[:200]}, seen {seen}; check that the client may use "
        "client credentials with this scope, and retry"
    )
