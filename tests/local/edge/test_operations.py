"""Requests that botocore itself makes are named again, for every operation of every service used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.serialize import create_serializer
from werkzeug import Request
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from local.edge.operations import SERVICES_BY_TARGET, Identity, Operations
from local.edge.service_models import new_session

SERVICES = {
    "bedrock-agentcore": "bedrock-agentcore",
    "bedrock-agentcore-control": "bedrock-agentcore",
    "bedrock-runtime": "bedrock",
    "cloudformation": "cloudformation",
    "cloudwatch": "monitoring",
    "codebuild": "codebuild",
    "cognito-idp": "cognito-idp",
    "dynamodb": "dynamodb",
    "ecr": "ecr",
    "events": "events",
    "iam": "iam",
    "lambda": "lambda",
    "logs": "logs",
    "resourcegroupstaggingapi": "tagging",
    "s3": "s3",
    "scheduler": "scheduler",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "stepfunctions": "states",
    "sts": "sts",
}
"""Every service of the template, with its signing name."""

SAME_REQUEST = {
    # Told apart by their bodies or by nothing at all: the newer of the two is the one that is meant.
    "ListDirectoryBuckets": "ListBuckets",
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
}


@pytest.fixture(scope="module")
def operations() -> Operations:
    return Operations()


def value_of(shape: Shape, depth: int = 0) -> Any:
    """Make up a value of a shape, with required members only."""
    if isinstance(shape, StructureShape):
        return {
            name: value_of(shape.members[name], depth + 1)
            for name in shape.required_members
            if depth < 6
        }
    if isinstance(shape, ListShape):
        return []
    if isinstance(shape, MapShape):
        return {}
    made: dict[str, Any] = {
        "integer": 1,
        "long": 1,
        "float": 1.0,
        "double": 1.0,
        "boolean": True,
        "blob": b"x",
        "timestamp": "2026-01-01T00:00:00Z",
    }
    return made.get(shape.type_name, "value")


def requests_of(model: ServiceModel) -> Iterator[tuple[str, dict[str, Any]]]:
    serializer = create_serializer(model.resolved_protocol, include_validation=False)
    for name in model.operation_names:
        operation: OperationModel = model.operation_model(name)
        parameters = value_of(operation.input_shape) if operation.input_shape else {}
        yield name, serializer.serialize_to_request(parameters, operation)


def arrived(serialized: dict[str, Any]) -> tuple[Request, bytes]:
    prepared = AWSRequest(
        method=serialized["method"],
        url="http://localhost:4566" + serialized["url_path"],
        params=serialized["query_string"],
        data=serialized["body"],
        headers=serialized["headers"],
    ).prepare()
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else body
    environ = EnvironBuilder(
        path=prepared.url.removeprefix("http://localhost:4566"),
        method=prepared.method,
        headers={name: str(value) for name, value in serialized["headers"].items()},
        data=body,
    ).get_environ()
    environ["RAW_URI"] = prepared.url.removeprefix("http://localhost:4566")
    return Request(environ), body


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_is_named(service: str, operations: Operations) -> None:
    model = botocore.session.get_session().get_service_model(service)
    wrong, count = [], 0
    for name, serialized in requests_of(model):
        request, body = arrived(serialized)
        seen = operations.identify(request, SERVICES[service], body)
        count += 1
        if seen != Identity(service, SAME_REQUEST.get(name, name)):
            wrong.append((name, seen))
    assert count > 0
    assert wrong == []


def test_a_client_in_this_process_takes_no_operation_away(operations: Operations) -> None:
    client = new_session().create_client("s3", "eu-west-1", endpoint_url="http://localhost:1")
    client.meta.events.register("before-call", lambda **_: (AWSResponse("", 200, {}, None), {}))
    client.create_bucket(Bucket="bucket")
    request = Request(EnvironBuilder(path="/bucket", method="PUT").get_environ())
    for reader in (operations, Operations()):
        assert reader.identify(request, "s3", b"") == Identity("s3", "CreateBucket")


def test_what_is_no_operation_has_no_name(operations: Operations) -> None:
    request = Request(EnvironBuilder(path="/nothing/here", method="PATCH").get_environ())
    assert operations.identify(request, "lambda", b"") == Identity("lambda", None)
    assert operations.identify(request, "never-heard-of", b"") == Identity("never-heard-of", None)


def test_the_cbor_protocol_is_named_by_its_path(operations: Operations) -> None:
    path = "/service/CodeBuild_20161006/operation/StartBuild"
    request = Request(EnvironBuilder(path=path, method="POST").get_environ())
    assert operations.identify(request, "codebuild", b"") == Identity("codebuild", "StartBuild")


def test_targets_are_those_of_the_models(operations: Operations) -> None:
    for target, name in SERVICES_BY_TARGET.items():
        model = operations.service(name)
        assert model is not None
        assert model.metadata["targetPrefix"] == target


def test_a_bucket_in_the_host_comes_first_in_the_path(operations: Operations) -> None:
    for method, path, operation in (
        ("PUT", "/some/key", "PutObject"),
        ("GET", "/?list-type=2", "ListObjectsV2"),
        ("PUT", "/", "CreateBucket"),
    ):
        built = EnvironBuilder(
            method=method, headers=Headers([("Host", "a-bucket.localhost:4566")])
        )
        environ: dict[str, Any] = {**built.get_environ(), "RAW_URI": path}
        request = Request(environ)
        identity = operations.identify(request, "s3", b"")
        assert identity == Identity("s3", operation)
        members = operations.members(request, identity, b"")
        assert members["Bucket"] == "a-bucket"
        assert members.get("Key") == ("some/key" if operation == "PutObject" else None)


def test_what_an_mcp_client_asks_with_other_methods_is_an_invocation(
    operations: Operations,
) -> None:
    path = "/runtimes/arn%3Aaws%3Ax%3Aruntime%2Fa/invocations"
    for method in ("GET", "DELETE", "POST"):
        built = EnvironBuilder(method=method, headers=Headers([("Host", "localhost")]))
        environ: dict[str, Any] = {**built.get_environ(), "RAW_URI": f"{path}?qualifier=live"}
        request = Request(environ)
        identity = operations.identify(request, "bedrock-agentcore", b"")
        assert identity == Identity("bedrock-agentcore", "InvokeAgentRuntime")
        members = operations.members(request, identity, b"")
        assert members["agentRuntimeArn"] == "arn:aws:x:runtime/a"
        assert members["qualifier"] == "live"


@pytest.mark.parametrize("end", ["ws", "ws/"])
def test_the_handshake_of_a_websocket_is_named_although_no_model_has_it(
    operations: Operations, end: str
) -> None:
    arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/one-0123456789"
    path = f"/runtimes/{arn.replace(':', '%3A').replace('/', '%2F')}/{end}"
    environ = EnvironBuilder(path=path, query_string="qualifier=live").get_environ()
    environ["RAW_URI"] = f"{path}?qualifier=live"
    request = Request(environ)
    identity = operations.identify(request, "bedrock-agentcore", b"")
    assert identity == Identity("bedrock-agentcore", "InvokeAgentRuntimeWithWebSocketStream")
    members = operations.members(request, identity, b"")
    assert members == {"agentRuntimeArn": arn, "qualifier": "live"}
    assert not operations.unsigned(identity)
    assert not operations.unsigned_body(identity)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("below", ["", "/live/invocations", "/mcp", "/.well-known/x"])
def test_a_request_to_a_gateways_address_is_named(
    operations: Operations, method: str, below: str
) -> None:
    path = f"/_gateways/front-0123456789{below}"
    environ = EnvironBuilder(path=path, method=method).get_environ()
    environ["RAW_URI"] = path
    request = Request(environ)
    identity = operations.identify(request, "bedrock-agentcore", b"")
    assert identity == Identity("bedrock-agentcore", "InvokeGateway")
    assert operations.members(request, identity, b"") == {"gatewayIdentifier": "front-0123456789"}
    assert "InvokeGateway" in operations.names("bedrock-agentcore")
