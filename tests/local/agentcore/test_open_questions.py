"""What the local AgentCore plays where the service's behaviour is not known, seen by a client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from lifecycle.request.service import headers

if TYPE_CHECKING:
    from tests.local.agentcore.conftest import World

TOKEN = "a-client-token-of-33-letters-or-more"
NOWHERE = {
    "customJWTAuthorizer": {
        "discoveryUrl": "http://127.0.0.1:9/.well-known/openid-configuration",
        "allowedClients": ["client"],
    }
}
# Read without its key: the signature is looked at after the document.
READABLE = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.e30.c2ln"


@pytest.mark.parametrize("value", ["forgotten", "kept"])
def test_a_client_token_after_the_deletion(world: World, value: str) -> None:
    world.readings.change({"client-tokens": value})
    first = world.ready(clientToken=TOKEN)
    world.control.delete_agent_runtime(agentRuntimeId=first["agentRuntimeId"])
    world.clock.pass_(world.core.delays.delete)
    again = world.control.create_agent_runtime(**world.request(clientToken=TOKEN))
    assert (again["agentRuntimeId"] == first["agentRuntimeId"]) is (value == "kept")
    listed = world.control.list_agent_runtimes()["agentRuntimes"]
    assert len(listed) == (0 if value == "kept" else 1)
    if value == "kept":
        other = world.control.create_agent_runtime(**world.request(clientToken=TOKEN[::-1]))
        assert other["agentRuntimeId"] != first["agentRuntimeId"]


@pytest.mark.parametrize("value", ["forgotten", "kept"])
def test_a_client_token_after_the_deletion_of_an_endpoint(world: World, value: str) -> None:
    world.readings.change({"client-tokens": value})
    runtime_id = world.ready()["agentRuntimeId"]
    request = {"agentRuntimeId": runtime_id, "name": "live", "clientToken": TOKEN}
    world.control.create_agent_runtime_endpoint(**request)
    world.clock.pass_(world.core.delays.endpoint)
    world.control.delete_agent_runtime_endpoint(agentRuntimeId=runtime_id, endpointName="live")
    world.clock.pass_(world.core.delays.delete)
    world.control.create_agent_runtime_endpoint(**request)
    listed = world.control.list_agent_runtime_endpoints(agentRuntimeId=runtime_id)
    names = {endpoint["name"] for endpoint in listed["runtimeEndpoints"]}
    assert ("live" in names) is (value == "forgotten")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("403", "AccessDeniedException"),
        ("424", "RuntimeClientError"),
        ("500", "InternalServerException"),
    ],
)
def test_a_discovery_document_that_cannot_be_read(world: World, value: str, code: str) -> None:
    world.readings.change({"unreadable-discovery": value})
    arn = world.ready(authorizerConfiguration=NOWHERE)["agentRuntimeArn"]
    answer = world.bearer(arn, READABLE)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (int(value), code)
    assert "discovery" in json.loads(answer.data)["message"]


@pytest.mark.parametrize(
    ("value", "status"), [("before-authorization", 400), ("after-authorization", 401)]
)
def test_a_body_over_the_limit_of_somebody_without_a_token(
    world: World, value: str, status: int
) -> None:
    world.readings.change({"oversized-body": value})
    arn = world.ready(authorizerConfiguration=NOWHERE)["agentRuntimeArn"]
    world.core.quotas.payload_bytes = 1000
    assert world.bearer(arn, None, "x" * 1000).status_code == status
    assert world.bearer(arn, None, "x" * 990).status_code == 401


def test_a_body_over_the_limit_is_refused_in_the_end(world: World) -> None:
    arn = world.ready()["agentRuntimeArn"]
    world.readings.change({"oversized-body": "after-authorization"})
    world.core.quotas.payload_bytes = 1000
    with pytest.raises(ClientError) as raised:
        world.data.invoke_agent_runtime(agentRuntimeArn=arn, payload=b"x" * 1001)
    assert raised.value.response["fieldList"][0]["name"] == "payload"


@pytest.mark.parametrize("name", sorted(headers.RESTRICTED))
def test_every_header_that_the_lifecycle_calls_restricted_is_refused(
    shared_world: World, name: str
) -> None:
    request = shared_world.request(
        requestHeaderConfiguration={"requestHeaderAllowlist": [name.title()]}
    )
    with pytest.raises(ClientError, match="is restricted") as raised:
        shared_world.control.create_agent_runtime(**request)
    assert raised.value.response["Error"]["Code"] == "ValidationException"
