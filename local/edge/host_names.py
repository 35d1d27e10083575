"""By which names the local AWS is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Nobody else can own a name below `localhost` (RFC 6761, section 6.3).
_LOOPBACK = r"(?:(?:[\w-]+\.)*localhost|127\.0\.0\.1|\[::1\])"
_OUR_ORIGIN = re.compile(rf"https?://{_LOOPBACK}(?::\d+)?", re.ASCII | re.IGNORECASE)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*", re.ASCII | re.IGNORECASE)


class HostNameError(ValueError):
    """A text is not a host name."""


class HostNames:
    """The names of loopback, and those that the user added, such as the one by which containers reach this machine.

    Args:
        more: The names to add; an IPv4 address is one, too. A bucket may stand before each, as before `localhost`.

    Attributes:
        more: The names that were added, in lower case.

    Raises:
        HostNameError: One is not a host name.
    """

    def __init__(self, more: Iterable[str] = ()) -> None:
        self.more = tuple(dict.fromkeys(name.lower() for name in more))
        for name in self.more:
            if not _NAME.fullmatch(name):
                raise HostNameError(
                    f"{name!r} is not a host name: give it without scheme and port, such as host.docker.internal"
                )
        added = "".join(rf"|(?:[\w-]+\.)*{re.escape(name)}" for name in self.more)
        self._ours = re.compile(rf"(?:{_LOOPBACK}{added})(?::\d+)?", re.ASCII | re.IGNORECASE)
        # The longest first: `b.aws.localhost` is a bucket of `aws.localhost`, where that is a name.
        self._names = sorted((*self.more, "localhost"), key=len, reverse=True)

    def include(self, host: str) -> bool:
        """Say whether the header `Host` has one of the names."""
        return self._ours.fullmatch(host) is not None

    def are_of_origin(self, origin: str) -> bool:
        """Say whether a page, by the header `Origin`, is of loopback: added names are for containers, not for pages."""
        return _OUR_ORIGIN.fullmatch(origin) is not None

    def bucket(self, host: str) -> str | None:
        """Return the bucket that stands before a name in the header `Host`; `None` if none does."""
        asked = host.partition(":")[0]
        for name in self._names:
            if asked.lower() == name:
                return None
            if asked.lower().endswith(f".{name}"):
                return asked[: -len(name) - 1]
        return None

    def on_loopback(self, host: str) -> str:
        """Return the header `Host` of the same request to `localhost`: moto takes other names for buckets."""
        bucket = self.bucket(host)
        return f"{bucket}.localhost" if bucket else "localhost"
