"""The AgentCore SDK's own runtime client, as it is, from create to gone."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from local.edge.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.agentcore.conftest import World

with warnings.catch_warnings():
    # The SDK's models are written in a way that pydantic has deprecated.
    warnings.simplefilter("ignore")
    from bedrock_agentcore._utils.config import WaitConfig
    from bedrock_agentcore.runtime.agent_core_runtime_client import AgentCoreRuntimeClient

WAIT = WaitConfig(max_wait=10, poll_interval=1)


@pytest.fixture
def client(world: World, serve: Callable[[Any], str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the SDK's client; the environment alone points it here."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL", serve(world.core.control))
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", serve(world.core.data))
    for name, value in world.keys.environment().items():
        monkeypatch.setenv(name, value)
    for name in ("create", "update", "delete", "endpoint"):
        setattr(world.core.delays, name, 0.0)
    return AgentCoreRuntimeClient(region="us-west-2")


def test_create_update_endpoints_status_delete(world: World, client: Any) -> None:
    runtime = client.create_agent_runtime_and_wait(wait_config=WAIT, **world.request())
    assert runtime["status"] == "READY"
    runtime_id = runtime["agentRuntimeId"]
    endpoint = client.create_agent_runtime_endpoint_and_wait(
        wait_config=WAIT, agentRuntimeId=runtime_id, name="live"
    )
    assert endpoint["liveVersion"] == "1"
    request = world.request(description="second")
    del request["agentRuntimeName"]
    updated = client.update_agent_runtime_and_wait(
        wait_config=WAIT, agent_runtime_id=runtime_id, **request
    )
    assert updated["agentRuntimeVersion"] == "2"
    moved = client.update_agent_runtime_endpoint_and_wait(
        wait_config=WAIT, agentRuntimeId=runtime_id, endpointName="live", agentRuntimeVersion="2"
    )
    assert moved["liveVersion"] == "2"
    status = client.get_aggregated_status(runtime_id, "live")
    assert (status["runtime"]["status"], status["endpoint"]["status"]) == ("READY", "READY")
    answer = client.invoke_agent_runtime(
        agentRuntimeArn=runtime["agentRuntimeArn"], qualifier="live", payload=b"{}"
    )
    assert json.loads(answer["response"].read())["body"] == "{}"
    client.teardown_endpoint_and_runtime(runtime_id, "live")
    assert client.list_agent_runtimes()["agentRuntimes"] == []
    gone = client.get_aggregated_status(runtime_id)
    assert "ResourceNotFoundException" in gone["runtime"]["error"]


def test_a_failure_reaches_the_sdk_with_its_reason(world: World, client: Any) -> None:
    fault = Fault("bedrock-agentcore-control", "CreateAgentRuntime", "failureState", reason="why")
    world.faults.add(fault)
    with pytest.raises(RuntimeError, match="why"):
        client.create_agent_runtime_and_wait(wait_config=WAIT, **world.request())
