"""Shows environment variables as a shell takes them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping


def exports(environment: Mapping[str, str]) -> str:
    """Return variables as `export` lines that a shell can evaluate."""
    return "\n".join(
        f"export {name}={shlex.quote(value)}" for name, value in sorted(environment.items())
    )
