"""Ask an OAuth token endpoint for an access token with client credentials (RFC 6749, section 4.4)."""

from __future__ import annotations

import base64
import functools
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus

from pydantic import SecretStr

from lifecycle.clients import Clients
from lifecycle.errors import SmokeTestError
from lifecycle.provider import hosts
from lifecycle.provider.bounded import TooLateError, read, within
from lifecycle.provider.reach import CONDITIONS
from lifecycle.provider.transport import CheckedTransport
from lifecycle.settings import Networks
from lifecycle.smoke_test.callers.plain import UNREADABLE
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.untrusted import json_value

_ONE_TRY = 15.0
_MOST_UNREACHABLE = 3
_UNREACHABLE = f"no answer of its host: {CONDITIONS}"
_CHECK_PROVIDER = "check the URL, and whether the provider is up"
_CHECK_CLIENT = "check that the client may use client credentials with this scope"
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


@dataclass(frozen=True)
class _Call:
    """A request to a provider.

    Attributes:
        shown: What the error of a failed request names.
        networks: Which addresses the host may have; None for an endpoint of AWS itself.
    """

    method: str
    url: str
    shown: str
    networks: Networks | None
    form: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def read_document(
    clients: Clients, patience: Patience, discovery_url: str, networks: Networks
) -> dict[str, Any]:
    """Read a provider's discovery document.

    Args:
        clients: For plain HTTPS.
        patience: How long to retry.
        discovery_url: URL of the document; it is allowed.
        networks: Which addresses the host may have.

    Returns:
        The document.

    Raises:
        SmokeTestError: There is no such document.
    """
    return _ask(clients, patience, _Call("GET", discovery_url, discovery_url[:200], networks))


def request_token(
    clients: Clients,
    patience: Patience,
    endpoint: str,
    client_id: str,
    client_secret: SecretStr,
    parameters: Mapping[str, str | None],
    *,
    in_body: bool = False,
    networks: Networks | None = None,
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
        networks: Which addresses the host may have; None for an endpoint of AWS itself.

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
    # The path of an endpoint is the provider's to choose, so no output repeats it.
    shown = str(hosts.place_of(endpoint) or "the token endpoint")
    answer = _ask(clients, patience, _Call("POST", endpoint, shown, networks, form, headers))
    token = answer.get("access_token")
    if not isinstance(token, str):
        raise _failed(shown, "an answer without access_token")
    if not _HEADER_VALUE.fullmatch(token):
        raise _failed(shown, "an access_token that no header can carry")
    return SecretStr(token)


def _ask(clients: Clients, patience: Patience, call: _Call) -> dict[str, Any]:
    began = time.monotonic()
    tries = 0
    unreachable = 0
    while True:
        tries += 1
        seconds = patience.for_one_try(_ONE_TRY)
        try:
            status, body = within(seconds, functools.partial(_send, clients, seconds, call))
        except (*UNREADABLE, TooLateError):
            # One text for every cause, so that nobody learns which ports of a host are open.
            seen = _UNREACHABLE
            unreachable += 1
        else:
            seen = _seen(status, body)
            if status == HTTPStatus.OK:
                return _object(call.shown, body)
            if not _is_undecided(status):
                raise _failed(call.shown, seen)
        # A new domain of AWS's has no address yet. Another provider is there, or it is not.
        gives_up = call.networks is not None and unreachable >= _MOST_UNREACHABLE
        if gives_up or not patience.wait(tries):
            if seen == _UNREACHABLE:
                raise _failed(call.shown, f"{seen} ({tries} tries)", _CHECK_PROVIDER)
            raise _failed(call.shown, f"{seen} ({tries} tries in {time.monotonic() - began:.0f} s)")


def _send(clients: Clients, seconds: float, call: _Call) -> tuple[int, bytes]:
    # A small compressed body could become a huge one.
    sent = {"Accept": "application/json", "Accept-Encoding": "identity", **call.headers}
    transport = None if call.networks is None else CheckedTransport(call.networks)
    with (
        clients.http(seconds, transport) as http,
        http.stream(call.method, call.url, data=dict(call.form) or None, headers=sent) as response,
    ):
        return response.status_code, read(response.iter_raw(), seconds)


def _is_undecided(status: int) -> bool:
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in (
        HTTPStatus.NOT_FOUND,
        HTTPStatus.TOO_MANY_REQUESTS,
    )


def _object(shown: str, body: bytes) -> dict[str, Any]:
    try:
        value = json_value(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise _failed(shown, "an answer that is not a JSON object")
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


def _failed(shown: str, seen: str, fix: str = _CHECK_CLIENT) -> SmokeTestError:
    return SmokeTestError(
        f"check 'The caller signs in': expected a token from {shown}, seen {seen}; {fix}, and retry"
    )
