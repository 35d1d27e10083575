"""Whose requests are served: those of this machine's own programs, not those of pages that a browser shows.

Every page may send requests to loopback, also by a name of its own that resolves there ("DNS rebinding"). A browser
says truthfully which name it asked for (`Host`) and from which page (`Origin`), so these two decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from werkzeug import Request

from local.edge.host_names import HostNames
from local.edge.local_api import PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass(frozen=True)
class Stranger:
    """Why a request is not one of this machine's own.

    Attributes:
        code: `MisdirectedRequest` for another host, `AccessDeniedException` for a page of another host.
        status: HTTP status.
        message: What to do.
    """

    code: str
    status: int
    message: str


def stranger(request: Request, names: HostNames) -> Stranger | None:
    """Return why a request is not one of this machine's own; `None` if it is.

    Another host has a code of its own (RFC 9110, section 15.5.20): AWS has no such refusal, and a program must not take
    it for one by IAM.
    """
    host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
    if not names.include(host):
        message = (
            f"This local AWS answers to {', '.join(('localhost', *names.more))} and names below, not to {host!r}. "
            "To let containers ask for it by another name, start it with `lifecycle local up --host-name NAME`."
        )
        return Stranger("MisdirectedRequest", 421, message)
    if origin is not None and not names.are_of_origin(origin):
        message = f"This local AWS serves no pages of {origin!r}."
        return Stranger("AccessDeniedException", 403, message)
    return None


def distant(request: Request) -> Stranger | None:
    """Return why a request did not come over loopback; `None` if it did. For what needs no signature."""
    peer = request.remote_addr
    if peer and ip_address(peer).is_loopback:
        return None
    message = (
        f"{PREFIX} answers only to programs on its own machine, which ask for it as localhost, "
        f"not to {peer or 'an unknown address'}."
    )
    return Stranger("AccessDeniedException", 403, message)


class OnLoopback:
    """A WSGI application that hands S3's requests on as if they asked for a name of loopback.

    moto takes the first part of another name for a bucket.

    Args:
        app: The application, such as moto.
        names: By which names the local AWS is asked for; those of loopback if omitted.
    """

    def __init__(self, app: WSGIApplication, names: HostNames | None) -> None:
        self._app = app
        self._names = names or HostNames()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request; its signature was checked before."""
        if environ["local.call"].service == "s3" and self._names.more:
            environ["HTTP_HOST"] = self._names.on_loopback(environ.get("HTTP_HOST", ""))
        return self._app(environ, start_response)
