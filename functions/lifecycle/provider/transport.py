"""HTTPS to a provider, at an address that was checked: the connection goes to the very address that was looked at.

If the name were resolved once for the check and again for the connection, its owner could answer otherwise the second
time (DNS rebinding).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

import httpx

from lifecycle.clients import trusted
from lifecycle.provider.addresses import is_public
from lifecycle.settings import Networks

Resolve = Callable[[str, int], list[str]]
_MOST_ADDRESSES = 4


class AddressRefusedError(httpx.ConnectError):
    """The name has no address, or one that a provider may not have."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order of the system's preference; none for an unknown one."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class CheckedTransport(httpx.BaseTransport):
    """Resolves a host once, refuses it if one of its addresses is not public, and connects to those addresses only.

    Args:
        networks: `any` takes every address, for the local AWS.
        resolve: Returns the addresses of a host and port.
        inner: Sends a request whose URL has an address as its host.
        trust: The certificates to trust; those of `lifecycle.clients` if left out.
    """

    def __init__(
        self,
        networks: Networks,
        *,
        resolve: Resolve = resolve,
        inner: httpx.BaseTransport | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._networks = networks
        self._resolve = resolve
        self._inner = inner or httpx.HTTPTransport(verify=trust or trusted(), trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its header `Host` and the name in TLS stay those of the URL.

        Raises:
            AddressRefusedError: The name has no address, or one that is not public.
            httpx.RequestError: No address can be reached, or it answers otherwise than HTTP.
        """
        url = request.url
        addresses = self._resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        if not addresses or not (self._networks == "any" or all(map(is_public, addresses))):
            raise AddressRefusedError("refused", request=request)
        *others, last = addresses[:_MOST_ADDRESSES]
        for address in others:
            # A function without IPv6 cannot reach such an address of the host, and takes the next.
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return self._send(request, url, address)
        return self._send(request, url, last)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _send(self, request: httpx.Request, url: httpx.URL, address: str) -> httpx.Response:
        pinned = httpx.Request(
            method=request.method,
            url=url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": url.host},
        )
        return self._inner.handle_request(pinned)
