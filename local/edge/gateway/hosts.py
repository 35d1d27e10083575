"""Whose requests are served: those of this machine's own programs, not those of pages that a browser shows.

Every page may send requests to loopback, also by a name of its own that resolves there ("DNS rebinding"). A browser
says truthfully which name it asked for (`Host`) and from which page (`Origin`), so these two decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug import Request

# Buckets are asked for as `bucket.localhost`, and nobody else can own a name below it (RFC 6761, section 6.3).
_HOST = r"(?:(?:[\w-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::\d+)?"
_OURS = re.compile(_HOST, re.ASCII | re.IGNORECASE)
_OUR_ORIGIN = re.compile(rf"https?://{_HOST}", re.ASCII | re.IGNORECASE)


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


def stranger(request: Request) -> Stranger | None:
    """Return why a request is not one of this machine's own; `None` if it is.

    Another host has a code of its own (RFC 9110, section 15.5.20): AWS has no such refusal, and a program must not take
    it for one by IAM.
    """
    host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
    if not _OURS.fullmatch(host):
        message = (
            f"This local AWS answers to localhost and names below it, not to {host!r}. In a container, map such a name "
            "to the host (docker run --add-host aws.localhost:host-gateway) and use it in AWS_ENDPOINT_URL."
        )
        return Stranger("MisdirectedRequest", 421, message)
    if origin is not None and not _OUR_ORIGIN.fullmatch(origin):
        message = f"This local AWS serves no pages of {origin!r}."
        return Stranger("AccessDeniedException", 403, message)
    return None
