"""The fleet wing runs on moto and the local AgentCore."""

from __future__ import annotations

import pytest

from tests.functions.lifecycle.fleet.environments import MACHINE, Executions
from tests.functions.lifecycle.runtime_world import World


@pytest.fixture
def world(runtime_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """An account with the stack in it, in which no execution runs."""
    monkeypatch.setenv("LIFECYCLE_MACHINE_ARN", MACHINE)
    monkeypatch.setitem(runtime_world.clients.__dict__, "stepfunctions", Executions())
    return runtime_world
