"""OpenID discovery documents and their keys, fetched and kept for a short while."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt

from local.agentcore.settings import Clock

FRESH_SECONDS = 60.0
"""How long a document and its keys are used before they are fetched again."""

_COGNITO = re.compile(r"cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")


class DiscoveryError(Exception):
    """The provider's documents cannot be read; the message says which and why."""


@dataclass(frozen=True)
class Provider:
    """An OpenID provider.

    Attributes:
        issuer: What its tokens carry as `iss`.
        keys: Its signing keys by key id.
        fetched_at: Seconds since the epoch.
    """

    issuer: str
    keys: dict[str | None, jwt.PyJWK]
    fetched_at: float


class Discovery:
    """Knows the providers by their discovery URLs; safe between threads.

    Args:
        endpoint_url: The local AWS; Cognito's own host name is looked for there.
        clock: Seconds since the epoch.
    """

    def __init__(self, endpoint_url: str, clock: Clock) -> None:
        self._endpoint_url = endpoint_url.rstrip("/")
        self._clock = clock
        self._known: dict[str, Provider] = {}
        self._lock = threading.Lock()

    def provider(self, url: str, *, key_id: str | None = None) -> Provider:
        """Return the provider behind a discovery URL.

        Args:
            url: The authorizer's discovery URL.
            key_id: A key that has to be there: if it is not, the keys are fetched again once,
                since a provider may have changed them.

        Raises:
            DiscoveryError: If a document cannot be fetched or is not what it should be.
        """
        now = self._clock()
        with self._lock:
            known = self._known.get(url)
        if known is not None:
            age = now - known.fetched_at
            # At most one extra fetch a second, however many tokens with made-up keys come in.
            good = key_id is None or key_id in known.keys or age < 1.0
            if good and 0 <= age < FRESH_SECONDS:
                return known
        fetched = self._fetch(url, now)
        with self._lock:
            self._known[url] = fetched
        return fetched

    def document(self, url: str) -> dict[str, Any]:
        """Fetch a document anew.

        Raises:
            DiscoveryError: If it cannot be fetched or is no JSON object.
        """
        return self._json(url)

    def post_form(
        self, url: str, fields: Mapping[str, Any], auth: tuple[str, str] | None
    ) -> tuple[int, dict[str, Any]]:
        """Ask a provider's token endpoint; a redirect is not followed, since the form holds a secret.

        Args:
            url: The endpoint.
            fields: The form.
            auth: Client id and secret for HTTP Basic authentication.

        Returns:
            The status of the answer, and its JSON object; an empty one if it has none.

        Raises:
            DiscoveryError: If nobody answers.
        """
        try:
            answer = self._http.post(
                self._resolve(url),
                data=dict(fields),
                auth=httpx.BasicAuth(*auth) if auth else httpx.USE_CLIENT_DEFAULT,
                follow_redirects=False,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise DiscoveryError(f"{url} cannot be read: {type(error).__name__}") from None
        try:
            document = answer.json()
        except ValueError:
            document = None
        return answer.status_code, document if isinstance(document, dict) else {}

    @functools.cached_property
    def _http(self) -> httpx.Client:
        # Made when it is needed: it loads certificates, which takes long.
        return httpx.Client(timeout=10.0, follow_redirects=True, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        if "_http" in vars(self):
            self._http.close()

    def _fetch(self, url: str, now: float) -> Provider:
        document = self._json(url)
        issuer, keys_url = document.get("issuer"), document.get("jwks_uri")
        if not isinstance(issuer, str) or not isinstance(keys_url, str):
            raise DiscoveryError(f"the document at {url} has no issuer or no jwks_uri")
        keys: dict[str | None, jwt.PyJWK] = {}
        for entry in self._json(keys_url).get("keys", []):
            try:
                keys[entry.get("kid")] = jwt.PyJWK.from_dict(entry)
            except jwt.exceptions.PyJWKError:
                continue  # a key of a kind that no token here can be signed with
        return Provider(issuer, keys, now)

    def _json(self, url: str) -> dict[str, Any]:
        try:
            answer = self._http.get(self._resolve(url))
            answer.raise_for_status()
            document = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise DiscoveryError(f"{url} cannot be read: {type(error).__name__}") from error
        if not isinstance(document, dict):
            raise DiscoveryError(f"{url} is not a JSON object")
        return document

    def _resolve(self, url: str) -> str:
        """Send Cognito's host name to the local AWS; any other URL stays what it is."""
        parts = urlsplit(url)
        if _COGNITO.fullmatch(parts.hostname or "") is None:
            return url
        return f"{self._endpoint_url}{parts.path}"
