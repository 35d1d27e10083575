"""Runtimes from create to gone, on a clock that the test moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.local.agentcore.conftest import World


def test_create_takes_its_time_and_makes_version_1_and_default(world: World) -> None:
    made = world.control.create_agent_runtime(**world.request())
    assert made["status"] == "CREATING"
    assert made["agentRuntimeVersion"] == "1"
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    runtime_id = made["agentRuntimeId"]
    world.clock.pass_(world.core.delays.create - 0.1)
    assert world.control.get_agent_runtime(agentRuntimeId=runtime_id)["status"] == "CREATING"
    world.clock.pass_(0.1)
    assert world.control.get_agent_runtime(agentRuntimeId=runtime_id)["status"] == "READY"
    default = world.control.get_agent_runtime_endpoint(
        agentRuntimeId=runtime_id, endpointName="DEFAULT"
    )
    assert (default["status"], default["liveVersion"]) == ("READY", "1")


def test_invoke_an_image_with_sigv4(world: World) -> None:
    runtime = world.ready()
    seen = world.invoke(runtime["agentRuntimeArn"], {"say": "hello"})
    assert seen["body"] == '{"say": "hello"}'
