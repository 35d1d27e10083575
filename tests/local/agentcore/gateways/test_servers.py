"""A gateway in front of MCP servers that are runtimes, in a whole local AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.embedded import EmbeddedAws
from tests.local.agentcore.gateways import whole
from tests.local.agentcore.gateways.mcp_world import (
    allow,
    endpoint,
    mcp_gateway,
    names,
    of_role,
    role,
    rpc,
    runtime,
    settled,
    target,
)

TEMPLATE = """
Resources:
  Nothing:
    Type: AWS::SNS::Topic
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    folder = tmp_path_factory.mktemp("servers")
    with whole.start(folder, TEMPLATE) as embedded:
        yield embedded


@pytest.fixture(scope="module")
def sums(aws: EmbeddedAws) -> str:
    return runtime(aws, "sums", TOOLS='["add", "halve"]')


def invoking(arn: str) -> dict[str, Any]:
    return {"Action": "bedrock-agentcore:InvokeAgentRuntime", "Resource": [arn, f"{arn}/*"]}


def server(url: str, **more: Any) -> dict[str, Any]:
    return {"mcpServer": {"endpoint": url, **more}}


def test_the_tools_of_a_runtime_are_read_and_called(aws: EmbeddedAws, sums: str) -> None:
    gateway_id, url = mcp_gateway(aws, "sums", role(aws, "sums", invoking(sums)))
    made = target(aws, gateway_id, "runtime", server(endpoint(aws, sums)), **of_role())
    assert (made["status"], made["protocolType"]) == ("READY", "MCP"), made
    assert made["lastSynchronizedAt"] >= made["createdAt"]
    assert names(aws, url) == ["runtime___add", "runtime___halve"]
    called = rpc(aws, url, "tools/call", name="runtime___add", arguments={"a": 1})
    assert called["isError"] is False
    assert json.loads(called["content"][0]["text"]) == {
        "arguments": {"a": 1},
        "version": "2025-11-25",
        "mcp": "session-of-the-server",
    }
    control = aws.client("bedrock-agentcore-control")
    [listed] = control.list_gateway_targets(gatewayIdentifier=gateway_id)["items"]
    assert (listed["targetType"], listed["listingMode"]) == ("MCP_SERVER", "DEFAULT")
    assert rpc(aws, url, "tools/call", name="runtime___none", arguments={})["code"] == -32602


def test_the_address_may_be_that_of_the_local_data_plane(aws: EmbeddedAws, sums: str) -> None:
    gateway_id, url = mcp_gateway(aws, "local", role(aws, "local", invoking(sums)))
    here = aws.client("bedrock-agentcore").meta.endpoint_url
    local = f"{here}/runtimes/{endpoint(aws, sums).partition('/runtimes/')[2]}"
    made = target(aws, gateway_id, "runtime", server(local), **of_role())
    assert made["status"] == "READY", made
    assert made["targetConfiguration"]["mcp"]["mcpServer"]["endpoint"] == local
    assert names(aws, url) == ["runtime___add", "runtime___halve"]
    with pytest.raises(ClientError, match="https"):
        target(aws, gateway_id, "other", server("http://example.com/mcp"), **of_role())


def test_events_are_read_as_well_as_json(aws: EmbeddedAws) -> None:
    arn = runtime(aws, "events", TOOLS='["add"]', EVENTS="yes")
    gateway_id, url = mcp_gateway(aws, "events", role(aws, "events", invoking(arn)))
    assert (
        target(aws, gateway_id, "e", server(endpoint(aws, arn)), **of_role())["status"] == "READY"
    )
    called = rpc(aws, url, "tools/call", name="e___add", arguments={"a": 2})
    assert json.loads(called["content"][0]["text"])["arguments"] == {"a": 2}


def test_a_role_without_the_right_makes_the_target_fail_and_later_the_call(
    aws: EmbeddedAws, sums: str
) -> None:
    gateway_id, url = mcp_gateway(aws, "bare", role(aws, "bare"), exceptionLevel="DEBUG")
    failed = target(aws, gateway_id, "runtime", server(endpoint(aws, sums)), **of_role())
    assert failed["status"] == "FAILED"
    assert "403" in failed["statusReasons"][0]
    assert names(aws, url) == []
    allow(aws, "bare", [invoking(sums)])
    made = target(aws, gateway_id, "again", server(endpoint(aws, sums)), **of_role())
    assert made["status"] == "READY"
    aws.client("iam").delete_role_policy(RoleName="bare", PolicyName="p")
    called = rpc(aws, url, "tools/call", name="again___add", arguments={})
    assert called["isError"] is True
    assert "403" in called["content"][0]["text"]


def test_a_synchronization_reads_the_tools_again(aws: EmbeddedAws) -> None:
    arn = runtime(aws, "growing", TOOLS='["add"]')
    gateway_id, url = mcp_gateway(aws, "growing", role(aws, "growing", invoking(arn)))
    made = target(aws, gateway_id, "t", server(endpoint(aws, arn)), **of_role())
    control = aws.client("bedrock-agentcore-control")
    found = control.get_agent_runtime(agentRuntimeId=arn.rpartition("/")[2])
    kept = ("agentRuntimeArtifact", "roleArn", "networkConfiguration", "protocolConfiguration")
    control.update_agent_runtime(
        agentRuntimeId=found["agentRuntimeId"],
        environmentVariables={"TOOLS": '["add", "halve"]'},
        **{name: found[name] for name in kept},
    )
    assert names(aws, url) == ["t___add"]
    wanted = {"gatewayIdentifier": gateway_id, "targetIdList": [made["targetId"]]}
    [answered] = control.synchronize_gateway_targets(**wanted)["targets"]
    assert answered["status"] == "SYNCHRONIZING"
    with pytest.raises(ClientError, match="SYNCHRONIZING"):
        control.synchronize_gateway_targets(**wanted)
    after = settled(aws, gateway_id, made["targetId"])
    assert after["status"] == "READY"
    assert after["lastSynchronizedAt"] > made["lastSynchronizedAt"]
    assert names(aws, url) == ["t___add", "t___halve"]
    control.delete_agent_runtime(agentRuntimeId=found["agentRuntimeId"])
    control.synchronize_gateway_targets(**wanted)
    failed = settled(aws, gateway_id, made["targetId"])
    assert failed["status"] == "SYNCHRONIZE_UNSUCCESSFUL"
    assert failed["statusReasons"]
    assert names(aws, url) == ["t___add", "t___halve"]


def test_a_dynamic_target_is_asked_for_its_tools_by_each_list(aws: EmbeddedAws, sums: str) -> None:
    own = role(aws, "dynamic", invoking(sums))
    gateway_id, url = mcp_gateway(aws, "dynamic", own, exceptionLevel="DEBUG")
    made = target(
        aws, gateway_id, "t", server(endpoint(aws, sums), listingMode="DYNAMIC"), **of_role()
    )
    assert made["status"] == "READY"
    assert "lastSynchronizedAt" not in made
    assert names(aws, url) == ["t___add", "t___halve"]
    control = aws.client("bedrock-agentcore-control")
    with pytest.raises(ClientError, match="cannot be synchronized"):
        control.synchronize_gateway_targets(
            gatewayIdentifier=gateway_id, targetIdList=[made["targetId"]]
        )
    aws.client("iam").delete_role_policy(RoleName="dynamic", PolicyName="p")
    assert rpc(aws, url, "tools/list")["code"] == -32603


def test_a_static_list_of_tools_is_taken_as_it_is(aws: EmbeddedAws, sums: str) -> None:
    gateway_id, url = mcp_gateway(aws, "static", role(aws, "static", invoking(sums)))
    tools = [{"name": "add", "inputSchema": {"type": "object"}}]
    payload = {"inlinePayload": json.dumps({"tools": tools})}
    made = target(
        aws, gateway_id, "t", server(endpoint(aws, sums), mcpToolSchema=payload), **of_role()
    )
    assert made["status"] == "READY"
    assert names(aws, url) == ["t___add"]
    assert rpc(aws, url, "tools/call", name="t___add", arguments={})["isError"] is False
    for text, says in (
        ("{", "no JSON"),
        ("[]", "no list"),
        ('{"tools": [{"name": "a"}]}', "inputSchema"),
        ('{"tools": [{}]}', "no name"),
    ):
        with pytest.raises(ClientError, match=says):
            target(
                aws,
                gateway_id,
                "wrong",
                server(endpoint(aws, sums), mcpToolSchema={"inlinePayload": text}),
                **of_role(),
            )
    control = aws.client("bedrock-agentcore-control")
    with pytest.raises(ClientError, match="cannot be synchronized"):
        control.synchronize_gateway_targets(
            gatewayIdentifier=gateway_id, targetIdList=[made["targetId"]]
        )


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"VERSION": "1999-01-01"}, "1999-01-01"),
        ({"CAPABILITIES": "{}"}, "no tools"),
    ],
    ids=["version", "capabilities"],
)
def test_a_server_that_is_none_for_a_gateway_makes_the_target_fail(
    aws: EmbeddedAws, environment: dict[str, str], says: str
) -> None:
    name = "w" + next(iter(environment)).lower()
    arn = runtime(aws, name, TOOLS='["add"]', **environment)
    gateway_id, _ = mcp_gateway(aws, name, role(aws, name, invoking(arn)))
    failed = target(aws, gateway_id, "t", server(endpoint(aws, arn)), **of_role())
    assert failed["status"] == "FAILED"
    assert says in failed["statusReasons"][0]


def test_a_server_that_nobody_reaches_makes_the_target_fail(aws: EmbeddedAws) -> None:
    gateway_id, url = mcp_gateway(aws, "nowhere", role(aws, "nowhere"))
    failed = target(aws, gateway_id, "t", server("https://127.0.0.1:1/mcp"))
    assert failed["status"] == "FAILED"
    assert failed["statusReasons"] == ["https://127.0.0.1:1/mcp cannot be reached: ConnectError"]
    assert failed["credentialProviderConfigurations"] == []
    assert names(aws, url) == []
    control = aws.client("bedrock-agentcore-control")
    control.delete_gateway_target(gatewayIdentifier=gateway_id, targetId=failed["targetId"])


def test_the_sessions_that_a_gateway_began_end(aws: EmbeddedAws, sums: str) -> None:
    gateway_id, url = mcp_gateway(aws, "ends", role(aws, "ends", invoking(sums)))
    target(aws, gateway_id, "t", server(endpoint(aws, sums)), **of_role())
    assert rpc(aws, url, "tools/call", name="t___add", arguments={})["isError"] is False
    assert aws.agentcore.sessions.running() == []
