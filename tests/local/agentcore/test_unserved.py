"""What the local AgentCore does not serve, or does not know, is refused as the service refuses: never ignored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import httpx
import pytest
from botocore.exceptions import ClientError
from werkzeug.test import Client

from tests.local.agentcore.conftest import REGION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.agentcore.conftest import World

SESSION = "session-one-0123456789-0123456789-0123"
CARD = "/invocations/.well-known/agent-card.json"
A2A = """
import json
from http.server import BaseHTTPRequestHandler, HTTPServer

class Agent(BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self):
        if self.path == "/ping":
            self.reply({"status": "Healthy"})
        elif self.path == "/.well-known/agent-card.json":
            seen = self.headers["X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"]
            self.reply({"name": "sums", "session": seen})
        else:
            self.send_error(404)
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.reply({"path": self.path})
    def reply(self, document):
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("0.0.0.0", 9000), Agent).serve_forever()
"""
SLOW_STREAM = """
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Agent(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *args): pass
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        time.sleep(600)

ThreadingHTTPServer(("0.0.0.0", 8000), Agent).serve_forever()
"""
JWT = {
    "customJWTAuthorizer": {
        "discoveryUrl": "http://localhost:1/.well-known/openid-configuration",
        "allowedClients": ["client"],
    }
}


def answer_of(raised: pytest.ExceptionInfo[ClientError]) -> tuple[int, str, str]:
    found = raised.value.response
    error = found["Error"]
    return found["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def signed(world: World, path: str, method: str = "GET") -> Any:
    request = botocore.awsrequest.AWSRequest(method, f"http://localhost{path}")
    keys = botocore.credentials.Credentials(
        world.keys.access_key_id, world.keys.secret_access_key, world.keys.session_token
    )
    botocore.auth.SigV4Auth(keys, "bedrock-agentcore", REGION).add_auth(request)
    return Client(world.app).open(path, method=method, headers=list(request.headers.items()))


def test_a_command_is_refused_as_the_service_refuses(world: World) -> None:
    arn = world.ready()["agentRuntimeArn"]
    with pytest.raises(ClientError) as raised:
        world.data.invoke_agent_runtime_command(agentRuntimeArn=arn, body={"command": "ls"})
    message = "This local AWS does not serve InvokeAgentRuntimeCommand."
    assert answer_of(raised) == (400, "ValidationException", message)
    socket = signed(world, f"/runtimes/{quote(arn, safe='')}/ws")
    assert (socket.status_code, socket.headers["x-amzn-errortype"]) == (400, "ValidationException")


@pytest.mark.parametrize("path", ["/commands", "/ws", CARD])
def test_who_may_not_call_is_told_so_first(world: World, path: str) -> None:
    """Authentication and the look-up of the runtime come before everything else."""
    method = "POST" if path == "/commands" else "GET"
    token = world.ready("token", authorizerConfiguration=JWT)["agentRuntimeArn"]
    assert world.bearer(token, None, path=path, method=method).status_code == 401
    assert world.bearer(token, "x.y", path=path, method=method).status_code == 403
    plain = world.ready("plain")["agentRuntimeArn"]
    unsigned = world.bearer(plain, None, path=path, method=method)
    assert unsigned.status_code == 403
    assert unsigned.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    missing = world.bearer(plain + "x", None, path=path, method=method)
    assert missing.status_code == 404
    assert missing.headers["x-amzn-errortype"] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("get_workload_access_token", {"workloadName": "one"}),
        ("list_actors", {"memoryId": "memory-0123456789"}),
        ("get_browser_session", {"browserIdentifier": "b", "sessionId": "s"}),
    ],
)
def test_operations_without_a_runtime(world: World, operation: str, members: Any) -> None:
    with pytest.raises(ClientError) as raised:
        getattr(world.data, operation)(**members)
    status, code, message = answer_of(raised)
    assert (status, code) == (400, "ValidationException")
    assert message.startswith("This local AWS does not serve ")
    with pytest.raises(ClientError) as raised:
        getattr(world.stranger(), operation)(**members)
    assert answer_of(raised)[:2] == (403, "UnrecognizedClientException")


def test_a_path_that_no_operation_has(world: World) -> None:
    for path in ("/runtimes/arn:aws:x/y/invocations", "/no/such"):
        assert (
            signed(world, path, "POST").headers["x-amzn-errortype"] == "ResourceNotFoundException"
        )


def test_operations_of_the_control_plane(world: World) -> None:
    for call, name in ((world.control.list_memories, "ListMemories"),):
        with pytest.raises(ClientError) as raised:
            call()
        message = f"This local AWS does not serve {name}."
        assert answer_of(raised) == (400, "ValidationException", message)


def test_an_a2a_agent_shows_its_card(world: World) -> None:
    uri = world.add_image("a2a", A2A)
    runtime = world.ready(uri=uri, protocolConfiguration={"serverProtocol": "A2A"})
    arn = runtime["agentRuntimeArn"]
    found = world.data.get_agent_card(agentRuntimeArn=arn, runtimeSessionId=SESSION)
    assert found["agentCard"] == {"name": "sums", "session": SESSION}
    assert found["runtimeSessionId"] == SESSION
    assert found["statusCode"] == 200
    assert world.invoke(arn, runtimeSessionId=SESSION) == {"path": "/"}
    assert len(world.core.sessions.running()) == 1


def test_only_an_a2a_agent_has_a_card(world: World) -> None:
    with pytest.raises(ClientError) as raised:
        world.data.get_agent_card(agentRuntimeArn=world.ready()["agentRuntimeArn"])
    assert answer_of(raised)[:2] == (400, "ValidationException")
    assert world.core.sessions.running() == []


def test_headers_do_not_wait_for_a_body(world: World, serve: Callable[[Any], str]) -> None:
    uri = world.add_image("slow", SLOW_STREAM)
    runtime = world.ready(uri=uri, protocolConfiguration={"serverProtocol": "MCP"})
    url = f"{serve(world.core.data)}/runtimes/{quote(runtime['agentRuntimeArn'], safe='')}/invocations"
    request = botocore.awsrequest.AWSRequest("GET", url)
    keys = botocore.credentials.Credentials(
        world.keys.access_key_id, world.keys.secret_access_key, world.keys.session_token
    )
    botocore.auth.SigV4Auth(keys, "bedrock-agentcore", REGION).add_auth(request)
    headers = {"Host": urlsplit(url).netloc, **dict(request.headers.items())}
    with httpx.stream("GET", url, headers=headers, timeout=20, trust_env=False) as answer:
        # The agent sends no event at all; only its headers can have come.
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"operatingSystemConfiguration": {"a": 1}}, "operatingSystemConfiguration"),
        (
            {"lifecycleConfiguration": {"maxLifetime": 600, "newLimit": 1}},
            "lifecycleConfiguration.newLimit",
        ),
        ({"operatingSystemConfiguration": None}, None),
    ],
)
def test_members_of_a_newer_sdk_are_not_dropped(
    world: World, changed: dict[str, Any], named: str | None
) -> None:
    body = {**world.request("newer"), **changed}
    sent = Client(world.core.control).put("/runtimes/", data=json.dumps(body))
    if named is None:
        assert sent.status_code == 202
        return
    assert (sent.status_code, sent.headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert [field["name"] for field in json.loads(sent.data)["fieldList"]] == [named]
    assert world.control.list_agent_runtimes()["agentRuntimes"] == []


def test_members_of_a_newer_sdk_are_not_dropped_from_updates(world: World) -> None:
    runtime = world.ready("newer")
    runtime_id = runtime["agentRuntimeId"]
    client = Client(world.core.control)
    update = {**world.request("newer"), "newMember": 1}
    update.pop("agentRuntimeName")
    for path, body in (
        (f"/runtimes/{runtime_id}/", update),
        (f"/runtimes/{runtime_id}/runtime-endpoints/", {"name": "blue", "newMember": 1}),
        (f"/runtimes/{runtime_id}/runtime-endpoints/DEFAULT/", {"newMember": 1}),
    ):
        sent = client.put(path, data=json.dumps(body))
        assert (sent.status_code, sent.headers["x-amzn-errortype"]) == (400, "ValidationException")
        assert [field["name"] for field in json.loads(sent.data)["fieldList"]] == ["newMember"]
