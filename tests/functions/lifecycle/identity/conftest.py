"""The identity wing runs on Cognito and Secrets Manager in moto."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pytest
from moto import mock_aws

from tests.functions.lifecycle.cognito_world import MOTO, CountingClients, World
from tests.functions.lifecycle.killer import Killed


@pytest.fixture(autouse=True)
def function_environment(cognito_environment: None) -> None:
    """Set the variables of a function for every test of this wing."""


@pytest.fixture
def world(cognito_world: World) -> World:
    """An account with the table and the lock of environment `dev`."""
    return cognito_world


class KillEverywhere(Protocol):
    """Runs a scenario once for each AWS call of an action, killed right after that call.

    Returns how many calls the action makes when nothing kills it.
    """

    def __call__(
        self,
        prepare: Callable[[World], None],
        act: Callable[[World, CountingClients], Any],
        check: Callable[[World], None],
    ) -> int: ...


@pytest.fixture
def kill_everywhere(shared_cognito_world: World) -> KillEverywhere:
    def run(
        prepare: Callable[[World], None],
        act: Callable[[World, CountingClients], Any],
        check: Callable[[World], None],
    ) -> int:
        world, clients = shared_cognito_world, shared_cognito_world.counting()
        dies_after = 0
        while True:
            with mock_aws(config=MOTO):
                world.build()
                prepare(world)
                dies_after += 1
                clients.killer.start(after=dies_after)
                try:
                    act(world, clients)
                except Killed:
                    act(world, clients)
                    check(world)
                else:
                    check(world)
                    return dies_after - 1

    return run
