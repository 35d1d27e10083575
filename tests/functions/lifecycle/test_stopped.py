"""StopExecution while a function waits for AWS: whatever call it waits for, a teardown leaves nothing.

Each function is held before each of its calls that write, one after the other. Its execution no longer runs. The
teardown that follows must wait until the function has ended, and remove what it made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from handlers import (
    delete_artifact,
    delete_identity,
    delete_runtime,
    deploy_runtime,
    promote_version,
    provision_identity,
    publish_artifact,
    restore_version,
)
from lifecycle.clients import CLIENTS, Clients
from lifecycle.errors import EnvironmentSettlingError
from lifecycle.runtime.readiness import check_runtime
from lifecycle.runtime.rollback import restore
from local.agentcore.control.store import SERVICE
from local.edge.faults import Fault
from tests.functions.lifecycle import cognito_world as cognito
from tests.functions.lifecycle import runtime_world as runtime
from tests.functions.lifecycle.lambda_context import LambdaContext
from tests.functions.lifecycle.pause import Pause, Running

TEARDOWN = "execution:teardown"
IDENTITY = ("dynamodb", "cognito", "secrets")
RUNTIME = ("dynamodb", "s3", "ecr", "agentcore_control", "agentcore", "logs")


def use(monkeypatch: pytest.MonkeyPatch, clients: Clients, services: tuple[str, ...]) -> list[Any]:
    """Let the handlers use these clients."""
    found = [getattr(clients, service) for service in services]
    for service, client in zip(services, found, strict=True):
        monkeypatch.setitem(CLIENTS.__dict__, service, client)
    return found


def stop_at_each_write(
    make: Callable[[], Any],
    before: Callable[[Any], None],
    work: Callable[[Any], Any],
    remove: Callable[[Any], None],
    watched: Callable[[Any], Any],
) -> list[str]:
    """Hold a function at each of its writes, tear down, and look; returns the writes."""
    world = make()
    before(world)
    whole = Pause()
    with watched(world)(whole):
        work(world)
    assert whole.calls
    for number, operation in enumerate(whole.calls, start=1):
        world = make()
        before(world)
        pause = Pause(number)
        with watched(world)(pause):
            running = Running(lambda world=world: work(world))  # type: ignore[misc]
            assert pause.reached.wait(60), (operation, running.error)
            # The execution was stopped: nobody runs any more. Only the record tells of the function.
            with pytest.raises(EnvironmentSettlingError):
                world.records.acquire("dev", TEARDOWN, lambda _: False, {"state": "REMOVING"})
            pause.let_go()
            running.wait()
        assert running.error is None, operation
        world.records.acquire("dev", TEARDOWN, lambda _: False, {"state": "REMOVING"})
        remove(world)
    return whole.calls


# --- identity ---


@pytest.mark.parametrize("flow", ["password", "clientCredentials"])
def test_the_identity(
    cognito_world: cognito.World, monkeypatch: pytest.MonkeyPatch, flow: str
) -> None:
    from moto.backends import get_backend

    world = cognito_world
    clients = use(monkeypatch, world.clients, IDENTITY)

    def make() -> cognito.World:
        for backend in ("dynamodb", "cognito-idp", "secretsmanager"):
            get_backend(backend).reset()
        world.build()
        return world

    def work(world: cognito.World) -> Any:
        event = world.event(auth={"flow": flow}).model_dump(mode="json", by_alias=True)
        return provision_identity.handler(event, LambdaContext())

    def remove(world: cognito.World) -> None:
        event = world.event(action="teardown").model_dump(mode="json", by_alias=True)
        delete_identity.handler({**event, "execution": TEARDOWN}, LambdaContext("two"))
        assert world.pools() == []
        assert world.secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"] == []
        assert world.records.delete("dev", TEARDOWN)

    writes = stop_at_each_write(
        make, lambda _: None, work, remove, lambda _: lambda pause: pause.watching(clients)
    )
    assert {"CreateUserPool", "CreateUserPoolClient", "CreateSecret"} <= set(writes)


# --- artifact and runtime ---


def nothing(world: runtime.World) -> None:
    world.begin("one")


def code(world: runtime.World) -> None:
    world.begin("one", {"artifact": {"type": "code"}})


def published(world: runtime.World) -> None:
    nothing(world)
    world.build()


def without_live(world: runtime.World) -> None:
    """Somebody deleted `live`, so that the deployment makes it again."""
    world.provision("one")
    world.control.delete_agent_runtime_endpoint(
        agentRuntimeId=world.only_runtime().id, endpointName="live"
    )
    world.pass_(5)
    world.begin("two", {"runtime": {"description": "new"}})
    world.publish()


def create_failed(world: runtime.World) -> None:
    published(world)
    world.faults.add(Fault(SERVICE, "CreateAgentRuntime", "failureState"))
    world.deploy()
    world.pass_(10)
    world.begin("two")
    world.publish()


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
    world.loop(restore.restore_version)
    world.prove()


def live(world: runtime.World) -> None:
    world.provision("one")
    world.begin("one", {"action": "teardown"})


CASES = [
    (nothing, publish_artifact, {"PutObject", "StartBuild"}),
    (code, publish_artifact, {"PutObject", "StartBuild"}),
    (published, deploy_runtime, {"CreateAgentRuntime"}),
    (without_live, deploy_runtime, {"CreateAgentRuntimeEndpoint", "UpdateAgentRuntime"}),
    (create_failed, deploy_runtime, {"DeleteAgentRuntime"}),
    (proved, promote_version, {"CreateAgentRuntimeEndpoint", "CreateLogGroup"}),
    (to_go_back, restore_version, {"CreateAgentRuntimeEndpoint"}),
    (
        on_the_candidate,
        promote_version,
        {"UpdateAgentRuntimeEndpoint", "DeleteAgentRuntimeEndpoint"},
    ),
    (live, delete_runtime, {"DeleteAgentRuntimeEndpoint", "DeleteAgentRuntime"}),
]


@pytest.mark.parametrize(
    ("before", "handler", "writes"),
    CASES,
    ids=[
        f"{before.__name__}-{handler.__name__.rpartition('.')[2]}" for before, handler, _ in CASES
    ],
)
def test_artifact_and_runtime(
    make_runtime_world: Callable[[], runtime.World],
    monkeypatch: pytest.MonkeyPatch,
    before: Callable[[runtime.World], None],
    handler: Any,
    writes: set[str],
) -> None:
    def call(world: runtime.World, which: Any, request: str = "one") -> dict[str, Any]:
        event = world.event().model_dump(mode="json", by_alias=True)
        answer: dict[str, Any] = which.handler(event, LambdaContext(request))
        return answer

    def loop(world: runtime.World, which: Any) -> None:
        for number in range(20):
            if call(world, which, f"call-{number}").get("done", True):
                return
            world.pass_(2)
        raise AssertionError(which)

    def work(world: runtime.World) -> None:
        if handler in (promote_version, delete_runtime, restore_version):
            loop(world, handler)
        else:
            call(world, handler)

    def remove(world: runtime.World) -> None:
        world.finish_build()
        world.pass_(10)
        world.execution = TEARDOWN
        loop(world, delete_runtime)
        loop(world, delete_artifact)
        assert world.store.runtimes == {}
        assert (world.images(), world.objects()) == ([], [])
        assert world.clients.logs.describe_log_groups()["logGroups"] == []
        assert {build["buildStatus"] for build in world.codebuild.builds.values()} <= {"SUCCEEDED"}
        assert world.records.delete("dev", TEARDOWN)
        assert world.clients.dynamodb.scan(TableName="environments")["Items"] == []

    def watched(world: runtime.World) -> Any:
        clients = use(monkeypatch, world.clients, RUNTIME)
        monkeypatch.setitem(CLIENTS.__dict__, "codebuild", world.codebuild)
        return lambda pause: pause.watching(clients, world.codebuild)

    made = stop_at_each_write(make_runtime_world, before, work, remove, watched)
    assert writes <= set(made), made
