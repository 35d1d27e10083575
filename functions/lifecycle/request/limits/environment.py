"""Which environment an input is about, and what its name and its lifetime may be."""

from __future__ import annotations

import re
from typing import Any

from lifecycle.request.inputs import unwrap

ENVIRONMENT_PATTERN = r"^[a-z][a-z0-9-]{0,23}$"
SHORTEST_LIFETIME = 0.0001
"""The least value of `ttlHours`."""


def environment_of(request: Any) -> str | None:
    """The environment that a request, or an input that was refused, is about; None when it has no valid name."""
    value = unwrap(request)
    if not isinstance(value, dict):
        return None
    name = value.get("environment", "dev")
    return name if isinstance(name, str) and re.fullmatch(ENVIRONMENT_PATTERN, name) else None
