"""Calls over real sockets: streams, hang-ups, failures, limits, cold starts."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, IncompleteReadError, ResponseStreamingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local.agentcore.conftest import World

ONE = "session-one-0123456789-0123456789-0123"

NEVER_LISTENS = """
import time
print("thinking", flush=True)
time.sleep(600)
"""
WRONG_PORT = """
from http.server import BaseHTTPRequestHandler, HTTPServer
HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler).serve_forever()
"""
LOOPBACK_ONLY = """
from http.server import BaseHTTPRequestHandler, HTTPServer
HTTPServer(("127.0.0.1", 8080), BaseHTTPRequestHandler).serve_forever()
"""
UNHEALTHY = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Agent(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503)
HTTPServer(("0.0.0.0", 8080), Agent).serve_forever()
"""
IMPORT_ERROR = "import a_package_that_is_not_there\n"
SDK_AGENT = """
from bedrock_agentcore import BedrockAgentCoreApp
app = BedrockAgentCoreApp()

@app.entrypoint
async def invoke(payload, context):
    if payload.get("stream"):
        async def words():
            for word in ("one", "two"):
                yield word
        return words()
    return {"answer": payload["prompt"], "session": context.session_id}

app.run()
"""


def failure(world: World, arn: str, body: object = None) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as raised:
        world.invoke(arn, body)
    answer = raised.value.response
    error = answer["Error"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def deploy(world: World, source: str, **more: Any) -> str:
    uri = world.add_image("special", source, **more)
    return str(world.ready(uri=uri)["agentRuntimeArn"])


@pytest.fixture
def client(world: World, serve: Callable[[Any], str]) -> Any:
    """Return a plain boto3 client on a real socket."""
    return boto3.client(
        "bedrock-agentcore",
        endpoint_url=serve(world.core.data),
        region_name="us-west-2",
        aws_access_key_id=world.keys.access_key_id,
        aws_secret_access_key=world.keys.secret_access_key,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
    )


def test_a_stream_is_passed_on_as_it_comes(world: World, client: Any, tmp_path: Path) -> None:
    arn = world.ready()["agentRuntimeArn"]
    gate = str(tmp_path / "gate")
    order = {"do": "stream", "events": 3, "wait_for": gate}
    answer = client.invoke_agent_runtime(agentRuntimeArn=arn, payload=json.dumps(order).encode())
    assert answer["contentType"] == "text/event-stream"
    lines = answer["response"].iter_lines(chunk_size=1)
    for number in range(3):
        # The agent does not go on before we have seen what it sent.
        assert next(line for line in lines if line) == b"data: %d" % number
        (tmp_path / f"gate{number}").touch()
    assert [line for line in lines if line] == []


def test_who_hangs_up_ends_the_call_to_the_agent(world: World, client: Any, tmp_path: Path) -> None:
    arn = world.ready()["agentRuntimeArn"]
    told = tmp_path / "told"
    order = {"do": "stream", "events": 10**9, "hung_up": str(told)}
    answer = client.invoke_agent_runtime(
        agentRuntimeArn=arn, payload=json.dumps(order).encode(), runtimeSessionId=ONE
    )
    answer["response"].read(10)
    [session] = world.core.sessions.running()
    assert session.users == 1
    answer["response"].close()
    deadline = time.monotonic() + 10
    while not (told.exists() and session.users == 0):
        assert time.monotonic() < deadline, "the agent was never told"
        time.sleep(0.01)


@pytest.mark.parametrize("limit", ["request_seconds", "stream_seconds"])
def test_a_stream_that_stalls_or_does_not_end_is_cut(
    world: World, client: Any, tmp_path: Path, limit: str
) -> None:
    arn = world.ready()["agentRuntimeArn"]
    setattr(world.core.quotas, limit, 0.3)
    order: dict[str, Any] = {"do": "stream", "events": 10**9, "hung_up": str(tmp_path / "told")}
    if limit == "request_seconds":
        order["wait_for"] = str(tmp_path / "never")
    answer = client.invoke_agent_runtime(agentRuntimeArn=arn, payload=json.dumps(order).encode())
    # Half an answer does not look like a whole one.
    with pytest.raises((ResponseStreamingError, IncompleteReadError)):
        answer["response"].read()


def test_a_running_call_keeps_its_session_from_idling_out(world: World, client: Any) -> None:
    arn = world.ready(
        lifecycleConfiguration={"idleRuntimeSessionTimeout": 60, "maxLifetime": 1000}
    )["agentRuntimeArn"]
    order = {"do": "stream", "events": 10**9, "hung_up": "/dev/null"}
    answer = client.invoke_agent_runtime(agentRuntimeArn=arn, payload=json.dumps(order).encode())
    world.clock.pass_(500)
    world.core.sessions.sweep()
    assert len(world.core.sessions.running()) == 1
    world.clock.pass_(500)
    world.core.sessions.sweep()
    assert world.core.sessions.running() == []
    answer["response"].close()


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_an_agent_that_answers_an_error(world: World, status: int) -> None:
    arn = world.ready()["agentRuntimeArn"]
    assert failure(world, arn, {"status": status}) == (
        424,
        "RuntimeClientError",
        f"Received error ({status}) from runtime. Please check your CloudWatch logs for more "
        "information.",
    )


def test_an_agent_that_cannot_start(world: World) -> None:
    arn = deploy(world, IMPORT_ERROR)
    status, code, message = failure(world, arn)
    assert (status, code) == (424, "RuntimeClientError")
    assert "CloudWatch" in message
    assert world.core.sessions.running() == []
    world.core.close()
    group = f"/aws/bedrock-agentcore/runtimes/{arn.rsplit('/', 1)[1]}-DEFAULT"
    events = world.aws("logs").filter_log_events(logGroupName=group)["events"]
    assert any("a_package_that_is_not_there" in event["message"] for event in events)


def test_an_image_that_is_gone(world: World) -> None:
    arn = world.ready()["agentRuntimeArn"]
    world.images.known.clear()
    assert failure(world, arn)[:2] == (424, "RuntimeClientError")


@pytest.mark.parametrize(
    "source",
    [NEVER_LISTENS, WRONG_PORT, LOOPBACK_ONLY, UNHEALTHY],
    ids=["never listens", "wrong port", "loopback only", "unhealthy"],
)
def test_an_agent_that_is_never_reached(world: World, source: str) -> None:
    world.core.quotas.startup_seconds = 0.5
    arn = deploy(world, source)
    status, code, message = failure(world, arn)
    assert (status, code) == (504, "GatewayTimeoutException")
    assert "completes in 0.5s" in message
    assert world.core.sessions.running() == []


def test_an_agent_that_takes_too_long(world: World) -> None:
    world.core.quotas.request_seconds = 0.3
    slow = world.add_image(
        "slow",
        "import time\n"
        + world.agent_source().replace(
            "def do_POST(self):", "def do_POST(self):\n        time.sleep(5)"
        ),
    )
    arn = world.ready("slow", uri=slow)["agentRuntimeArn"]
    assert failure(world, arn)[:2] == (504, "GatewayTimeoutException")


def test_a_body_may_be_as_large_as_the_limit_and_no_larger(world: World) -> None:
    arn = world.ready()["agentRuntimeArn"]
    world.core.quotas.payload_bytes = 1000
    assert world.data.invoke_agent_runtime(agentRuntimeArn=arn, payload=b"x" * 1000)
    with pytest.raises(ClientError) as raised:
        world.data.invoke_agent_runtime(agentRuntimeArn=arn, payload=b"x" * 1001)
    # The signature covers the body, so one that was cut short has to be refused for its length.
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert raised.value.response["fieldList"][0]["name"] == "payload"


def test_the_agentcore_sdk_runs_as_it_is(world: World) -> None:
    uri = world.add_image("special", SDK_AGENT, DOCKER_CONTAINER="1")
    arn = world.ready(uri=uri)["agentRuntimeArn"]
    seen = world.invoke(arn, {"prompt": "hello"}, runtimeSessionId=ONE)
    assert seen == {"answer": "hello", "session": ONE}
    stream = world.data.invoke_agent_runtime(
        agentRuntimeArn=arn, payload=b'{"stream": true}', runtimeSessionId=ONE
    )
    assert stream["contentType"].startswith("text/event-stream")
    assert stream["response"].read() == b'data: "one"\n\ndata: "two"\n\n'


def test_an_agent_under_opentelemetry_instrument_is_found(world: World) -> None:
    source = "import os, sys\nos.execvp(sys.argv[1], sys.argv[1:])\n"
    uri = world.add_image("special", source, DOCKER_CONTAINER="1")
    image = world.images.known[uri]
    (image.root / "main.py").write_text(SDK_AGENT, encoding="utf-8")
    python = image.command[0]
    instrument = str(python).replace("/python", "/opentelemetry-instrument")
    image.command[:] = [python, "agent.py", instrument, python, "main.py"]
    arn = world.ready(uri=uri)["agentRuntimeArn"]
    assert world.invoke(arn, {"prompt": "hello"})["answer"] == "hello"


def test_agents_listen_on_the_loopback_only(world: World) -> None:
    arn = world.ready()["agentRuntimeArn"]
    world.invoke(arn, runtimeSessionId=ONE)
    process = world.core.sessions.running()[0].process()
    assert process is not None
    address = urlsplit(process.base_url)
    assert address.hostname == "127.0.0.1"
    assert address.port not in (None, 8080)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))  # the port of the contract itself stays free for others
    assert quote(arn, safe="") not in process.base_url


ANYWHERE = """
import json, socket
from http.server import BaseHTTPRequestHandler, HTTPServer

other = socket.create_server(("0.0.0.0", 0))

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({"status": "Healthy"})

    def do_POST(self):
        self.answer({"other": other.getsockname()[0]})

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""


def test_an_agent_is_on_the_loopback_alone_whatever_it_listens_on(world: World) -> None:
    arn = world.ready(uri=world.add_image("anywhere", ANYWHERE))["agentRuntimeArn"]
    assert world.invoke(arn)["other"] == "127.0.0.1"


def test_an_agents_own_folder_is_below_the_state_folder(world: World) -> None:
    world.invoke(world.ready()["agentRuntimeArn"])
    assert len(list((world.tmp_path / "state" / "agentcore" / "agents").iterdir())) == 1
