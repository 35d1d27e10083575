"""Errors in the form of the runtime's protocol: JSON-RPC with its own status for A2A, an event for AG-UI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.local.agentcore.conftest import World

AGENT = """
from http.server import BaseHTTPRequestHandler, HTTPServer

class Agent(BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self): self.say(200, b'{"status": "Healthy"}')
    def do_POST(self): self.say(500, b"")
    def say(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("0.0.0.0", PORT), Agent).serve_forever()
"""
SILENT = "import time; time.sleep(600)"
SESSION = "session-one-0123456789-0123456789-0123"
JWT = {
    "customJWTAuthorizer": {
        "discoveryUrl": "http://localhost:1/.well-known/openid-configuration",
        "allowedClients": ["client"],
    }
}
FAILED = "Runtime client error - Please check your CloudWatch logs for more information"


def ready(world: World, protocol: str, source: str = AGENT, **more: Any) -> str:
    port = {"A2A": "9000", "AGUI": "8080"}[protocol]
    uri = world.add_image("agent", source.replace("PORT", port))
    chosen = {"serverProtocol": protocol}
    arn: str = world.ready(uri=uri, protocolConfiguration=chosen, **more)["agentRuntimeArn"]
    return arn


class Answers:
    """What InvokeAgentRuntime answers, unread: boto3 keeps only an error's message."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.kept: list[dict[str, Any]] = []
        world.data.meta.events.register(
            "before-parse.bedrock-agentcore", self._keep, unique_id=self
        )

    def _keep(self, response_dict: dict[str, Any], **_: object) -> None:
        self.kept.append(response_dict)

    def close(self) -> None:
        self._world.data.meta.events.unregister("before-parse.bedrock-agentcore", unique_id=self)

    def of(self, arn: str, body: object, **more: Any) -> tuple[int, str, bytes]:
        self.kept.clear()
        more = {"runtimeSessionId": SESSION, **more}
        try:
            answer = self._world.data.invoke_agent_runtime(
                agentRuntimeArn=arn, payload=json.dumps(body).encode(), **more
            )
            text = answer["response"].read()
        except ClientError:
            text = self.kept[0]["body"]
        (kept,) = self.kept
        return kept["status_code"], kept["headers"]["content-type"].partition(";")[0], text


@pytest.fixture
def answers(world: World) -> Any:
    made = Answers(world)
    yield made
    made.close()


def of_a2a(answers: Answers, arn: str, body: object = None, **more: Any) -> tuple[int, Any]:
    status, kind, text = answers.of(arn, body, **more)
    assert kind == "application/json"
    value = json.loads(text)
    assert set(value) == {"jsonrpc", "id", "error"}
    assert value["jsonrpc"] == "2.0"
    return status, (value["id"], value["error"]["code"], value["error"]["message"])


@pytest.mark.parametrize(
    ("body", "number"), [({"id": "one"}, "one"), ({"id": 7}, 7), ({"id": {}}, None), ([], None)]
)
def test_a_failing_a2a_agent(world: World, answers: Answers, body: Any, number: Any) -> None:
    arn = ready(world, "A2A")
    assert of_a2a(answers, arn, body) == (424, (number, -32055, FAILED))


def test_errors_of_a2a(world: World, answers: Answers) -> None:
    arn = ready(world, "A2A")
    rate = "Rate limit exceeded - Too many requests"
    world.core.quotas.new_sessions_per_second = 0
    assert of_a2a(answers, arn) == (429, (None, -32053, rate))
    world.core.quotas.payload_bytes = 1
    world.readings.change({"oversized-body": "after-authorization"})
    assert of_a2a(answers, arn) == (400, (None, -32052, "Validation error - Invalid request data"))


def test_an_a2a_agent_that_never_listens(world: World, answers: Answers) -> None:
    arn = ready(world, "A2A", SILENT)
    world.core.quotas.startup_seconds = 0.3
    text = "Internal error - An unexpected error occurred while processing the request"
    assert of_a2a(answers, arn) == (500, (None, -32603, text))


def test_the_card_s_errors_are_the_service_s_own(world: World) -> None:
    arn = ready(world, "A2A", "raise SystemExit(1)")
    with pytest.raises(ClientError) as raised:
        world.data.get_agent_card(agentRuntimeArn=arn)
    assert raised.value.response["Error"]["Code"] == "RuntimeClientError"
    assert "CloudWatch logs" in raised.value.response["Error"]["Message"]


def of_agui(text: bytes) -> tuple[str, str]:
    (event,) = [json.loads(line[6:]) for line in text.decode().split("\n\n") if line]
    assert event["type"] == "RUN_ERROR"
    return event["code"], event["message"]


def test_a_failing_agui_agent_is_an_event_of_a_stream(world: World, answers: Answers) -> None:
    status, kind, text = answers.of(ready(world, "AGUI"), {})
    assert (status, kind) == (200, "text/event-stream")
    code, message = of_agui(text)
    assert code == "AGENT_ERROR"
    assert "Received error (500) from runtime." in message


def test_errors_of_agui(world: World, answers: Answers) -> None:
    arn = ready(world, "AGUI")
    world.core.quotas.new_sessions_per_second = 0
    status, kind, text = answers.of(arn, {})
    assert (status, kind, of_agui(text)[0]) == (429, "text/event-stream", "RATE_LIMIT_EXCEEDED")
    world.core.quotas.payload_bytes = 1
    world.readings.change({"oversized-body": "after-authorization"})
    status, kind, text = answers.of(arn, {})
    assert (status, kind, of_agui(text)[0]) == (400, "text/event-stream", "VALIDATION_ERROR")


def test_what_agui_has_no_code_for_is_the_service_s_own(world: World, answers: Answers) -> None:
    arn = ready(world, "AGUI", SILENT)
    world.core.quotas.startup_seconds = 0.3
    status, kind, text = answers.of(arn, {})
    assert (status, kind) == (504, "application/json")
    assert "initialization time exceeded" in json.loads(text)["message"]


def test_refusals_of_agui(world: World) -> None:
    arn = ready(world, "AGUI", authorizerConfiguration=JWT)
    missing = world.bearer(arn, None)
    assert (missing.status_code, missing.mimetype) == (401, "text/event-stream")
    assert "resource_metadata=" in missing.headers["WWW-Authenticate"]
    assert of_agui(missing.data)[0] == "UNAUTHORIZED"
    garbage = world.bearer(arn, "x.y")
    assert (garbage.status_code, of_agui(garbage.data)[0]) == (403, "ACCESS_DENIED")
    signed = ready(world, "AGUI", agentRuntimeName="signed")
    bearer = world.bearer(signed, "x.y")
    assert (bearer.status_code, of_agui(bearer.data)[0]) == (403, "ACCESS_DENIED")
    assert "WWW-Authenticate" not in bearer.headers
    assert world.core.sessions.running() == []
