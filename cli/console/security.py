"""Who is answered: the browser that opened the printed address, on this machine, from the console's own pages.

Any page in the browser can send requests to a port of this machine, and any program on it can connect. So a request
needs the secret of the printed address, or of an address for one opening (afterwards in a cookie), the host name that
was printed (another name can be made to lead here: DNS rebinding), and, if it can change something, must come from a
page of the console.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
_NAMES = (LOOPBACK, "localhost")
_TOKEN = "token"  # noqa: S105 - the name of the parameter
_CODE = "code"
_READING = ("GET", "HEAD")

HEADERS = {
    # Scripts, styles and connections of the console's own only; nothing inline; in no other page's frame.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""The headers of every answer."""

Refusal = Callable[[Request, str], Response]
"""Makes the answer to a request that is refused; the second argument is the key of its text."""


@dataclass(frozen=True)
class Gate:
    """What a request must bring.

    Attributes:
        port: The port that the console listens on.
        token: The secret of the address that is printed.
    """

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    _codes: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The values of the header Host that are answered."""
        return tuple(f"{name}:{self.port}" for name in _NAMES)

    @property
    def cookie(self) -> str:
        """The name of the cookie. Browsers send cookies to every port, so each console has its own."""
        return f"lifecycle-console-{self.port}"

    @property
    def url(self) -> str:
        """The address to open. It holds the secret."""
        return f"http://{LOOPBACK}:{self.port}/?{urlencode({_TOKEN: self.token})}"

    def url_for_one_opening(self) -> str:
        """Return an address that lets in one browser, once. It does not hold the token."""
        code = secrets.token_urlsafe(24)
        self._codes.add(code)
        return f"http://{LOOPBACK}:{self.port}/?{urlencode({_CODE: code})}"

    def knows(self, token: str | None) -> bool:
        """Whether a text is the token."""
        return token is not None and _same(token, self.token)

    def spends(self, code: str) -> bool:
        """Whether a text is the code of an address for one opening that was not opened; from now on it was."""
        found = next((one for one in tuple(self._codes) if _same(code, one)), None)
        if found is None:
            return False
        self._codes.remove(found)
        return True


def path_of(request: Request) -> str:
    """Return the path that a request asks for, to be led to: encoded, and always on this host."""
    # Two slashes at the beginning would name another host; browsers read a backslash as a slash.
    return quote("/" + request.scope["path"].lstrip("/\\"))


class Guard:
    """An ASGI application that lets through to another one what the gate allows.

    Args:
        app: The application.
        gate: What a request must bring.
        refuse: Makes the answers to requests that are refused.
    """

    def __init__(self, app: ASGIApp, gate: Gate, refuse: Refusal) -> None:
        self._app = app
        self._gate = gate
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; there are no WebSockets."""
        if scope["type"] != "http":
            raise ValueError(f"not served: {scope['type']}")

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        answer = self._answer(Request(scope))
        await (answer or self._app)(scope, receive, protected)

    def _answer(self, request: Request) -> Response | None:
        """Return the answer to a request that goes no further."""
        gate = self._gate
        if request.headers.get("host") not in gate.hosts:
            return self._refuse(request, "refused.host")
        query = parse_qsl(request.url.query, keep_blank_values=True)
        given = {name: value for name, value in reversed(query) if name in (_TOKEN, _CODE)}
        if given and request.method in _READING:
            if _TOKEN in given and not gate.knows(given[_TOKEN]):
                return self._refuse(request, "refused.token")
            if _TOKEN not in given and not gate.spends(given[_CODE]):
                return self._refuse(request, "refused.code")
            return self._opened(request, [one for one in query if one[0] not in given])
        if not gate.knows(request.cookies.get(gate.cookie)):
            return self._refuse(request, "refused.cookie")
        if request.method not in _READING and not _is_own(request):
            return self._refuse(request, "refused.origin")
        return None

    def _opened(self, request: Request, rest: list[tuple[str, str]]) -> Response:
        query = f"?{urlencode(rest)}" if rest else ""
        answer = RedirectResponse(f"{path_of(request)}{query}", status_code=303)
        answer.set_cookie(
            self._gate.cookie, self._gate.token, httponly=True, samesite="strict", path="/"
        )
        return answer


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _is_own(request: Request) -> bool:
    """Whether a request comes from a page of the console.

    With `Referrer-Policy: no-referrer` a browser says `Origin: null` for a form that is sent without a script (Fetch
    standard, "append a request Origin header"). Then `Sec-Fetch-Site` decides, which no page can set.
    """
    origin = request.headers.get("origin")
    if origin == "null":
        return request.headers.get("sec-fetch-site") == "same-origin"
    return origin == f"http://{request.headers['host']}"
