"""The document that says how to sign in to a gateway: where it may be, and what it must say.

Source: RFC 9728, "OAuth 2.0 Protected Resource Metadata", sections 2 and 3.3; AgentCore developer guide, "Set up
inbound authorization for your gateway".
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from lifecycle.provider import hosts
from lifecycle.provider.discovery import WELL_KNOWN
from lifecycle.smoke_test.invocation import Answer
from lifecycle.smoke_test.untrusted import json_value


class MetadataError(Exception):
    """The document is not this gateway's; the message is what was seen."""


def check_place(url: str, gateway_url: str) -> None:
    """Refuse a document that is not at the gateway's own scheme, host and port.

    Args:
        url: Where the document is said to be.
        gateway_url: The gateway's address as `GetGateway` gives it; in AWS always HTTPS.

    Raises:
        MetadataError: It is elsewhere.
    """
    place, own = hosts.place_of(url), hosts.place_of(gateway_url)
    if place is None:
        raise MetadataError("a resource_metadata that is no URL of a host name")
    if place != own:
        raise MetadataError(f"a resource_metadata at {place}, which is not the gateway's host")


def check_document(answer: Answer, gateway_url: str, discovery_url: str) -> None:
    """Check the document.

    Args:
        answer: What came back for its URL.
        gateway_url: The gateway's address as `GetGateway` gives it.
        discovery_url: The discovery URL of the provider whose tokens the gateway takes.

    Raises:
        MetadataError: It cannot be read, or names another resource or authorization server.
    """
    if answer.status != HTTPStatus.OK:
        raise MetadataError(f"{answer} for the document at resource_metadata")
    try:
        document = json_value(answer.body)
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        raise MetadataError("a document at resource_metadata that is no JSON object")
    _check_resource(document.get("resource"), gateway_url)
    _check_servers(document.get("authorization_servers"), discovery_url)


def _check_resource(resource: Any, gateway_url: str) -> None:
    """Whether a document is about this gateway, or about an address below it (no document of AWS says which)."""
    own = _plain(gateway_url).removesuffix("/mcp")
    named = _plain(resource) if isinstance(resource, str) else ""
    if named != own and not named.startswith(f"{own}/"):
        raise MetadataError(f"a document about the resource {resource}, not about {own}")


def _check_servers(servers: Any, discovery_url: str) -> None:
    """An authorization server is named by its issuer, or by the discovery URL as the gateway was given it."""
    issuer = _plain(discovery_url.removesuffix(WELL_KNOWN))
    named = servers if isinstance(servers, list) else []
    found = {_plain(one.removesuffix(WELL_KNOWN)) for one in named if isinstance(one, str)}
    if issuer not in found:
        raise MetadataError(f"a document whose authorization_servers are {named}, not {issuer}")


def _plain(url: str) -> str:
    return url.rstrip("/")
