"""A gateway with the protocol MCP in front of a Lambda function, in a whole local AWS."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import httpx2
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from local.embedded import EmbeddedAws
from tests.local.agentcore.gateways import whole
from tests.local.agentcore.gateways.mcp_world import post, rpc
from tests.local.agentcore.test_access import IdentityProvider, authorizer

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Tools:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code/
      Handler: tools.handle
      Runtime: python3.13
      Timeout: 20
Outputs:
  Tools: {Value: !GetAtt Tools.Arn}
"""
FUNCTION = """
def handle(event, context):
    custom = context.client_context.custom if context.client_context else {}
    if event.get("fail"):
        raise ValueError("no such sum")
    return {"event": event, "custom": custom}
"""
SCHEMA = {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    folder = tmp_path_factory.mktemp("mcp")
    (folder / "code").mkdir()
    (folder / "code" / "tools.py").write_text(FUNCTION)
    with whole.start(folder, TEMPLATE) as embedded:
        yield embedded


def role(aws: EmbeddedAws, name: str, allowed: str | None, source: str) -> str:
    """Make a role for a gateway that may invoke one function."""
    iam = aws.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:SourceArn": source}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    if allowed is not None:
        statement = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": allowed}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
    return str(made["Role"]["Arn"])


def gateway(aws: EmbeddedAws, name: str, role_arn: str, **more: Any) -> str:
    """Make a gateway with the function's tools, and return its address."""
    control = aws.client("bedrock-agentcore-control")
    made = control.create_gateway(
        name=name, roleArn=role_arn, authorizerType="AWS_IAM", protocolType="MCP", **more
    )
    tools = [
        {"name": tool, "description": f"To {tool}.", "inputSchema": SCHEMA}
        for tool in ("add", "halve")
    ]
    control.create_gateway_target(
        gatewayIdentifier=made["gatewayId"],
        name="sums",
        targetConfiguration={
            "mcp": {
                "lambda": {
                    "lambdaArn": aws.outputs["Tools"],
                    "toolSchema": {"inlinePayload": tools},
                }
            }
        },
        credentialProviderConfigurations=[{"credentialProviderType": "GATEWAY_IAM_ROLE"}],
    )
    return str(made["gatewayUrl"])


@pytest.fixture(scope="module")
def url(aws: EmbeddedAws) -> str:
    source = f"arn:aws:bedrock-agentcore:*:{aws.account_id}:gateway/good-*"
    return gateway(aws, "good", role(aws, "good", aws.outputs["Tools"], source))


def test_a_client_says_hello_lists_tools_and_calls_one(aws: EmbeddedAws, url: str) -> None:
    hello = rpc(aws, url, "initialize", protocolVersion="2025-06-18", capabilities={})
    assert hello["protocolVersion"] == "2025-06-18"
    assert hello["serverInfo"]["name"] == "good"
    note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert post(aws, url, json.dumps(note).encode()).status_code == 202
    listed = rpc(aws, url, "tools/list")["tools"]
    assert [tool["name"] for tool in listed] == ["sums___add", "sums___halve"]
    assert listed[0]["inputSchema"] == SCHEMA
    called = rpc(aws, url, "tools/call", name="sums___add", arguments={"a": 1})
    assert called["isError"] is False
    [content] = called["content"]
    assert json.loads(content["text"]) == {
        "event": {"a": 1},
        "custom": {"bedrockAgentCoreToolName": "sums___add"},
    }


def test_an_unknown_version_gets_the_newest(aws: EmbeddedAws, url: str) -> None:
    assert rpc(aws, url, "initialize", protocolVersion="1999")["protocolVersion"] == "2025-11-25"
    body = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "ping"}).encode()
    assert post(aws, url, body).json()["result"] == {}
    wrong = post(aws, url, body, **{"MCP-Protocol-Version": "1999"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, -32602)


def test_a_tool_that_fails_is_an_error_of_its_result(aws: EmbeddedAws, url: str) -> None:
    called = rpc(aws, url, "tools/call", name="sums___add", arguments={"fail": True})
    assert called["isError"] is True
    assert "no such sum" in called["content"][0]["text"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, -32700),
        (b"[]", 400, -32600),
        (b'{"method": "ping", "params": 1}', 400, -32602),
        (b'{"id": 1, "method": "resources/list"}', 200, -32601),
        (b'{"id": 1, "method": "tools/call", "params": {"name": "none"}}', 200, -32602),
    ],
)
def test_what_is_no_request_is_an_error(
    aws: EmbeddedAws, url: str, body: bytes, status: int, code: int
) -> None:
    answer = post(aws, url, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize("missing", ["trust", "right"])
def test_with_a_wrong_role_the_list_works_and_the_call_fails(
    aws: EmbeddedAws, missing: str
) -> None:
    source = f"arn:aws:bedrock-agentcore:*:*:gateway/{'x' if missing == 'trust' else missing}-*"
    allowed = aws.outputs["Tools"] if missing == "trust" else None
    own = role(aws, f"without-{missing}", allowed, source)
    for name, more, says in (
        (missing, {}, "An internal error occurred"),
        (f"{missing}-debug", {"exceptionLevel": "DEBUG"}, "not authorized|may not assume"),
    ):
        address = gateway(aws, name, own, **more)
        assert len(rpc(aws, address, "tools/list")["tools"]) == 2
        called = rpc(aws, address, "tools/call", name="sums___add", arguments={"a": 1})
        assert called["isError"] is True
        assert any(word in called["content"][0]["text"] for word in says.split("|"))


def test_a_caller_without_a_signature_gets_json_rpc(aws: EmbeddedAws, url: str) -> None:
    answer = httpx.post(url, content=b"{}", trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, -32001)
    other = post(aws, url.removesuffix("/mcp") + "/sums/invocations", b"{}")
    assert other.status_code == 404


def test_a_client_context_that_is_no_json_is_refused(aws: EmbeddedAws) -> None:
    with pytest.raises(ClientError) as raised:
        aws.client("lambda").invoke(
            FunctionName=aws.outputs["Tools"],
            ClientContext=base64.b64encode(b"{").decode(),
        )
    assert raised.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_many_calls_at_once(aws: EmbeddedAws, url: str) -> None:
    barrier = threading.Barrier(4)

    def one(number: int) -> Any:
        barrier.wait()
        return rpc(aws, url, "tools/call", name="sums___add", arguments={"a": number})

    with ThreadPoolExecutor(4) as threads:
        found = [each["content"][0]["text"] for each in threads.map(one, range(4))]
    assert [json.loads(text)["event"]["a"] for text in found] == [0, 1, 2, 3]


def test_the_official_client_signs_in_with_a_token(
    aws: EmbeddedAws, serve: Callable[[Any], str]
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    idp = IdentityProvider(key)
    idp.url = serve(idp.app)
    source = f"arn:aws:bedrock-agentcore:*:{aws.account_id}:gateway/tokens-*"
    control = aws.client("bedrock-agentcore-control")
    url = gateway(aws, "tokens", role(aws, "tokens", aws.outputs["Tools"], source))
    [gateway_id] = [
        each["gatewayId"] for each in control.list_gateways()["items"] if each["name"] == "tokens"
    ]
    found = control.get_gateway(gatewayIdentifier=gateway_id)
    control.update_gateway(
        gatewayIdentifier=gateway_id,
        **{name: found[name] for name in ("name", "roleArn", "protocolType")},
        authorizerType="CUSTOM_JWT",
        authorizerConfiguration=authorizer(idp),
    )

    async def call() -> Any:
        headers = {"Authorization": f"Bearer {idp.token()}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=30) as http,
            streamable_http_client(url, http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            assert [tool.name for tool in tools] == ["sums___add", "sums___halve"]
            return await session.call_tool("sums___add", {"a": 1})

    called = asyncio.run(call())
    assert json.loads(called.content[0].text)["event"] == {"a": 1}
    refused = httpx.post(url, content=b"{}", trust_env=False)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, -32001)
    assert "oauth-protected-resource" in refused.headers["WWW-Authenticate"]


def test_the_revision_without_a_hello_is_spoken_if_the_gateway_says_so(aws: EmbeddedAws) -> None:
    source = "arn:aws:bedrock-agentcore:*:*:gateway/*"
    version = "2026-07-28"
    protocol = {"mcp": {"supportedVersions": [version], "instructions": "Ask."}}
    url = gateway(
        aws,
        "stateless",
        role(aws, "stateless", aws.outputs["Tools"], source),
        protocolConfiguration=protocol,
    )

    def ask(method: str, of: str | None = None, called: str | None = None, **params: Any) -> Any:
        meta = {"io.modelcontextprotocol/protocolVersion": of or version}
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
        headers = {"MCP-Protocol-Version": version, "Mcp-Method": method}
        headers |= {"Mcp-Name": called} if called else {}
        return post(aws, url, json.dumps(message).encode(), **headers)

    found = ask("server/discover").json()["result"]
    assert (found["supportedVersions"], found["instructions"]) == ([version], "Ask.")
    listed = ask("tools/list").json()["result"]
    assert [tool["name"] for tool in listed["tools"]] == ["sums___add", "sums___halve"]
    assert (listed["resultType"], listed["ttlMs"]) == ("complete", 0)
    called = ask("tools/call", None, "sums___add", name="sums___add", arguments={"a": 1})
    assert json.loads(called.json()["result"]["content"][0]["text"])["event"] == {"a": 1}
    for wrong in (
        ask("tools/list", of="2025-11-25"),
        ask("tools/call", None, "sums___halve", name="sums___add", arguments={}),
        ask("tools/call", None, None, name="sums___add", arguments={}),
    ):
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, -32020)
    assert ask("ping").status_code == 404
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}
    refused = post(aws, url, json.dumps(hello).encode())
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, -32022)
