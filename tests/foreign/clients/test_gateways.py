"""Unmodified clients of an MCP gateway: the AgentCore SDK makes it; Python, TypeScript and curl call it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.foreign import javascript, programs
from tests.local.clients.conftest import PROJECT, AwsCli, Caller, Up

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def made(
    aws: AwsCli,
    up: Up,
    caller: Caller,
    token: str,
    environment: dict[str, str],
    request_of: Callable[..., dict[str, Any]],
) -> Any:
    """What the SDK made, in front of a runtime that is an MCP server, and what the Python client saw."""
    request = request_of("mcp", protocolConfiguration={"serverProtocol": "MCP"})
    runtime = aws("bedrock-agentcore-control", "create-agent-runtime", **request)
    get = ("get-agent-runtime", "--agent-runtime-id", runtime["agentRuntimeId"])
    aws.until("READY", "status", "bedrock-agentcore-control", *get)
    arn = runtime["agentRuntimeArn"]
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = aws(
        "iam",
        "create-role",
        RoleName="calls-shouter",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    allowed = {
        "Effect": "Allow",
        "Action": "bedrock-agentcore:InvokeAgentRuntime",
        "Resource": [arn, f"{arn}/*"],
    }
    aws(
        "iam",
        "put-role-policy",
        RoleName="calls-shouter",
        PolicyName="call",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    host = f"https://bedrock-agentcore.{caller.region}.amazonaws.com"
    given = {
        "role": role,
        "authorizer": caller.authorizer,
        "endpoint": f"{host}/runtimes/{quote(arn, safe='')}/invocations?qualifier=DEFAULT",
        "token": token,
    }
    return programs.run([sys.executable, HERE / "gateway_client.py"], given, environment, PROJECT)


def test_the_sdk_makes_a_gateway_and_a_target(made: Any) -> None:
    assert made["status"] == "READY"
    assert made["listed"] == ["shouter"]
    assert made["found"] == made["id"]


def test_the_python_client_lists_and_calls(made: Any) -> None:
    assert made["tools"] == ["shouter___shout", "shouter___count"]
    assert made["text"] == "STRASSE"


def test_the_typescript_client_lists_and_calls(
    made: Any, token: str, environment: dict[str, str]
) -> None:
    head, claims, signature = token.split(".")
    wrong = f"{head}.{claims}.{signature[::-1]}"
    asked = {"url": made["url"], "token": token, "wrongToken": wrong, "tool": "shouter___shout"}
    seen = javascript.run(HERE / "mcp.mjs", asked, environment)
    assert seen["server"]["name"] == "sdk"
    assert seen["tools"] == ["shouter___shout", "shouter___count"]
    assert seen["content"] == [{"type": "text", "text": "STRASSE"}]
    assert seen["withoutToken"]["code"] == 401
    assert seen["withWrongToken"]["code"] in (401, 403)


def test_curl_lists_and_calls(made: Any, token: str, environment: dict[str, str]) -> None:
    def ask(method: str, **params: Any) -> Any:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        ended = subprocess.run(
            [
                *("curl", "--silent", "--show-error", "--fail-with-body", made["url"]),
                *("--header", f"Authorization: Bearer {token}"),
                *("--header", "Content-Type: application/json"),
                *("--header", "Accept: application/json, text/event-stream"),
                *("--data", json.dumps(message)),
            ],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return json.loads(ended.stdout)["result"]

    assert [tool["name"] for tool in ask("tools/list")["tools"]] == made["tools"]
    called = ask("tools/call", name="shouter___shout", arguments={"text": "straße"})
    assert called["content"][0]["text"] == "STRASSE"
