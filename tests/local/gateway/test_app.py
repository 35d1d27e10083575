"""The gateway over real HTTP: boto3 in front, small services of our own behind."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import boto3
import botocore.session
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from werkzeug import Request, Response

from local.gateway.app import Gateway
from local.gateway.calls import CallLog
from local.gateway.credentials import CredentialStore, Principal
from local.gateway.faults import Fault, FaultPlan
from local.gateway.local_api import LocalApi
from local.gateway.server import Server

FUNCTION = Principal("SignInFunction", "arn:aws:iam::123456789012:role/r", "function")


class FakeDelays:
    def __init__(self) -> None:
        self.seconds = {"create": 5.0}

    def read(self) -> dict[str, float]:
        return self.seconds

    def change(self, seconds: dict[str, float]) -> None:
        if set(seconds) - set(self.seconds):
            raise ValueError("unknown delay")
        self.seconds.update(seconds)


class World:
    """A gateway that is served, and what stands behind it."""

    def __init__(self) -> None:
        self.store = CredentialStore()
        self.log = CallLog()
        self.faults = FaultPlan()
        self.delays = FakeDelays()
        self.reached: list[tuple[str, str | None]] = []
        self.keys = self.store.issue(FUNCTION)
        gateway = Gateway(
            services={"bedrock-agentcore": self.service(self.streamed)},
            fallback=self.service(self.answer),
            credentials=self.store,
            calls=self.log,
            faults=self.faults,
            local_api=LocalApi(self.log, self.faults, self.delays, lambda: {"pid": 1}),
        )
        self.server = Server(gateway)
        self.server.start()
        self.url = f"http://localhost:{self.server.port}"

    def service(self, answer: Callable[[Request], Response]) -> Any:
        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            call = environ["local.call"]
            self.reached.append((call.service, call.operation))
            return answer(Request(environ))(environ, start_response)

        return app

    def answer(self, request: Request) -> Response:
        if request.path == "/broken":
            raise RuntimeError("a fault of ours")
        if request.headers.get("X-Amz-Target", "").endswith("PutItem"):
            assert json.loads(request.get_data())["TableName"] == "t"
        return Response("{}", content_type="application/x-amz-json-1.0")

    def streamed(self, _request: Request) -> Response:
        def pieces() -> Iterator[bytes]:
            yield b"data: one\n\n"
            time.sleep(0.3)
            yield b"data: two\n\n"

        return Response(pieces(), content_type="text/event-stream")

    def client(self, service: str, session: boto3.Session | None = None) -> Any:
        return (session or boto3).client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.keys.access_key_id,
            aws_secret_access_key=self.keys.secret_access_key,
            aws_session_token=self.keys.session_token,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=1),
        )


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.server.stop()


def put_item(world: World) -> None:
    world.client("dynamodb").put_item(TableName="t", Item={"a": {"S": "b"}})


def test_a_call_is_named_logged_and_answered(world: World) -> None:
    put_item(world)
    (call,) = world.log.calls()
    assert (call.service, call.operation, call.status) == ("dynamodb", "PutItem", 200)
    assert call.caller == FUNCTION
    assert world.reached == [("dynamodb", "PutItem")]


def test_an_unknown_key_is_served_without_a_name(world: World) -> None:
    world.keys = CredentialStore().issue(FUNCTION)
    put_item(world)
    assert world.log.calls()[0].caller is None


@pytest.mark.parametrize(
    ("service", "call", "kind", "code", "status"),
    [
        ("dynamodb", "list_tables", "throttle", "ThrottlingException", 400),
        ("dynamodb", "list_tables", "accessDenied", "AccessDeniedException", 400),
        ("dynamodb", "list_tables", "serverError", "InternalServerError", 500),
        ("lambda", "list_functions", "throttle", "TooManyRequestsException", 429),
        ("lambda", "list_functions", "serverError", "ServiceException", 500),
        ("lambda", "list_functions", "conflict", "ResourceConflictException", 409),
        (
            "bedrock-agentcore-control",
            "list_agent_runtimes",
            "throttle",
            "ThrottlingException",
            429,
        ),
        ("bedrock-agentcore-control", "list_agent_runtimes", "conflict", "ConflictException", 409),
        (
            "bedrock-agentcore-control",
            "list_agent_runtimes",
            "accessDenied",
            "AccessDeniedException",
            403,
        ),
        ("iam", "list_roles", "throttle", "Throttling", 400),
        ("iam", "list_roles", "accessDenied", "AccessDenied", 403),
        ("s3", "list_buckets", "throttle", "SlowDown", 503),
        ("s3", "list_buckets", "accessDenied", "AccessDenied", 403),
        ("codebuild", "list_projects", "serverError", "InternalServerError", 500),
        ("stepfunctions", "list_state_machines", "conflict", "ConflictException", 400),
    ],
)
def test_faults_speak_the_protocol_of_the_service(
    world: World, service: str, call: str, kind: Any, code: str, status: int
) -> None:
    world.faults.add(Fault(service, "*", kind, reason="because of <the test>"))
    with pytest.raises(ClientError) as caught:
        getattr(world.client(service), call)()
    answer: Any = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert answer["Error"]["Message"] == "because of <the test>"
    assert answer["ResponseMetadata"]["RequestId"] == world.log.calls()[0].request_id
    assert world.reached == []


class CborLoader(Loader):  # type: ignore[misc]
    """botocore's models, of services that have no protocol but CBOR: some SDKs prefer it where it is one of several."""

    def load_service_model(self, *arguments: Any, **keywords: Any) -> Any:
        model = super().load_service_model(*arguments, **keywords)
        metadata = model.get("metadata", {})
        if "smithy-rpc-v2-cbor" not in metadata.get("protocols", []):
            return model
        return {**model, "metadata": {**metadata, "protocols": ["smithy-rpc-v2-cbor"]}}


@pytest.mark.parametrize(
    ("service", "call", "kind", "code", "status"),
    [
        ("codebuild", "list_projects", "throttle", "ThrottlingException", 400),
        ("codebuild", "list_projects", "serverError", "InternalServerError", 500),
        ("cloudwatch", "list_dashboards", "serverError", "InternalServiceError", 500),
        ("resourcegroupstaggingapi", "get_resources", "throttle", "ThrottledException", 400),
    ],
)
def test_faults_speak_cbor_to_who_speaks_cbor(
    world: World, service: str, call: str, kind: Any, code: str, status: int
) -> None:
    session = botocore.session.get_session()
    session.register_component("data_loader", CborLoader())
    reason = "because of <the test>, だから " + "." * 300
    world.faults.add(Fault(service, "*", kind, reason=reason))
    with pytest.raises(ClientError) as caught:
        getattr(world.client(service, boto3.Session(botocore_session=session)), call)()
    answer: Any = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert answer["Error"]["Message"] == reason
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["smithy-protocol"] == "rpc-v2-cbor"
    assert answer["ResponseMetadata"]["RequestId"] == world.log.calls()[0].request_id


def test_a_time_out_before_leaves_the_service_untouched(world: World) -> None:
    world.faults.add(Fault("dynamodb", "PutItem", "timeoutBefore"))
    with pytest.raises(BotoCoreError):
        put_item(world)
    assert world.reached == []
    put_item(world)
    assert [call.status for call in world.log.calls()] == [None, 200]


def test_a_time_out_after_has_its_effect_and_no_answer(world: World) -> None:
    world.faults.add(Fault("dynamodb", "PutItem", "timeoutAfter", seconds=1.5))
    with pytest.raises(BotoCoreError, match="Read timeout"):
        put_item(world)
    assert world.reached == [("dynamodb", "PutItem")]


def test_a_fault_for_one_caller_spares_the_others(world: World) -> None:
    world.faults.add(Fault("dynamodb", "*", "throttle", caller="AnotherFunction"))
    put_item(world)
    assert world.log.calls()[0].status == 200


def test_a_fault_of_our_own_is_an_internal_failure(world: World) -> None:
    answer = httpx.get(f"{world.url}/broken", trust_env=False)
    assert answer.status_code == 500
    assert "a fault of ours" not in answer.text


def test_streams_are_passed_on_as_they_come(world: World) -> None:
    started = time.monotonic()
    seen: list[tuple[float, bytes]] = []
    url = f"{world.url}/runtimes/arn/invocations"
    with httpx.stream(
        "POST", url, headers={"Authorization": "Bearer x"}, trust_env=False
    ) as stream:
        seen.extend((time.monotonic() - started, piece) for piece in stream.iter_bytes())
    assert b"".join(piece for _, piece in seen) == b"data: one\n\ndata: two\n\n"
    assert seen[0][0] < 0.25
    assert seen[-1][0] >= 0.3
    assert world.reached == [("bedrock-agentcore", "InvokeAgentRuntime")]


def test_the_local_api_plans_and_clears_faults(world: World) -> None:
    client = httpx.Client(base_url=f"{world.url}/_local", trust_env=False)
    assert client.get("/health").json() == {"status": "ok", "pid": 1}
    fault = {"service": "dynamodb", "operation": "PutItem", "kind": "throttle"}
    made = client.post("/faults", json=fault)
    assert made.status_code == 201
    assert client.get("/faults").json()["faults"] == [made.json()]
    assert client.delete(f"/faults/{made.json()['id']}").status_code == 204
    assert world.faults.list() == []
    refused = client.post("/faults", json={**fault, "kind": "explode"})
    assert refused.status_code == 400
    assert "explode" in refused.json()["message"]
    assert client.get("/nothing").status_code == 404


def test_the_local_api_shows_calls_and_delays(world: World) -> None:
    put_item(world)
    client = httpx.Client(base_url=f"{world.url}/_local", trust_env=False)
    (call,) = client.get("/calls", params={"caller": "SignInFunction"}).json()["calls"]
    assert call["operation"] == "PutItem"
    assert client.get("/calls", params={"service": "s3"}).json()["calls"] == []
    assert client.put("/delays", json={"create": 0}).json() == {"create": 0}
    assert client.put("/delays", json={"other": 0}).status_code == 400
