"""The gateway runs on the local AgentCore's control plane, in this process."""

from __future__ import annotations

import pytest

from tests.functions.lifecycle.gateway.front import Front
from tests.functions.lifecycle.runtime_world import World


@pytest.fixture
def front(runtime_world: World) -> Front:
    """An account with the stack in it."""
    return Front(runtime_world)


@pytest.fixture
def deployed(front: Front) -> Front:
    """An environment with a gateway, and an execution that provisions it again."""
    front.provision("one")
    front.world.begin("two", {"gateway": {"type": "runtime"}})
    return front
