"""Read an A2A agent card: whether it is complete, and which version of the protocol it offers by JSON-RPC.

Source: A2A specification 0.3.0, `AgentCard` of its JSON schema; 1.0.1, `AgentCard` of a2a.proto and section 5.7 "Field
Presence and Optionality" (a required list has at least one element). AgentCore speaks JSON-RPC alone (AgentCore
developer guide, "A2A protocol contract").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lifecycle.smoke_test.conversations.json_rpc import short

JSON_RPC = "JSONRPC"
_TEXTS = ("name", "description", "version")
_LISTS_OF_TEXTS = ("defaultInputModes", "defaultOutputModes")
_SKILL_TEXTS = ("id", "name", "description")
# 0.2 has the same messages as 0.3.
_OLD = re.compile(r"0\.[23](?:\..*)?")
_NEW = re.compile(r"1(?:\..*)?")
_SPOKEN = "0.3 and 1.0"


class BadCardError(Exception):
    """The card is no card; the message says what is wrong with it."""


@dataclass(frozen=True)
class _Interface:
    url: Any
    binding: Any
    version: Any


def version_of(card: Any) -> str:
    """Check a card, and choose the version to speak.

    Args:
        card: The card, as JSON was read.

    Returns:
        `0.3` or `1.0`; 0.3 where a card offers both, because it needs no header that AgentCore would have to pass on.

    Raises:
        BadCardError: A required field is missing or of another type, or JSON-RPC in a version that is known is not
            offered.
    """
    if not isinstance(card, dict):
        raise BadCardError(f"it is no JSON object: {short(card)}")
    interfaces = list(_interfaces(card))
    offered = [one for one in interfaces if one.binding == JSON_RPC]
    for one in offered:
        if not _is_url(one.url):
            raise BadCardError(f"url is no http or https URL: {short(one.url)}")
    versions = [str(one.version) for one in offered]
    if any(_OLD.fullmatch(version) for version in versions):
        chosen = "0.3"
    elif any(_NEW.fullmatch(version) for version in versions):
        chosen = "1.0"
    elif offered:
        raise BadCardError(f"it offers A2A {short(versions)}; the smoke test speaks {_SPOKEN}")
    else:
        bindings = [one.binding for one in interfaces]
        raise BadCardError(f"it offers no {JSON_RPC} interface, only {short(bindings)}")
    _check_fields(card, empty_lists=chosen == "0.3")
    return chosen


def _interfaces(card: dict[str, Any]) -> Iterator[_Interface]:
    """The interfaces in the form of 1.0, and those in the form of 0.3; a card may have both."""
    new = card.get("supportedInterfaces")
    if new is not None:
        for one in _objects(new, "supportedInterfaces"):
            binding, version = one.get("protocolBinding"), one.get("protocolVersion")
            yield _Interface(one.get("url"), binding, version)
    if new is None or "url" in card:
        url, version = card.get("url"), card.get("protocolVersion")
        if url is None:
            raise BadCardError("it has neither url (A2A 0.3) nor supportedInterfaces (A2A 1.0)")
        if not isinstance(version, str):
            raise BadCardError(f"protocolVersion is no text: {short(version)}")
        yield _Interface(url, card.get("preferredTransport") or JSON_RPC, version)
        for one in _objects(card.get("additionalInterfaces") or [], "additionalInterfaces"):
            yield _Interface(one.get("url"), one.get("transport"), version)


def _check_fields(card: dict[str, Any], *, empty_lists: bool) -> None:
    for name in _TEXTS:
        _check_text(card.get(name), name)
    if not isinstance(card.get("capabilities"), dict):
        raise BadCardError(f"capabilities is no object: {short(card.get('capabilities'))}")
    for name in _LISTS_OF_TEXTS:
        _check_texts(card.get(name), name, empty=empty_lists)
    skills = _objects(card.get("skills"), "skills")
    if not skills and not empty_lists:
        raise BadCardError("skills is empty")
    for place, skill in enumerate(skills):
        for name in _SKILL_TEXTS:
            _check_text(skill.get(name), f"skills[{place}].{name}")
        _check_texts(skill.get("tags"), f"skills[{place}].tags", empty=empty_lists)


def _check_text(value: Any, name: str) -> None:
    if value is None:
        raise BadCardError(f"{name} is missing")
    if not isinstance(value, str) or not value.strip():
        raise BadCardError(f"{name} is no text, or empty: {short(value)}")


def _check_texts(value: Any, name: str, *, empty: bool) -> None:
    if value is None:
        raise BadCardError(f"{name} is missing")
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadCardError(f"{name} is no list of texts: {short(value)}")
    if not value and not empty:
        raise BadCardError(f"{name} is empty")


def _objects(value: Any, name: str) -> list[dict[str, Any]]:
    if value is None:
        raise BadCardError(f"{name} is missing")
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise BadCardError(f"{name} is no list of objects: {short(value)}")
    return value


def _is_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
