"""A local AgentCore with a clock to set, tiny agents as images, and moto for the rest of AWS."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import httpx
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer
from werkzeug import Request
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

from local.agentcore.model.validation import find_faults
from local.agentcore.service import AgentCore
from local.agentcore.settings import Delays, Quotas
from local.edge.credentials import Credentials, CredentialStore, Principal
from local.edge.errors import respond
from local.edge.faults import FaultPlan
from local.edge.gateway.signature_errors import refused
from local.edge.operations import GATEWAY_PREFIX, Operations
from local.edge.service_models import new_session
from local.edge.signatures.claims import claims_signature
from local.edge.signatures.problems import SignatureError
from local.edge.signatures.verification import verify
from local.readings import Readings

REGION = "us-west-2"
# What any operation can answer, whatever its own list of errors says.
COMMON_ERRORS = frozenset(
    {
        "ValidationException",
        "AccessDeniedException",
        "ThrottlingException",
        "InternalServerException",
    }
)
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/agent-role"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/agents:echo"

# Errors that come from before the service (signature, gateway), and are in no service's model.
FOREIGN_ERRORS = {
    "MissingAuthenticationTokenException",
    "InvalidSignatureException",
    "UnrecognizedClientException",
    "UnknownOperationException",
    "GatewayTimeoutException",
}
# The model lists no error for a runtime that does not exist here.
UNLISTED = {("ListAgentRuntimeEndpoints", "ResourceNotFoundException")}

AGENT = """
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Agent(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, {"status": os.environ.get("PING", "Healthy")})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        order = json.loads(body) if body.startswith(b"{") else {}
        print("asked", order.get("say", ""), flush=True)
        if order.get("do") == "exit":
            os._exit(3)
        if order.get("do") == "close":
            self.server.socket.shutdown(2)  # nobody can connect any more
            self.close_connection = True
        if order.get("do") == "stream":
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for number in range(order["events"]):
                event = b"data: %d\\n\\n" % number
                try:
                    self.wfile.write(b"%x\\r\\n%s\\r\\n" % (len(event), event))
                    self.wfile.flush()
                except OSError:
                    open(order["hung_up"], "w").close()
                    return
                if "wait_for" in order:
                    while not os.path.exists(order["wait_for"] + str(number)):
                        time.sleep(0.01)
            self.wfile.write(b"0\\r\\n\\r\\n")
            return
        self.answer(order.get("status", 200), {
            "pid": os.getpid(), "environment": dict(os.environ), "body": body.decode(),
            "headers": {name.lower(): value for name, value in self.headers.items()},
        })

print("agent starts", flush=True)
ThreadingHTTPServer(("0.0.0.0", 8080), Agent).serve_forever()
"""


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: float = field(default_factory=time.time)

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class FakeImage:
    root: Path
    command: list[str]
    environment: dict[str, str]
    workdir: Path
    architecture: str = "arm64"


class FakeImages:
    def __init__(self) -> None:
        self.known: dict[str, FakeImage] = {}

    def resolve(self, container_uri: str) -> FakeImage:
        if container_uri not in self.known:
            raise LookupError(container_uri)
        return self.known[container_uri]


@dataclass
class World:
    """Everything a test needs."""

    core: AgentCore
    clock: Clock
    faults: FaultPlan
    credentials: CredentialStore
    images: FakeImages
    keys: Credentials
    control: Any
    data: Any
    tmp_path: Path
    aws: Callable[[str], Any]
    readings: Readings
    operations: Operations = field(default_factory=Operations)

    def app(self, environ: Any, start_response: Any) -> Any:
        """The data plane behind what the edge does for it: signatures are verified."""
        request = Request(environ)
        body = request.get_data(cache=False)
        environ["wsgi.input"] = io.BytesIO(body)
        if claims_signature(request):
            try:
                verify(request, body, self.credentials)
            except SignatureError as error:
                model = self.operations.service("bedrock-agentcore")
                answer = respond(refused(error, model), model, "request", request)
                return answer(environ, start_response)
        if request.path.startswith("/identities/"):
            return self.core.outbound.app(environ, start_response)
        gateway = request.path.startswith(GATEWAY_PREFIX)
        return (self.core.gateways if gateway else self.core.data)(environ, start_response)

    def client(self, service: str, **config: Any) -> Any:
        """Return another boto3 client of this AgentCore."""
        app = self.core.control if service.endswith("-control") else self.app
        return in_process(app, service, self.keys, **config)

    def another(self, state_dir: Path) -> AgentCore:
        """Return a second AgentCore, with its own state folder."""
        return AgentCore(
            state_dir=state_dir,
            region=REGION,
            account_id=ACCOUNT,
            endpoint_url=self.aws("iam").meta.endpoint_url,
            credentials=self.credentials,
            images=self.images,
            faults=self.faults,
        )

    @staticmethod
    def agent_source() -> str:
        """Return the source of the image `echo`."""
        return AGENT

    def add_image(self, tag: str, source: str, **environment: str) -> str:
        """Make a Python script an image, and return its URI."""
        folder = self.tmp_path / tag
        folder.mkdir(exist_ok=True)
        (folder / "agent.py").write_text(source, encoding="utf-8")
        uri = IMAGE.replace(":echo", f":{tag}")
        self.images.known[uri] = FakeImage(
            folder, [sys.executable, "agent.py"], environment, folder
        )
        return uri

    def request(self, name: str = "echo", uri: str = IMAGE, **more: Any) -> dict[str, Any]:
        return {
            "agentRuntimeName": name,
            "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": uri}},
            "roleArn": ROLE,
            **more,
        }

    def update(self, runtime_id: str, uri: str = IMAGE, **more: Any) -> dict[str, Any]:
        request = self.request(uri=uri, **more)
        del request["agentRuntimeName"]
        return self.control.update_agent_runtime(agentRuntimeId=runtime_id, **request)  # type: ignore[no-any-return]

    def ready(self, name: str = "echo", **more: Any) -> dict[str, Any]:
        """Create a runtime and let it become READY."""
        made = self.control.create_agent_runtime(**self.request(name, **more))
        self.clock.pass_(self.core.delays.create)
        return self.control.get_agent_runtime(agentRuntimeId=made["agentRuntimeId"])  # type: ignore[no-any-return]

    @staticmethod
    def alive(pid: int) -> bool:
        """Say whether a process is there."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    def stranger(self) -> Any:
        """Return a client whose keys nobody has issued."""
        keys = Credentials("AKIASTRANGER", "secret", None, Principal("who", None, "root"))
        return in_process(self.app, "bedrock-agentcore", keys)

    def bare_invoke(self, arn: str, **headers: str) -> Any:
        """Invoke with SigV4 and exactly these headers; the answer is werkzeug's."""
        url = f"http://localhost/runtimes/{quote(arn, safe='')}/invocations"
        request = botocore.awsrequest.AWSRequest(
            "POST", url, {"Content-Type": "application/json", **headers}, b"{}"
        )
        keys = botocore.credentials.Credentials(
            self.keys.access_key_id, self.keys.secret_access_key, self.keys.session_token
        )
        botocore.auth.SigV4Auth(keys, "bedrock-agentcore", REGION).add_auth(request)
        return Client(self.app).open(
            url.removeprefix("http://localhost"),
            method="POST",
            data=b"{}",
            headers=list(request.headers.items()),
        )

    def invoke_raw(self, arn: str, **more: Any) -> Any:
        return self.data.invoke_agent_runtime(agentRuntimeArn=arn, payload=b"{}", **more)

    def invoke(self, arn: str, body: object = None, **more: Any) -> Any:
        answer = self.data.invoke_agent_runtime(
            agentRuntimeArn=arn, payload=json.dumps(body or {}).encode(), **more
        )
        return json.loads(answer["response"].read())

    def bearer(
        self,
        arn: str,
        token: str | None,
        body: object = None,
        path: str = "/invocations",
        method: str = "POST",
        query: str = "?qualifier=DEFAULT",
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Call the data plane as curl would; the answer is werkzeug's."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return Client(self.app).open(
            f"/runtimes/{quote(arn, safe='')}{path}{query}",
            method=method,
            data=json.dumps(body or {}),
            headers=sent,
        )


def in_process(app: Any, service: str, keys: Credentials, **config: Any) -> Any:
    """Return an unmodified boto3 client whose requests go to a WSGI application, not a socket."""
    client = boto3.session.Session(
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        aws_session_token=keys.session_token,
        region_name=REGION,
        botocore_session=new_session(),
    ).client(
        service,
        endpoint_url="http://localhost:1",
        config=Config(retries={"total_max_attempts": 1}, **config),
    )

    def send(request: Any, **_: object) -> botocore.awsrequest.AWSResponse:
        parts = urlsplit(request.url)
        body = request.body or b""
        environ = EnvironBuilder(
            method=request.method,
            base_url=f"{parts.scheme}://{parts.netloc}/",
            path=parts.path,
            query_string=parts.query,
            input_stream=io.BytesIO(body.encode() if isinstance(body, str) else body),
            content_length=len(body),
            headers=[(name, _text(value)) for name, value in request.headers.items()],
        ).get_environ()
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        environ["RAW_URI"] = environ["REQUEST_URI"] = target
        chunks, status, answered = run_wsgi_app(app, environ, buffered=True)
        headers = botocore.awsrequest.HeadersDict()
        for name, value in answered.items():
            headers[name] = value
        raw = _Raw(b"".join(chunks))
        return botocore.awsrequest.AWSResponse(request.url, int(status[:3]), headers, raw)

    client.meta.events.register("before-send", send)
    client.meta.events.register("after-call", _check_answer)
    return client


def _check_answer(http_response: Any, parsed: dict[str, Any], model: Any, **_: object) -> None:
    """Hold what came over the wire against botocore's model: shape, status, and kind of error."""
    members = {n: v for n, v in parsed.items() if n not in ("ResponseMetadata", "Error")}
    if http_response.status_code < 300:
        assert http_response.status_code == model.http.get("responseCode", 200)
        if model.output_shape and not model.has_streaming_output:
            assert find_faults(model.output_shape, members) == []
        return
    code = parsed["Error"]["Code"]
    assert http_response.headers["x-amzn-errortype"] == code
    if code in FOREIGN_ERRORS:
        return
    shape = model.service_model.shape_for(code)
    assert http_response.status_code == shape.metadata["error"]["httpStatusCode"]
    listed = {error.name for error in model.error_shapes} | COMMON_ERRORS
    assert code in listed or (model.name, code) in UNLISTED


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class _Raw(io.BytesIO):
    """Enough of urllib3's response for botocore."""

    def stream(self, amt: int = 1024, decode_content: bool | None = None) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many generated conformance cases ran."""
    ran = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if "test_a_broken_constraint_is_the_modelled_error[" in report.nodeid
    ]
    if ran:
        passed = sum(report.passed for report in ran)
        terminalreporter.write_line(
            f"AgentCore conformance, generated from botocore's model: {len(ran)} cases ran, "
            f"{passed} passed"
        )


@dataclass
class Clients:
    """Clients that outlive an AgentCore, since making one takes long; they speak to the last."""

    keys: Credentials
    apps: dict[str, Any] = field(default_factory=dict)
    control: Any = None
    data: Any = None


@pytest.fixture(scope="session")
def clients() -> Clients:
    """Return boto3 clients for every AgentCore of the session."""
    made = Clients(CredentialStore().issue(Principal("root", None, "root")))
    made.control = in_process(
        lambda environ, start: made.apps["control"](environ, start),
        "bedrock-agentcore-control",
        made.keys,
    )
    made.data = in_process(
        lambda environ, start: made.apps["data"](environ, start), "bedrock-agentcore", made.keys
    )
    return made


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def aws(moto_url: str) -> Callable[[str], Any]:
    """boto3 clients of moto."""
    session = boto3.session.Session(
        aws_access_key_id="AKIATESTTESTTESTTEST", aws_secret_access_key="x", region_name=REGION
    )

    def client(name: str) -> Any:
        return session.client(
            name, endpoint_url=moto_url, config=Config(s3={"addressing_style": "path"})
        )

    return client


@pytest.fixture(scope="module")
def roles(aws: Callable[[str], Any]) -> None:
    """`agent-role` trusts AgentCore as the documentation says; `lambda-role` does not.

    For each file anew: an embedded AWS that another file starts in this process empties moto.
    """
    iam = aws("iam")
    there = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    for name, service in (("agent-role", "bedrock-agentcore"), ("lambda-role", "lambda")):
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:*"},
            },
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        if name not in there:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy)


@pytest.fixture
def quotas() -> Quotas:
    # A clock that stands still makes everything happen in one second.
    return Quotas(
        control_mutations_per_second=10_000,
        gateway_mutations_per_second=10_000,
        new_sessions_per_second=1_000,
        startup_seconds=10.0,
    )


@pytest.fixture
def world(
    tmp_path: Path,
    moto_url: str,
    aws: Callable[[str], Any],
    roles: None,
    quotas: Quotas,
    clients: Clients,
) -> Iterator[World]:
    """Return an AgentCore of the test's own."""
    yield from _world(tmp_path, moto_url, aws, quotas, clients)


@pytest.fixture(scope="module")
def shared_world(
    tmp_path_factory: pytest.TempPathFactory,
    moto_url: str,
    aws: Callable[[str], Any],
    roles: None,
    clients: Clients,
) -> Iterator[World]:
    """Return one AgentCore for a whole module, for tests that leave nothing behind."""
    many = 10**9
    quotas = Quotas(
        control_mutations_per_second=many,
        gateway_mutations_per_second=many,
        runtimes=many,
        gateways=many,
    )
    yield from _world(tmp_path_factory.mktemp("shared"), moto_url, aws, quotas, clients)


def _world(
    tmp_path: Path,
    moto_url: str,
    aws: Callable[[str], Any],
    quotas: Quotas,
    clients: Clients,
) -> Iterator[World]:
    store, clock, faults, images = CredentialStore(), Clock(), FaultPlan(), FakeImages()
    readings = Readings()
    keys = store.add(clients.keys)
    core = AgentCore(
        state_dir=tmp_path / "state",
        region=REGION,
        account_id=ACCOUNT,
        endpoint_url=moto_url,
        credentials=store,
        images=images,
        faults=faults,
        delays=Delays(),
        quotas=quotas,
        clock=clock,
        readings=readings,
    )
    world = World(
        core=core,
        clock=clock,
        faults=faults,
        credentials=store,
        images=images,
        keys=keys,
        control=clients.control,
        data=clients.data,
        tmp_path=tmp_path,
        aws=aws,
        readings=readings,
    )
    clients.apps.update(control=core.control, data=world.app)
    world.add_image("echo", AGENT)
    yield world
    core.close()


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Serve WSGI applications on the loopback; gives each one's URL."""
    servers: list[tuple[Any, threading.Thread]] = []

    def start(app: Any) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=20.0, trust_env=False) as client:
        yield client
