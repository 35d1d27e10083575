"""Which hosts a provider may have: the stack's parameter `ProviderHosts`, and Amazon Cognito's pairs of hosts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lifecycle.settings import ProviderSettings

HTTPS_PORT = 443
_SHOWN = 300
# So few characters that every parser of URLs reads the same host: no user, no backslash, no IPv6 address.
_URL = re.compile(r"(https?)://([A-Za-z0-9.-]+)(?::([0-9]{1,5}))?(/[!-\[\]-~]*)?")
# Cognito developer guide, "Using the ID token" (`iss`), IssuerConfigurationType (`issuer-`) and "Using the Amazon
# Cognito domain" (`auth`); in AWS GovCloud a domain is `auth-fips` (AWS GovCloud user guide, "Amazon Cognito").
_COGNITO_ISSUER = re.compile(
    r"(?:issuer-)?cognito-idp\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?P<china>\.cn)?"
)
_COGNITO_DOMAIN = re.compile(
    r"[a-z0-9-]+\.auth(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazoncognito\.com(?P<china>\.cn)?"
)


@dataclass(frozen=True)
class Place:
    """Where a URL leads.

    Attributes:
        scheme: `http` or `https`.
        host: The host name in lower case.
        port: The port, also if it is the scheme's own.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """The URL without its path."""
        own = HTTPS_PORT if self.scheme == "https" else 80
        return f"{self.scheme}://{self.host}{'' if self.port == own else f':{self.port}'}"


def place_of(url: str) -> Place | None:
    """Read where a URL leads; None if it has a user, a part that no provider needs, or is no URL of HTTP."""
    found = _URL.fullmatch(url)
    if found is None:
        return None
    scheme, host, port, _ = found.groups()
    number = int(port) if port else HTTPS_PORT if scheme == "https" else 80
    if not 0 < number <= 65_535:
        return None
    return Place(scheme, host.lower(), number)


def refusal(url: str, settings: ProviderSettings) -> str | None:
    """Tell why a provider's URL is not asked.

    Args:
        url: The URL.
        settings: The stack's settings.

    Returns:
        What is allowed and how to change it; None if the URL is allowed.
    """
    place = place_of(url)
    if place is None:
        return "a URL with a host name, without user and password"
    # For the local AWS, whose providers are on this machine.
    if settings.provider_networks != "any" and (place.scheme, place.port) != ("https", HTTPS_PORT):
        return "a URL that begins with https:// and has no port other than 443"
    if not any(matches(pattern, place.host) for pattern in settings.provider_hosts):
        named = ", ".join(settings.provider_hosts)
        shown = named if len(named) <= _SHOWN else f"{named[:_SHOWN]}…"
        return (
            f"a URL of one of the hosts {shown} (* is one label); to allow {place.host}, add it to the stack's "
            "parameter ProviderHosts and deploy the stack again"
        )
    return None


def matches(pattern: str, host: str) -> bool:
    """Tell whether a host name fits a pattern, in which a label `*` stands for exactly one label."""
    wanted, seen = pattern.lower().split("."), host.split(".")
    return len(wanted) == len(seen) and all(
        label and (want in ("*", label)) for want, label in zip(wanted, seen, strict=True)
    )


def is_cognito_pair(issuer_host: str, host: str) -> bool:
    """Tell whether a host is a Cognito domain in the Region of a Cognito issuer.

    Only Amazon Cognito answers on such a domain, whoever owns the user pool. A custom domain is none of these.
    """
    issuer, domain = _COGNITO_ISSUER.fullmatch(issuer_host), _COGNITO_DOMAIN.fullmatch(host)
    return issuer is not None and domain is not None and issuer.groupdict() == domain.groupdict()
