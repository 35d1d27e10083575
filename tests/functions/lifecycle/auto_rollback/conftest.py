"""The automatic rollback runs on moto and the local AgentCore."""

from __future__ import annotations

import pytest

from tests.functions.lifecycle.runtime_world import World


@pytest.fixture
def world(runtime_world: World) -> World:
    """An account with the stack in it."""
    return runtime_world
