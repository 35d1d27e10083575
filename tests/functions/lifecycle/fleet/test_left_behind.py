"""What canaries, MCP gateways and credentials leave behind without a record: a sweep finds and removes it."""

from __future__ import annotations

from typing import Any

from lifecycle.credentials.teardown import delete_credentials
from lifecycle.gateway.teardown import delete_gateway
from lifecycle.runtime.teardown import delete_runtime
from tests.functions.lifecycle.canary.splitting import Splitting
from tests.functions.lifecycle.credentials.outbound import Outbound
from tests.functions.lifecycle.fleet.environments import items, select
from tests.functions.lifecycle.gateway.front import Front
from tests.functions.lifecycle.gateway.mcp.tools import Tools, mcp, target
from tests.functions.lifecycle.rights import only_with_the_rights_of


def found(world: Any) -> dict[str, bool]:
    """What a sweep finds of environment `dev` with the rights of its function, and whether it is removable."""
    with only_with_the_rights_of("SelectEnvironmentsFunction", world):
        orphans = select(world, action="sweep").orphans
    assert {orphan.environment for orphan in orphans} <= {"dev"}
    # Artifacts are another matter, see test_orphans.py.
    return {one.arn: one.removable for one in orphans if not one.arn.startswith("artifact ")}


def remove(world: Any) -> None:
    """The teardown that a sweep starts for it, as far as these stages go."""
    (item,) = items(world, select(world, action="sweep", removeOrphans=True))
    assert item.input == {"action": "teardown", "environment": "dev"}
    world.begin("sweep", item.input)
    for stage, function in (
        (delete_gateway, "DeleteGatewayFunction"),
        (delete_runtime, "DeleteRuntimeFunction"),
        (delete_credentials, "DeleteCredentialsFunction"),
    ):
        with only_with_the_rights_of(function, world):
            world.loop(stage)
    world.records.delete("dev", world.execution)


def test_a_canary(world: Any) -> None:
    front = Front(world)
    front.provision("one")
    splitting = Splitting(front)
    splitting.begin()
    splitting.shift()
    assert splitting.everything() == ([5], ["canary", "live"], {"live": "1", "candidate": "2"})
    gateway, runtime = front.gateway()["gatewayArn"], world.only_runtime().arn
    world.records.delete("dev", world.execution)
    assert found(world) == {gateway: True, runtime: True}
    remove(world)
    assert (front.gateways(), world.store.runtimes) == ([], {})
    assert found(world) == {}


def test_an_mcp_gateway_and_credentials(world: Any) -> None:
    outbound, tools = Outbound(world), Tools(world)
    outbound.provision("one", outbound.key(), outbound.oauth2())
    tools.again("two", mcp(target(), target("files")))
    assert len(tools.targets()) == 2
    gateway, runtime = tools.gateway()["gatewayArn"], world.only_runtime().arn
    section = world.record().credentials
    providers = [one.arn for one in section.providers.values()]
    role = tools.role()
    assert role is not None
    world.records.delete("dev", world.execution)
    known = [gateway, runtime, *providers, section.role.arn, role["Arn"]]
    assert found(world) == dict.fromkeys(known, True)
    remove(world)
    assert (tools.gateways(), world.store.runtimes) == ([], {})
    assert tools.role() is None
    # The secrets are the caller's own.
    secrets = world.clients.secrets.list_secrets()["SecretList"]
    assert {one["ARN"] for one in secrets} == set(outbound.secrets.values())
    assert found(world) == {}
