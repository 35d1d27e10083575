"""URLs of the input: which host names are valid, so that a wrong one is refused before anything is created."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_LONGEST_HOST = 253
# A label of a host name (RFC 1123, section 2.1): letters, digits and inner hyphens, at most 63 characters.
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def has_valid_host(url: str) -> bool:
    """Tell whether the host of a URL is a host name or an IP address, and its port a port.

    Args:
        url: An absolute URL. A name that is not ASCII must be given in its `xn--` form.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if port == 0:
        return False
    if ":" in host or host.replace(".", "").isdigit():
        return is_address(host)
    return len(host) <= _LONGEST_HOST and all(_is_label(label) for label in host.split("."))


def is_address(host: str) -> bool:
    """Tell whether a host is an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_label(label: str) -> bool:
    if not _LABEL.fullmatch(label):
        return False
    if not label.lower().startswith("xn--"):
        return True
    try:
        return bool(label[4:].encode("ascii").decode("punycode"))
    except UnicodeError:
        return False
