"""The example inputs of the checkout that the form can be filled with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lifecycle.errors import InvalidRequestError
from lifecycle.request.inputs import unwrap
from lifecycle.request.model import parse_request

_CHECKOUT = Path(__file__).resolve().parents[3]
_ENVELOPE = "detail-type"


def examples() -> dict[str, dict[str, Any]]:
    """Return the inputs by the names of their files: those for the console, and those that arrive as an event."""
    files = [*(_CHECKOUT / "statemachine/inputs").glob("*.json")]
    found = {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(files)}
    for file in sorted((_CHECKOUT / "events").glob("*.json")):
        value = json.loads(file.read_text("utf-8"))
        if isinstance(value, dict) and _ENVELOPE in value and _is_input(value):
            found.setdefault(file.stem, unwrap(value))
    return found


def _is_input(value: dict[str, Any]) -> bool:
    # An event can also be for another state machine.
    try:
        parse_request(value)
    except InvalidRequestError:
        return False
    return True
