"""What an agent, an MCP server or a provider answers may have any shape: it is judged, never an unhandled error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lifecycle.errors import SmokeTestError
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.run import run_smoke_test
from tests.functions.lifecycle.smoke_test.fake_runtime import Reply, reply
from tests.functions.lifecycle.smoke_test.smoke_environment import jwt_identity, run

DEEP = b"[" * 5000 + b"]" * 5000
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("body", [b'"\\ud800"', DEEP, b'{"a": "\\udfff"}', b"9" * 5000, b"\xff"])
def test_any_answer_of_an_agent_is_judged(iam: Any, body: bytes) -> None:
    iam.runtime.agent = lambda payload, headers: (200, JSON, body)
    run(iam).model_dump_json().encode()
    with pytest.raises(SmokeTestError, match="does not match") as caught:
        run(iam, smokeTest={"expect": "雪"})
    str(caught.value).encode()


@pytest.mark.parametrize(
    ("method", "result", "seen"),
    [
        ("initialize", "null", "initialize: the result is no object: null"),
        ("initialize", '{"protocolVersion": ["\\ud800"]}', "the server speaks MCP"),
        ("initialize", DEEP.decode(), "initialize: the answer is no JSON-RPC response"),
        ("tools/list", '{"tools": null}', "tools is no list of objects: null"),
        ("tools/list", '{"tools": [1]}', r"tools is no list of objects: \[1\]"),
        ("tools/list", '{"tools": [{"name": "x"}], "nextCursor": 1}', "nextCursor is no text: 1"),
        ("tools/call", '{"content": null}', "does not match"),
        ("tools/call", '{"content": [null, {"type": "text", "text": null}]}', "does not match"),
        ("tools/call", '{"structuredContent": "\\ud800", "isError": 1}', "tool x\ufffdy failed"),
    ],
)
def test_any_answer_of_an_mcp_server_is_judged(
    smoke: Any, method: str, result: str, seen: str
) -> None:
    good = {
        "initialize": '{"protocolVersion": "2025-06-18"}',
        "notifications/initialized": "{}",
        # A schema that is none, and a name that no UTF-8 can carry.
        "tools/list": '{"tools": [{"name": "x\\ud800y", "inputSchema": []}]}',
    }

    def server(payload: dict[str, Any], headers: dict[str, str]) -> Reply:
        if payload["method"] == "server/discover":
            return reply(404, None)
        value = result if payload["method"] == method else good[payload["method"]]
        body = f'{{"jsonrpc": "2.0", "id": {json.dumps(payload.get("id"))}, "result": {value}}}'
        return 200, {**JSON, "mcp-session-id": "x" * 300}, body.encode()

    smoke.deploy(IdentityRecord(type="iam"))
    smoke.runtime.agent = server
    event = smoke.world.event(runtime={"protocol": "MCP"}, smokeTest={"expect": "雪"})
    with pytest.raises(SmokeTestError, match=seen) as caught:
        run_smoke_test(event, clients=smoke.clients, sleep=smoke.pauses.append)
    str(caught.value).encode()


ISSUER = {"issuer": "https://idp.example.com"}
TOKEN = {**ISSUER, "token_endpoint": "https://idp.example.com/token"}


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ([(200, {}, DEEP)], "an answer that is not a JSON object"),
        ([(400, {}, DEEP)], "400 Bad Request"),
        ([(999, {}, b"")], r"999 \("),
        ([reply(200, {"issuer": ["https://idp.example.com"]})], "a document without issuer"),
        ([reply(200, {**ISSUER, "token_endpoint": 1})], "without token_endpoint"),
        ([reply(200, {**ISSUER, "token_endpoint": "https://[::1/token"})], "is no URL"),
        (
            [reply(200, {**TOKEN, "token_endpoint_auth_methods_supported": 1})],
            "token_endpoint_auth_methods_supported that is no list",
        ),
        ([reply(200, TOKEN), reply(200, {"access_token": "a\nb"})], "no header can carry"),
        ([reply(200, TOKEN), reply(200, {"access_token": "\ud800"})], "no header can carry"),
        ([reply(200, TOKEN), reply(200, [])], "an answer that is not a JSON object"),
    ],
)
def test_any_answer_of_a_provider_is_judged(smoke: Any, script: list[Reply], seen: str) -> None:
    smoke.deploy(jwt_identity(smoke, {"clientId": "robot", "clientSecret": "right"}))
    smoke.provider.script = [*script, *[script[-1]] * 50]
    with pytest.raises(SmokeTestError, match=seen):
        run(smoke, smokeTest={"timeoutSeconds": 1})


def test_a_provider_that_names_no_method_gets_a_header(smoke: Any) -> None:
    smoke.provider.others = {"robot": "right"}
    smoke.deploy(
        jwt_identity(smoke, {"clientId": "robot", "clientSecret": "right", "scope": "run"})
    )
    document = {**TOKEN, "token_endpoint_auth_methods_supported": None}
    smoke.provider.script = [reply(200, document)]
    assert run(smoke).passed


ODD_LOCATIONS = ["AccessDenied:http://internal/", "https://xn--99999999999/"]


@pytest.mark.parametrize("location", ODD_LOCATIONS)
def test_a_redirect_of_an_agent_to_nowhere_is_no_answer(iam: Any, location: str) -> None:
    iam.runtime.always = {"none": (301, {"location": location}, b"")}
    with pytest.raises(SmokeTestError, match=r"seen no answer \("):
        run(iam, smokeTest={"timeoutSeconds": 1})


@pytest.mark.parametrize("location", ODD_LOCATIONS)
def test_a_redirect_of_a_provider_to_nowhere_is_no_answer(smoke: Any, location: str) -> None:
    smoke.deploy(jwt_identity(smoke, {"clientId": "robot", "clientSecret": "right"}))
    smoke.provider.script = [(302, {"location": location}, b"")] * 50
    with pytest.raises(SmokeTestError, match="seen no answer"):
        run(smoke, smokeTest={"timeoutSeconds": 1})
