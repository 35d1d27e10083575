"""The plan runs on moto, Cognito included, and the local AgentCore."""

from __future__ import annotations

import pytest

from local.moto.cognito import tag_user_pools
from tests.functions.lifecycle.conftest import PROVIDERS
from tests.functions.lifecycle.plan.plan_world import PlanWorld
from tests.functions.lifecycle.runtime_world import World


@pytest.fixture
def world(runtime_world: World, one_key: None, monkeypatch: pytest.MonkeyPatch) -> PlanWorld:
    """An account with the stack in it, and no environment."""
    tag_user_pools()
    for name, value in {"EVENT_BUS_NAME": "default", **PROVIDERS}.items():
        monkeypatch.setenv(name, value)
    return PlanWorld(runtime_world)
