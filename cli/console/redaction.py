"""Takes out of an execution's data what may be confidential, before a page shows it."""

from __future__ import annotations

import json
from typing import Any

from lifecycle.request.inputs import PRIVATE_FIELDS

HIDDEN = "(not shown)"
MOST_CHARACTERS = 20_000
"""How much of one input or output a page shows."""
_DEEPEST = 100


def redacted(value: Any) -> Any:
    """Return a JSON value without the values of fields that may be confidential. JSON in a text is read, too."""
    return _redacted(value, 0)


def shown(text: str | None) -> str:
    """Return a state's input or output as a page shows it: indented, redacted, and not too long.

    A text that is no JSON is not shown: nobody knows what is in it.
    """
    if not text:
        return ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return HIDDEN
    told = json.dumps(redacted(value), ensure_ascii=False, indent=2)
    return told if len(told) <= MOST_CHARACTERS else f"{told[:MOST_CHARACTERS]}\n…"


def _redacted(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return HIDDEN
    if isinstance(value, dict):
        return {
            name: HIDDEN if name in PRIVATE_FIELDS and one else _redacted(one, depth + 1)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_redacted(one, depth + 1) for one in value]
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        return _redacted_text(value, depth)
    return value


def _redacted_text(text: str, depth: int) -> Any:
    """Return what JSON in a text says, such as a function's cause: it is easier to read so."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        # It may be the beginning of an object that was cut.
        return HIDDEN if any(f'"{name}"' in text for name in PRIVATE_FIELDS) else text
    return _redacted(value, depth + 1)
