"""How many inputs a test of this folder tries: few and always the same in `make test`, many and new in `make fuzz`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

FULL = os.environ.get("FUZZ") == "full"
"""Whether `make fuzz` runs, which sets the variable."""


def tries(few: int, full: int, *, shrink: bool = True) -> settings:
    """The settings of a test.

    Args:
        few: How many inputs `make test` tries.
        full: How many inputs `make fuzz` tries.
        shrink: Whether to look for the smallest input that fails; not where an input takes a tenth of a second.
    """
    return settings(
        max_examples=full if FULL else few,
        derandomize=not FULL,
        # A deadline is a clock, and a busy machine is no fault. `effort` counts work instead.
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if shrink else [])],
        print_blob=FULL,
        suppress_health_check=list(HealthCheck),
    )
