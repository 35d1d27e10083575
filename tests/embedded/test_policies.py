"""Every AWS call that a function really made was allowed by that function's own policy.

The embedded AWS of this folder is asked again when all its tests are done (see `aws` in conftest.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.stages import STAGES, Machine

pytestmark = pytest.mark.embedded


def test_every_call_was_allowed(lifecycle: Any, environment: Callable[[], str]) -> None:
    name = environment()
    for request in ({}, {"action": "smokeTest"}, {"action": "teardown"}):
        run = lifecycle.run({"environment": name, **request})
        assert run.status == "SUCCEEDED", (run.error, run.cause)
    callers = list(lifecycle.calls_by_function())
    assert len({role for _, role in callers}) == len(callers), "a role of its own for each function"
    usual = {stage.function for stage in STAGES if stage.machine is Machine.LIFECYCLE}
    assert usual - {"RecordFailureFunction"} <= {name for name, _ in callers}
    assert lifecycle.refused_calls() == set()
