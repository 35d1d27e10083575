"""A canary runs on the local AgentCore's control plane, in this process."""

from __future__ import annotations

import pytest

from tests.functions.lifecycle.canary.splitting import Splitting
from tests.functions.lifecycle.gateway.front import Front
from tests.functions.lifecycle.runtime_world import World


@pytest.fixture
def live(runtime_world: World) -> Splitting:
    """An environment with a gateway, whose `live` serves version 1."""
    front = Front(runtime_world)
    front.provision("one")
    return Splitting(front)


@pytest.fixture
def splitting(live: Splitting) -> Splitting:
    """The same, with a version 2 that has passed its smoke test."""
    live.begin()
    return live
