"""Runtime options: what the input says of the runtime is what AgentCore gets, and what the agent sees."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.embedded
# The header reaches the agent because the input lists it; the other one never does.
LISTED = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Colour"
UNLISTED = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Shape"
OPTIONS = {
    "environmentVariables": {"ECHO_GREETING": "こんにちは", "ECHO_EMPTY": ""},
    "idleTimeoutSeconds": 120,
    "maxLifetimeSeconds": 3600,
    "requestHeaders": [LISTED],
    "description": "夜の天気",
    "network": {
        "subnets": ["subnet-0123456789abcdef0"],
        "securityGroups": ["sg-0123456789abcdef0"],
    },
}
TAGS = {"team": "weather", "cost-centre": "42"}


def runtime_of(lifecycle: Any, run: Any) -> dict[str, Any]:
    control = lifecycle.aws.client("bedrock-agentcore-control")
    found: dict[str, Any] = control.get_agent_runtime(agentRuntimeId=run.output["runtime"]["id"])
    return found


def ask(lifecycle: Any, run: Any, headers: dict[str, str]) -> dict[str, Any]:
    """Call `live` with SigV4 and more headers; what the agent says has reached it."""
    client = lifecycle.aws.client("bedrock-agentcore")

    def add(request: Any, **_: Any) -> None:
        for name, value in headers.items():
            request.headers[name] = value

    client.meta.events.register("before-sign.bedrock-agentcore.InvokeAgentRuntime", add)
    try:
        answer = client.invoke_agent_runtime(
            agentRuntimeArn=run.output["runtime"]["arn"],
            qualifier="live",
            runtimeSessionId=uuid.uuid4().hex * 2,
            payload=json.dumps({"prompt": "hello"}).encode(),
        )
    finally:
        client.meta.events.unregister("before-sign.bedrock-agentcore.InvokeAgentRuntime", add)
    said: dict[str, Any] = json.loads(answer["response"].read())
    return said


def test_options_reach_the_service_and_the_agent_and_go_when_they_are_left_out(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    given = {
        "environment": environment(),
        "artifact": tiny,
        "auth": {"type": "iam"},
        "smokeTest": {"expect": "echo of"},
    }
    run = lifecycle.run({**given, "runtime": OPTIONS, "tags": TAGS})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    runtime = runtime_of(lifecycle, run)
    assert OPTIONS["environmentVariables"].items() <= runtime["environmentVariables"].items()  # type: ignore[attr-defined]
    assert runtime["lifecycleConfiguration"] == {
        "idleRuntimeSessionTimeout": 120,
        "maxLifetime": 3600,
    }
    assert runtime["requestHeaderConfiguration"] == {"requestHeaderAllowlist": [LISTED]}
    assert runtime["description"] == "夜の天気"
    assert runtime["networkConfiguration"] == {
        "networkMode": "VPC",
        "networkModeConfig": OPTIONS["network"],
    }
    tags = lifecycle.aws.client("bedrock-agentcore-control").list_tags_for_resource(
        resourceArn=runtime["agentRuntimeArn"]
    )["tags"]
    assert tags == {
        **TAGS,
        "agentcore-lifecycle:stack": "agentcore-lifecycle",
        "agentcore-lifecycle:environment": given["environment"],
    }
    said = ask(lifecycle, run, {LISTED: "blue", UNLISTED: "round"})
    assert said["variables"] == OPTIONS["environmentVariables"]
    assert said["headers"][LISTED.lower()] == "blue"
    assert UNLISTED.lower() not in said["headers"]

    plain = lifecycle.run({**given, "tags": {"team": "night"}})
    assert plain.status == "SUCCEEDED", (plain.error, plain.cause)
    assert plain.output["promotion"]["version"] == "2"
    runtime = runtime_of(lifecycle, plain)
    assert runtime["networkConfiguration"] == {"networkMode": "PUBLIC"}
    assert "requestHeaderConfiguration" not in runtime
    ours = {"AWS_DEFAULT_REGION", "AWS_REGION", "MODEL_ID"}
    assert set(runtime["environmentVariables"]) == ours
    # AgentCore's own defaults (botocore's model: LifecycleConfiguration).
    assert runtime["lifecycleConfiguration"] == {
        "idleRuntimeSessionTimeout": 900,
        "maxLifetime": 28800,
    }
    tags = lifecycle.aws.client("bedrock-agentcore-control").list_tags_for_resource(
        resourceArn=runtime["agentRuntimeArn"]
    )["tags"]
    assert tags["team"] == "night"
    assert "cost-centre" not in tags
    said = ask(lifecycle, plain, {LISTED: "blue"})
    assert said["variables"] == {}
    assert LISTED.lower() not in said["headers"]


def test_an_mcp_server_is_asked_for_its_tools_and_for_one_of_them(
    lifecycle: Any, environment: Callable[[], str], uploaded: Callable[..., dict[str, str]]
) -> None:
    call = {"tool": "shout", "arguments": {"text": "hello tools"}}
    name = environment()
    given = {
        "environment": name,
        "artifact": {"source": uploaded("mcp")},
        "runtime": {"protocol": "MCP"},
        "smokeTest": {"prompt": json.dumps(call), "expect": "^HELLO TOOLS$"},
    }
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    protocol = runtime_of(lifecycle, run)["protocolConfiguration"]
    assert protocol == {"serverProtocol": "MCP"}
    smoke = run.output["smokeTest"]
    assert smoke["answer"] == "HELLO TOOLS"
    # With a Cognito token, and only with one.
    assert [check["name"] for check in smoke["checks"]][-1] == "A valid access token is answered"
    assert len(smoke["checks"]) == 7

    again = lifecycle.run({"environment": name, "action": "smokeTest"})
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert again.output["smokeTest"]["answer"] == "HELLO TOOLS"

    prompt = json.dumps({"tool": "whisper", "arguments": {}})
    wrong = lifecycle.run(
        {"environment": name, "action": "smokeTest", "smokeTest": {"prompt": prompt}}
    )
    assert (wrong.status, wrong.error) == ("FAILED", "SmokeTestError")
    assert "no tool whisper; there are: shout, count" in wrong.cause


def test_an_http_agent_is_no_mcp_server(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    """The protocol is not only noted: the wrong one does not pass the gate."""
    run = lifecycle.run(
        {
            "environment": environment(),
            "artifact": tiny,
            "auth": {"type": "iam"},
            "runtime": {"protocol": "MCP"},
            "smokeTest": {"expect": "echo of", "timeoutSeconds": 5},
        }
    )
    assert (run.status, run.error) == ("FAILED", "SmokeTestError")
    assert "SigV4 is answered" in run.cause
