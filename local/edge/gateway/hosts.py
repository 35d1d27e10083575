"""Whose requests are served: those of this machine's own programs, not those of pages that a browser shows.

Every page may send requests to loopback, also by a name of its own that resolves there ("DNS rebinding"). A browser
says truthfully which name it asked for (`Host`) and from which page (`Origin`), so these two decide.
"""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug import Request

from local.edge.host_names import HostNames


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
