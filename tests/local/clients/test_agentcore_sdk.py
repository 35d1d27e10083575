"""The AgentCore SDK's `AgentCoreRuntimeClient`, unmodified, over the wire."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable
from typing import Any

import pytest

with warnings.catch_warnings():
    # The SDK's models are written in a way that pydantic has deprecated.
    warnings.simplefilter("ignore")
    from bedrock_agentcore._utils.config import WaitConfig
    from bedrock_agentcore.runtime.agent_core_runtime_client import AgentCoreRuntimeClient

WAIT = WaitConfig(max_wait=30, poll_interval=1)


@pytest.fixture
def client(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The SDK's client; the printed variables alone point it here."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return AgentCoreRuntimeClient(region=environment["AWS_REGION"])


def test_create_update_endpoints_status_delete(
    client: Any, request_of: Callable[..., dict[str, Any]]
) -> None:
    request = request_of("echo", environmentVariables={"ECHO_SIZE": "one"})
    runtime = client.create_agent_runtime_and_wait(wait_config=WAIT, **request)
    assert (runtime["status"], runtime["agentRuntimeVersion"]) == ("READY", "1")
    runtime_id, arn = runtime["agentRuntimeId"], runtime["agentRuntimeArn"]
    endpoint = client.create_agent_runtime_endpoint_and_wait(
        wait_config=WAIT, agentRuntimeId=runtime_id, name="live"
    )
    assert (endpoint["status"], endpoint["liveVersion"]) == ("READY", "1")

    changed = {name: value for name, value in request.items() if name != "agentRuntimeName"}
    changed["environmentVariables"] = {"ECHO_SIZE": "two"}
    updated = client.update_agent_runtime_and_wait(
        wait_config=WAIT, agent_runtime_id=runtime_id, **changed
    )
    assert updated["agentRuntimeVersion"] == "2"
    assert variables(client, arn, "live") == {"ECHO_SIZE": "one"}
    assert variables(client, arn, "DEFAULT") == {"ECHO_SIZE": "two"}
    moved = client.update_agent_runtime_endpoint_and_wait(
        wait_config=WAIT, agentRuntimeId=runtime_id, endpointName="live", agentRuntimeVersion="2"
    )
    assert moved["liveVersion"] == "2"
    assert variables(client, arn, "live") == {"ECHO_SIZE": "two"}

    status = client.get_aggregated_status(runtime_id, "live")
    assert (status["runtime"]["status"], status["endpoint"]["status"]) == ("READY", "READY")
    # `teardown_endpoint_and_runtime` is these with ten seconds between the looks.
    client.delete_agent_runtime_endpoint(agentRuntimeId=runtime_id, endpointName="live")
    deadline = time.monotonic() + WAIT.max_wait
    while "error" not in client.get_aggregated_status(runtime_id, "live")["endpoint"]:
        assert time.monotonic() < deadline, "the endpoint stays"
        time.sleep(0.1)
    client.delete_agent_runtime_and_wait(wait_config=WAIT, agentRuntimeId=runtime_id)
    gone = client.get_aggregated_status(runtime_id)
    assert "ResourceNotFoundException" in gone["runtime"]["error"]


def variables(client: Any, arn: str, endpoint: str) -> dict[str, str]:
    """What the agent says of its environment, asked through an endpoint."""
    answer = client.invoke_agent_runtime(
        agentRuntimeArn=arn, qualifier=endpoint, payload=json.dumps({"prompt": "who?"}).encode()
    )
    said: dict[str, dict[str, str]] = json.loads(answer["response"].read())
    return said["variables"]
