"""Whose requests are served: those of this machine's own programs, not those of pages that a browser shows.

Every page may send requests to loopback, also by a name of its own that resolves there ("DNS rebinding"). A browser
says truthfully which name it asked for (`Host`) and from which page (`Origin`), so these two decide.
"""

from __future__ import annotations

import re

from werkzeug import Request

# Buckets are asked for as `bucket.localhost`, and nobody else can own a name below it (RFC 6761, section 6.3).
_HOST = r"(?:(?:[\w-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::\d+)?"
_OURS = re.compile(_HOST, re.ASCII | re.IGNORECASE)
_OUR_ORIGIN = re.compile(rf"https?://{_HOST}", re.ASCII | re.IGNORECASE)


def stranger(request: Request) -> str | None:
    """Return why a request is not one of this machine's own; `None` if it is."""
    host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
    if not _OURS.fullmatch(host):
        return f"the embedded AWS is localhost, not {host!r}"
    if origin is not None and not _OUR_ORIGIN.fullmatch(origin):
        return f"the embedded AWS serves no pages of {origin!r}"
    return None
