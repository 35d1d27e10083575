"""Which members of a runtime's configuration differ, with their values: short, and never a variable's value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from lifecycle.plan.output import Difference
from lifecycle.runtime import comparison
from lifecycle.runtime.configuration import Configuration

_VARIABLES = "environmentVariables"
_LONGEST = 200  # characters of a value, and of a member's name
_MOST = 60
"""How many differences are listed: the output of a state has at most 256 KiB."""


def differences(
    parts: Iterable[str], observed: Configuration, sent: Configuration
) -> list[Difference]:
    """Compare what AgentCore has with what the update would send, member by member.

    Args:
        parts: The parts that differ, from the stage that deploys.
        observed: The answer of `GetAgentRuntime`.
        sent: The parameters of `UpdateAgentRuntime`.
    """
    found: list[Difference] = []
    for part in parts:
        came = comparison.compared(part, observed.get(part))
        goes = comparison.compared(part, sent.get(part))
        if part == _VARIABLES:
            found += _variables(came or {}, goes or {})
        else:
            own = list(_members(part, came, goes))
            found += own or [_difference(part, observed.get(part), sent.get(part))]
    return found


def bounded(found: list[Difference]) -> list[Difference]:
    """At most so many differences that the output stays small; the last one says how many are left out."""
    if len(found) <= _MOST:
        return found
    left = f"and {len(found) - _MOST + 1} more"
    return [*found[: _MOST - 1], Difference(member=left, came=None, goes=None)]


def tag_differences(seen: dict[str, str], wanted: dict[str, str | None]) -> list[Difference]:
    """The tags that would change; a tag that would be removed is None."""
    return [
        _difference(f"tags.{key}", seen.get(key), value) for key, value in sorted(wanted.items())
    ]


def _variables(came: dict[str, str], goes: dict[str, str]) -> Iterator[Difference]:
    for name in sorted(came.keys() | goes.keys()):
        if came.get(name) != goes.get(name):
            other = "another value" if name in came else "a value"
            yield Difference(
                member=f"{_VARIABLES}.{name}"[:_LONGEST],
                came="a value" if name in came else None,
                goes=other if name in goes else None,
            )


def _members(member: str, came: Any, goes: Any) -> Iterator[Difference]:
    if came == goes:
        return
    if isinstance(came or {}, dict) and isinstance(goes or {}, dict):
        ours, theirs = goes or {}, came or {}
        for name in sorted(ours.keys() | theirs.keys()):
            yield from _members(f"{member}.{name}", theirs.get(name), ours.get(name))
        return
    yield _difference(member, came, goes)


def _difference(member: str, came: Any, goes: Any) -> Difference:
    return Difference(member=member[:_LONGEST], came=_text(came), goes=_text(goes))


def _text(value: Any) -> str | None:
    if value in (None, {}, []):
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
