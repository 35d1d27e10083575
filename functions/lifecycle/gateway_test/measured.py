"""One check that is no call with credentials of some kind: measured, added to the report, and raised if it failed."""

from __future__ import annotations

import time
from collections.abc import Callable

from lifecycle.errors import SmokeTestError
from lifecycle.smoke_test.gate import Check


def check(
    checks: list[Check], name: str, expected: str, look: Callable[[], tuple[str, str]]
) -> None:
    """Make a check.

    Args:
        checks: Takes the result.
        name: The check's name.
        expected: What it expects.
        look: Returns what was seen, and what follows that in the cause; empty if the check passed.

    Raises:
        SmokeTestError: It did not pass.
    """
    began = time.monotonic()
    seen, told = look()
    milliseconds = round((time.monotonic() - began) * 1000)
    checks.append(
        Check(name=name, expected=expected, seen=seen, passed=not told, milliseconds=milliseconds)
    )
    if told:
        raise SmokeTestError(f"check '{name}': expected {expected}, seen {seen}{told}")
