"""What both definitions' executions share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.foreign.engines.reference import Evaluations, recorded_evaluations


@pytest.fixture(scope="module")
def evaluations() -> Iterator[Evaluations]:
    """Every JSONata expression that a module's executions evaluate, from here on."""
    with recorded_evaluations() as recorded:
        yield recorded
