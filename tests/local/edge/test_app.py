"""The gateway over real HTTP: boto3 in front, small services of our own behind."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session
import httpx
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader

from local.edge.credentials import CredentialStore
from local.edge.faults import Fault
from local.edge.iam.authorization import Authorization
from local.edge.iam.permission import Place
from local.edge.operations import Operations
from tests.local.edge.world import FUNCTION, World


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.server.stop()


def put_item(world: World, seconds: int = 20) -> None:
    world.client("dynamodb", seconds=seconds).put_item(TableName="t", Item={"a": {"S": "b"}})


def test_a_call_is_named_logged_and_answered(world: World) -> None:
    put_item(world)
    (call,) = world.log.calls()
    assert (call.service, call.operation, call.status) == ("dynamodb", "PutItem", 200)
    assert call.caller == FUNCTION
    assert world.reached == [("dynamodb", "PutItem")]


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("iam", "list_roles", "InvalidClientTokenId"),
        ("sqs", "list_queues", "InvalidClientTokenId"),
        ("codebuild", "list_projects", "UnrecognizedClientException"),
        ("lambda", "list_functions", "UnrecognizedClientException"),
    ],
)
def test_a_key_that_was_never_issued_is_refused(
    world: World, service: str, call: str, code: str
) -> None:
    world.keys = CredentialStore().issue(FUNCTION)
    world.faults.add(Fault(service, "*", "throttle"))
    with pytest.raises(ClientError) as caught:
        getattr(world.client(service), call)()
    answer: Any = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, 403)
    assert world.reached == []
    (logged,) = world.log.calls()
    assert (logged.caller, logged.status) == (None, 403)
    assert world.faults.list(), "it is still there for a call that is served"


FOREIGN = [
    {"Host": "host.docker.internal:4566"},
    {"Host": "evil.example"},
    {"Host": "localhost.evil.example:4566"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "evil.example:4566@localhost"},
    {"Host": "192.168.0.1"},
    {"Host": ""},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://localhost.evil.example"},
    {"Origin": "http://localhost:4566/evil.example"},
    {"Origin": "https://localhost@evil.example"},
]
OURS = [
    {"Host": "localhost"},
    {"Host": "LOCALHOST:1"},
    {"Host": "127.0.0.1:4566"},
    {"Host": "[::1]:4566"},
    {"Host": "my.bucket_1.localhost:4566"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "https://[::1]"},
]


def sent_by_a_page(world: World, path: str, headers: dict[str, str]) -> httpx.Response:
    """Post as a page may without being asked first: no header of AWS's, the signature in the URL."""
    host = headers.get("Host") or f"localhost:{world.server.port}"
    keys = BotocoreCredentials(
        world.keys.access_key_id, world.keys.secret_access_key, world.keys.session_token
    )
    presigned = AWSRequest(
        "POST", f"http://{host.rpartition('@')[2].lower()}{path}", {"Host": host}
    )
    SigV4QueryAuth(keys, "codebuild", "us-east-1").add_auth(presigned)
    query = presigned.url.partition("?")[2]
    return httpx.post(
        f"{world.url}{path}?{query}",
        headers={"Content-Type": "text/plain", **headers},
        trust_env=False,
    )


@pytest.mark.parametrize("headers", FOREIGN, ids=repr)
def test_a_page_of_another_host_reaches_nothing(world: World, headers: dict[str, str]) -> None:
    path = "/service/CodeBuild_20161006/operation/CreateProject"
    answer = sent_by_a_page(world, path, headers)
    # Another host is told apart from what IAM refuses.
    status, code = (
        (421, "MisdirectedRequest") if "Host" in headers else (403, "AccessDeniedException")
    )
    assert (answer.status_code, answer.json()["__type"]) == (status, code)
    assert world.reached == []
    assert [call.status for call in world.log.calls()] == [status]
    fault = {"service": "s3", "operation": "*", "kind": "throttle"}
    planned = httpx.post(f"{world.url}/_local/faults", json=fault, headers=headers, trust_env=False)
    assert planned.status_code == status
    assert "This local AWS" in planned.json()["message"]
    for message in (answer.json()["message"], planned.json()["message"]):
        assert "template.yaml" not in message
    assert world.faults.list() == []


@pytest.mark.parametrize("headers", OURS, ids=repr)
def test_this_machine_is_asked_for_by_several_names(world: World, headers: dict[str, str]) -> None:
    path = "/service/CodeBuild_20161006/operation/CreateProject"
    assert sent_by_a_page(world, path, headers).status_code == 200
    assert world.reached == [("codebuild", "CreateProject")]
    health = httpx.get(f"{world.url}/_local/health", headers=headers, trust_env=False)
    assert health.status_code == 200


def test_a_bucket_may_be_the_host(world: World) -> None:
    headers = {"Host": f"bucket.localhost:{world.server.port}", "Origin": "https://evil.example"}
    answer = httpx.get(f"{world.url}/key", headers=headers, trust_env=False)
    assert answer.status_code == 403
    assert "<Code>AccessDenied</Code>" in answer.text


def chunked(world: World, path: str, headers: str, body: bytes) -> tuple[int, str]:
    """Post a body in chunks as it is, also a malformed one; return status and body of the answer."""
    with socket.create_connection(("127.0.0.1", world.server.port), timeout=10) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        connection.sendall(f"{head}{headers}\r\n".encode() + body)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read().decode()


UNSIGNED = [
    ("GET", "/", {}, "", 403, "AccessDenied"),
    ("PUT", "/bucket", {}, "", 403, "AccessDenied"),
    ("GET", "/bucket/key", {}, "", 403, "AccessDenied"),
    (
        "POST",
        "/",
        {"X-Amz-Target": "DynamoDB_20120810.ListTables"},
        "{}",
        400,
        "MissingAuthenticationTokenException",
    ),
    (
        "POST",
        "/",
        {"X-Amz-Target": "Who_Knows.ListTables"},
        "{}",
        400,
        "MissingAuthenticationTokenException",
    ),
    (
        "POST",
        "/",
        {"X-Amz-Target": "AWSCognitoIdentityProviderService.ListUserPools"},
        "{}",
        400,
        "MissingAuthenticationTokenException",
    ),
    (
        "POST",
        "/",
        {"Content-Type": "application/x-www-form-urlencoded"},
        "Action=GetCallerIdentity&Version=2011-06-15",
        403,
        "MissingAuthenticationToken",
    ),
    ("PUT", "/runtimes/", {}, "{}", 403, "MissingAuthenticationTokenException"),
    ("GET", "/a-pool/.well-known/other.json", {}, "", 403, "AccessDenied"),
    ("GET", "/", {"Authorization": "AWS4-HMAC-SHA256 x"}, "", 400, "AuthorizationHeaderMalformed"),
    ("GET", "/", {"Authorization": "AWS AKIA:x"}, "", 400, "InvalidRequest"),
    (
        "GET",
        "/b/k?AWSAccessKeyId=AKIA&Signature=x&Expires=9999999999",
        {},
        "",
        400,
        "InvalidRequest",
    ),
]


@pytest.mark.parametrize(("method", "path", "headers", "body", "status", "code"), UNSIGNED)
def test_what_nobody_signed_is_refused_as_aws_refuses_it(
    world: World,
    method: str,
    path: str,
    headers: dict[str, str],
    body: str,
    status: int,
    code: str,
) -> None:
    answer = httpx.request(method, world.url + path, headers=headers, content=body, trust_env=False)
    assert (answer.status_code, world.reached) == (status, [])
    said = answer.json()["__type"] if "json" in answer.headers["Content-Type"] else answer.text
    assert said == code or f"<Code>{code}</Code>" in said


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("GET", "/us-east-1_abc/.well-known/openid-configuration", {}, ""),
        ("GET", "/us-east-1_abc/.well-known/jwks.json", {}, ""),
        ("POST", "/oauth2/token", {}, ""),
        ("POST", "/", {"X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"}, "{}"),
        ("POST", "/runtimes/a/invocations", {"Authorization": "Bearer x"}, "{}"),
        ("GET", "/runtimes/a/invocations", {"Authorization": "Bearer x"}, ""),
        ("GET", "/runtimes/a/invocations/.well-known/oauth-protected-resource", {}, ""),
        (
            "POST",
            "/",
            {"Content-Type": "application/x-www-form-urlencoded"},
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15",
        ),
    ],
)
def test_what_aws_serves_unsigned_is_served(
    world: World, method: str, path: str, headers: dict[str, str], body: str
) -> None:
    world.first_seen.set()
    answer = httpx.request(method, world.url + path, headers=headers, content=body, trust_env=False)
    assert (answer.status_code, len(world.reached)) == (200, 1)


@pytest.mark.parametrize("path", ["/moto-api/reset", "/moto-api/", "/latest/meta-data/iam/info"])
@pytest.mark.parametrize("signed", [True, False])
def test_motos_own_paths_are_closed(world: World, path: str, signed: bool) -> None:
    scope = f"{world.keys.access_key_id}/20261123/us-east-1/s3/aws4_request"
    sent = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}"} if signed else {}
    answer = httpx.post(world.url + path, headers=sent, trust_env=False)
    assert (answer.status_code, world.reached) == (403, [])
    assert "<Code>AccessDenied</Code>" in answer.text


def test_a_page_of_moto_is_an_error_of_the_service(world: World) -> None:
    xray = world.client("xray")
    with pytest.raises(ClientError) as caught:
        xray.update_trace_segment_destination(Destination="CloudWatchLogs")
    assert caught.value.response["Error"] == {
        "Code": "InvalidRequestException",
        "Message": "This local AWS does not serve UpdateTraceSegmentDestination.",
    }
    assert [call.status for call in world.log.calls()] == [400]
    page = world.client("s3").get_object(Bucket="there", Key="page.html")
    assert page["Body"].read() == b"<h1>Hello</h1>"
    with pytest.raises(ClientError) as caught:
        world.client("s3").head_object(Bucket="missing", Key="html")
    assert caught.value.response["Error"]["Code"] == "404"
    functions = world.client("lambda")
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function_configuration(FunctionName="none")


def test_an_operation_that_the_service_does_not_have(world: World) -> None:
    def send(service: str, path: str, headers: dict[str, str], body: str = "{}") -> httpx.Response:
        keys = BotocoreCredentials(
            world.keys.access_key_id, world.keys.secret_access_key, world.keys.session_token
        )
        signed = AWSRequest("POST", world.url + path, headers, body.encode())
        SigV4Auth(keys, service, "us-east-1").add_auth(signed)
        return httpx.post(
            world.url + path, headers=dict(signed.headers.items()), content=body, trust_env=False
        )

    target = {"X-Amz-Target": "DynamoDB_20120810.NoSuch"}
    answer = send("dynamodb", "/", target)
    assert (answer.status_code, answer.json()["__type"]) == (400, "UnknownOperationException")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = send("iam", "/", form, "Action=NoSuch&Version=2010-05-08")
    assert answer.status_code == 400
    assert "<Code>InvalidAction</Code>" in answer.text
    answer = send("lambda", "/no/such/path", {})
    assert (answer.status_code, answer.json()["__type"]) == (404, "UnknownOperationException")
    assert world.reached == []


def test_who_may_not_list_a_bucket_is_not_told_what_is_missing() -> None:
    statements = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]
    policy = {"Version": "2012-10-17", "Statement": statements}
    place = Place("us-east-1", "123456789012")
    world = World(authorization=Authorization(place, lambda _: [policy], lambda _: {}))
    try:
        s3 = world.client("s3")
        for call, code in ((s3.get_object, "AccessDenied"), (s3.head_object, "403")):
            with pytest.raises(ClientError) as caught:
                call(Bucket="missing", Key="key")
            assert caught.value.response["Error"]["Code"] == code
        statements.append({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"})
        with pytest.raises(ClientError) as caught:
            s3.head_object(Bucket="missing", Key="key")
        assert caught.value.response["Error"]["Code"] == "404"
        s3.get_object(Bucket="there", Key="page.html")
    finally:
        world.server.stop()


def test_the_callers_policies_count_nothing_for_what_needs_no_signature() -> None:
    world = World(authorization=Nobody())
    try:
        cognito = world.client("cognito-idp")
        cognito.initiate_auth(ClientId="c", AuthFlow="USER_PASSWORD_AUTH")
        with pytest.raises(ClientError):
            cognito.list_user_pools(MaxResults=1)
    finally:
        world.server.stop()


@pytest.mark.parametrize("body", [b"zz\r\nhello\r\n0\r\n\r\n", b"-5\r\n\r\n", b"1\r\nabc\r\n"])
def test_a_malformed_body_is_a_bad_request_of_the_service(world: World, body: bytes) -> None:
    scope = f"{world.keys.access_key_id}/20261123/us-east-1/dynamodb/aws4_request"
    signed = f"Authorization: AWS4-HMAC-SHA256 Credential={scope}\r\n"
    target = "X-Amz-Target: DynamoDB_20120810.PutItem\r\n"
    status, text = chunked(world, "/", signed + target, body)
    assert (status, json.loads(text)["__type"]) == (400, "MalformedHttpRequestException")
    status, text = chunked(world, "/bucket/key", "", body)
    assert status == 400
    assert "<Code>MalformedHttpRequestException</Code>" in text
    status, text = chunked(world, "/_local/faults", "", body)
    assert status == 400
    assert json.loads(text)["message"]
    assert world.reached == []


class Failing(Operations):
    """Models that cannot be read for one part of the gateway's own work."""

    def __init__(self, part: str) -> None:
        super().__init__()
        setattr(self, part, self.fail)

    def fail(self, *_: object) -> Any:
        raise RuntimeError("a fault of ours")


class Nobody(Authorization):
    def __init__(self) -> None:
        super().__init__(Place("us-east-1", "123456789012"), lambda _: [], lambda _: {})


@pytest.mark.parametrize("part", ["identify", "members"])
def test_a_fault_of_the_gateway_speaks_the_protocol_of_the_service(
    part: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(Failing(part), Nobody())
    try:
        for service, call in (("dynamodb", "list_tables"), ("s3", "list_buckets")):
            with pytest.raises(ClientError) as caught:
                getattr(world.client(service), call)()
            answer: Any = caught.value.response
            assert answer["Error"]["Code"] == "InternalFailure"
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 500
            assert "a fault of ours" not in str(answer)
        assert "a fault of ours" in caplog.text
        assert world.reached == []
    finally:
        world.server.stop()


@pytest.mark.parametrize(
    ("service", "call", "kind", "code", "status"),
    [
        ("dynamodb", "list_tables", "throttle", "ThrottlingException", 400),
        ("dynamodb", "list_tables", "accessDenied", "AccessDeniedException", 400),
        ("dynamodb", "list_tables", "serverError", "InternalServerError", 500),
        ("lambda", "list_functions", "throttle", "TooManyRequestsException", 429),
        ("lambda", "list_functions", "serverError", "ServiceException", 500),
        ("lambda", "list_functions", "conflict", "ConflictException", 409),
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
        put_item(world, seconds=1)
    assert world.reached == [("dynamodb", "PutItem")]


def test_a_time_out_after_ends_the_answer_that_nobody_reads(world: World) -> None:
    world.faults.add(Fault("bedrock-agentcore", "InvokeAgentRuntime", "timeoutAfter"))
    url = f"{world.url}/runtimes/arn/invocations"
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(url, headers={"Authorization": "Bearer x"}, trust_env=False)
    assert world.reached == [("bedrock-agentcore", "InvokeAgentRuntime")]
    assert world.closed == 1


@pytest.mark.parametrize("kind", ["delayBefore", "delayAfter"])
def test_a_delayed_call_takes_effect_even_if_nobody_waits_for_it(world: World, kind: Any) -> None:
    world.faults.add(Fault("dynamodb", "PutItem", kind, seconds=3.0))
    with pytest.raises(BotoCoreError, match="Read timeout"):
        put_item(world, seconds=1)
    assert world.faults.list() == []
    assert len(world.reached) == (1 if kind == "delayAfter" else 0)
    deadline = time.monotonic() + 20
    while not world.log.calls():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert world.reached == [("dynamodb", "PutItem")]
    assert world.log.calls()[0].status == 200


def test_a_fault_for_one_caller_spares_the_others(world: World) -> None:
    world.faults.add(Fault("dynamodb", "*", "throttle", caller="AnotherFunction"))
    put_item(world)
    assert world.log.calls()[0].status == 200


def test_a_fault_of_our_own_is_an_internal_failure(world: World) -> None:
    with pytest.raises(ClientError) as caught:
        world.client("s3").get_object(Bucket="broken", Key="x")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "a fault of ours" not in str(caught.value)


def test_a_fault_of_the_local_api_is_said_as_it_says_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(world.delays, "read", broken)
    answer = httpx.get(f"{world.url}/_local/delays", trust_env=False)
    assert answer.status_code == 500
    assert "failed" in answer.json()["message"]
    assert "a fault of ours" not in answer.text


def test_streams_are_passed_on_as_they_come(world: World) -> None:
    url = f"{world.url}/runtimes/arn/invocations"
    with httpx.stream(
        "POST", url, headers={"Authorization": "Bearer x"}, trust_env=False
    ) as stream:
        pieces = stream.iter_bytes()
        assert next(pieces) == b"data: one\n\n"
        world.first_seen.set()
        assert b"".join(pieces) == b"data: two\n\n"
    assert world.reached == [("bedrock-agentcore", "InvokeAgentRuntime")]


@pytest.mark.parametrize(
    ("peer", "status"), [("127.0.0.1", 200), ("127.0.0.2", 200), ("172.17.0.2", 403), ("", 403)]
)
def test_the_local_api_answers_only_to_this_machine(world: World, peer: str, status: int) -> None:
    # As `--bind` lets other machines ask.
    transport = httpx.WSGITransport(app=world.gateway, remote_addr=peer)
    with httpx.Client(transport=transport, base_url="http://localhost/_local/") as client:
        answers = [
            client.get("health"),
            client.get("calls"),
            client.put("delays", json={"create": 1.0}),
            client.get("faults"),
        ]
        posted = client.post("stack")
    assert {answer.status_code for answer in answers} == {status}
    # Its stack is not deployed.
    assert posted.status_code == (400 if status == 200 else status)
    if status == 403:
        assert "only to programs on its own machine" in posted.json()["message"]
        assert world.delays.read() == {"create": 5.0}


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
