"""JSON from another party: an agent, an MCP server or a provider may send anything."""

from __future__ import annotations

import json
from typing import Any

_DEEPEST = 100


def json_value(text: str | bytes) -> Any:
    """Read JSON.

    Args:
        text: The JSON.

    Returns:
        The value. Half a surrogate pair, which no UTF-8 can carry, is U+FFFD in it.

    Raises:
        ValueError: It is not JSON, or is nested more than 100 levels deep.
    """
    try:
        value = json.loads(text)
        return _clean(value, 0)
    except RecursionError:
        raise ValueError("nested too deep") from None


def is_object(text: str | bytes) -> bool:
    """Whether a text is a JSON object that `json_value` reads."""
    try:
        return isinstance(json_value(text), dict)
    except ValueError:
        return False


def clean(text: str) -> str:
    """Replace each half of a surrogate pair by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _clean(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_clean(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {clean(name): _clean(item, depth + 1) for name, item in value.items()}
    return value
