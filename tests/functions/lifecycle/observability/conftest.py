"""Observability runs on moto, with the rules of the local AWS for deliveries, and the local AgentCore."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.moto import deliveries, xray
from tests.functions.lifecycle.runtime_clients import REGION
from tests.functions.lifecycle.runtime_world import ACCOUNT, World
from tests.transaction_search import switch_search

EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:lifecycle:one"


@pytest.fixture(scope="session")
def rules() -> None:
    """The two seams that observability needs; moto keeps them for the rest of the process."""
    xray.choose_span_destination()
    deliveries.deliver_agentcore()


@pytest.fixture
def world(rules: None, runtime_world: World) -> Iterator[World]:
    """An environment whose runtime is deployed, and Transaction Search is on."""
    world = runtime_world
    deliveries.resources(
        lambda arn: any(runtime.arn == arn for runtime in world.store.runtimes.values())
    )
    switch_search(world.clients.logs, world.clients.xray)
    world.execution = EXECUTION
    world.begin(request={"observability": True})
    if not world.publish().done:
        world.build()
    world.deploy()
    yield world
    deliveries.resources()
