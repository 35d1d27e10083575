"""Each AWS call of each stage gone wrong in each way: the stage heals or names the call, and a teardown leaves nothing.

A part of them, spread over all; `make matrix` sets `MATRIX=all`, and then it is all of them. The failure matrix
(`tests/matrix`) does the same with whole executions on the local AWS.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from moto.backends import get_backend

from lifecycle.artifact.publish import publish_artifact
from lifecycle.artifact.teardown import delete_artifact
from lifecycle.errors import LifecycleError
from lifecycle.identity.provision import provision_identity
from lifecycle.identity.teardown import delete_identity
from lifecycle.runtime.deploy import deploy_runtime
from lifecycle.runtime.promotion import promote_version
from lifecycle.runtime.readiness import check_runtime
from lifecycle.runtime.rollback.restore import restore_version
from lifecycle.runtime.teardown import delete_runtime
from tests.functions.lifecycle import cognito_world as cognito
from tests.functions.lifecycle import runtime_world as runtime
from tests.functions.lifecycle.failing import Failing, ends, problem

IDENTITY = ("dynamodb", "cognito", "secrets")
RUNTIME = ("dynamodb", "s3", "ecr", "agentcore_control", "logs")
# A condition that is not true is how DynamoDB says that another execution holds the lock.
LOCK_LOST = ("dynamodb", "conflict")
# No multiple of the number of kinds, so that each kind has its turn.
_STRIDE = 11


def each_call(
    make: Callable[[], Any],
    work: Callable[[Any], None],
    heal: Callable[[Any], None],
    remove: Callable[[Any], None],
    clients_of: Callable[[Any], list[Any]],
) -> tuple[int, list[str]]:
    """Let each call go wrong in each way; returns how many there are, and what is not allowed."""
    world = make()
    whole = Failing()
    with whole.watching(clients_of(world)):
        work(world)
    cells = [(*at, kind) for at, kinds in whole.seen.items() for kind in kinds]
    problems = []
    chosen = cells if os.environ.get("MATRIX") == "all" else cells[::_STRIDE]
    for service, operation, kind in chosen:
        world = make()
        with Failing(service, operation, kind).watching(clients_of(world)):
            error = ends(lambda world=world: work(world), lambda world=world: heal(world))  # type: ignore[misc]
        why = problem(operation, kind, error)
        if (service, kind) == LOCK_LOST:
            why = None
        try:
            remove(world)
        except (AssertionError, LifecycleError) as left:
            why = f"left: {left!r} after {error!r}"
        if why is not None:
            problems.append(f"{service}:{operation}/{kind}: {why}")
    return len(cells), problems


@pytest.mark.parametrize("case", ["password", "clientCredentials", "switch", "teardown"])
def test_the_identity(cognito_world: cognito.World, case: str) -> None:
    world = cognito_world
    clients = [getattr(world.clients, service) for service in IDENTITY]
    machine = {"auth": {"flow": "clientCredentials"}}

    def make() -> cognito.World:
        for backend in ("dynamodb", "cognito-idp", "secretsmanager"):
            get_backend(backend).reset()
        world.build()
        if case in ("switch", "teardown"):
            provision_identity(world.event(), clients=world.clients)
        return world

    def work(world: cognito.World) -> None:
        if case == "teardown":
            delete_identity(world.event(action="teardown"), clients=world.clients)
        else:
            given = {} if case == "password" else machine
            provision_identity(world.event(**given), clients=world.clients)

    def remove(world: cognito.World) -> None:
        delete_identity(world.event(action="teardown"), clients=world.clients)
        assert world.pools() == []
        assert world.secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"] == []

    cells, problems = each_call(make, work, lambda _: None, remove, lambda _: clients)
    assert cells > 30
    assert problems == []


def nothing(world: runtime.World) -> None:
    world.begin("one")


def code(world: runtime.World) -> None:
    world.begin("one", {"artifact": {"type": "code"}})


def published(world: runtime.World) -> None:
    nothing(world)
    world.build()


def changed(world: runtime.World) -> None:
    world.provision("one")
    world.begin("two", {"runtime": {"description": "new"}, "tags": {"team": "a"}})
    world.publish()


def without_live(world: runtime.World) -> None:
    changed(world)
    world.control.delete_agent_runtime_endpoint(
        agentRuntimeId=world.only_runtime().id, endpointName="live"
    )
    world.pass_(5)


def proved(world: runtime.World) -> None:
    published(world)
    world.deploy()
    world.loop(check_runtime)
    world.prove()


def to_go_back(world: runtime.World) -> None:
    world.provision("one")
    world.provision("two", {"runtime": {"description": "new"}})
    world.begin_rollback("back")


def on_the_candidate(world: runtime.World) -> None:
    to_go_back(world)
    world.loop(restore_version)
    world.prove()


def live(world: runtime.World) -> None:
    world.provision("one")
    world.begin("two", {"action": "teardown"})


def removed(world: runtime.World) -> None:
    live(world)
    world.loop(delete_runtime)


@pytest.mark.parametrize(
    ("before", "stage"),
    [
        (nothing, publish_artifact),
        (code, publish_artifact),
        (published, deploy_runtime),
        (changed, deploy_runtime),
        (without_live, deploy_runtime),
        (proved, promote_version),
        (to_go_back, restore_version),
        (on_the_candidate, promote_version),
        (live, delete_runtime),
        (removed, delete_artifact),
    ],
    ids=lambda value: value.__name__,
)
def test_artifact_and_runtime(
    make_runtime_world: Callable[[], runtime.World],
    before: Callable[[runtime.World], None],
    stage: Callable[..., Any],
) -> None:
    def make() -> runtime.World:
        world = make_runtime_world()
        before(world)
        return world

    def work(world: runtime.World) -> None:
        if stage in (promote_version, delete_runtime, restore_version):
            world.loop(stage)
        elif stage is deploy_runtime:
            world.deploy()
            world.loop(check_runtime)
        else:
            world.run(stage)

    def remove(world: runtime.World) -> None:
        world.finish_build()
        world.pass_(10)
        world.loop(delete_runtime)
        world.delete_artifact()
        assert world.store.runtimes == {}
        assert (world.images(), world.objects()) == ([], [])
        assert world.clients.logs.describe_log_groups()["logGroups"] == []

    cells, problems = each_call(
        make,
        work,
        lambda world: world.pass_(5),
        remove,
        lambda world: [getattr(world.clients, service) for service in RUNTIME],
    )
    assert cells > 10
    assert problems == []


def test_a_missing_default_endpoint_is_named(
    make_runtime_world: Callable[[], runtime.World],
) -> None:
    world = make_runtime_world()
    proved(world)
    missing = Failing("bedrock-agentcore-control", "GetAgentRuntimeEndpoint", "notFound")
    with missing.watching([world.control]):
        error = ends(world.promote)
    assert "GetAgentRuntimeEndpoint finds no endpoint DEFAULT" in str(error)
    assert "live" not in world.only_runtime().endpoints
