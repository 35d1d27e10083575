"""Endpoints, client tokens and tags."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.edge.faults import Fault

if TYPE_CHECKING:
    from tests.local.agentcore.conftest import World

CONTROL = "bedrock-agentcore-control"
TOKEN = "a" * 40


def refused(code: str, call: Any, **request: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as raised:
        call(**request)
    assert raised.value.response["Error"]["Code"] == code
    return dict(raised.value.response)


@pytest.fixture
def runtime_id(world: World) -> str:
    return str(world.ready()["agentRuntimeId"])


def add(world: World, runtime_id: str, name: str = "live", **more: Any) -> dict[str, Any]:
    return dict(
        world.control.create_agent_runtime_endpoint(agentRuntimeId=runtime_id, name=name, **more)
    )


def look(world: World, runtime_id: str, name: str = "live") -> tuple[Any, ...]:
    seen = world.control.get_agent_runtime_endpoint(agentRuntimeId=runtime_id, endpointName=name)
    return seen["status"], seen.get("liveVersion"), seen.get("targetVersion")


def test_an_endpoint_stays_on_its_version_until_it_is_moved(world: World, runtime_id: str) -> None:
    made = add(world, runtime_id, description="for callers")
    assert (made["status"], made["targetVersion"]) == ("CREATING", "1")
    assert look(world, runtime_id) == ("CREATING", None, "1")
    world.clock.pass_(world.core.delays.endpoint)
    assert look(world, runtime_id) == ("READY", "1", "1")
    world.update(runtime_id)
    world.clock.pass_(world.core.delays.update)
    assert look(world, runtime_id) == ("READY", "1", "1")
    assert look(world, runtime_id, "DEFAULT") == ("READY", "2", "2")
    world.control.update_agent_runtime_endpoint(
        agentRuntimeId=runtime_id, endpointName="live", agentRuntimeVersion="2"
    )
    assert look(world, runtime_id) == ("UPDATING", "1", "2")
    world.clock.pass_(world.core.delays.endpoint)
    assert look(world, runtime_id) == ("READY", "2", "2")
    listed = world.control.list_agent_runtime_endpoints(agentRuntimeId=runtime_id)
    assert [e["name"] for e in listed["runtimeEndpoints"]] == ["DEFAULT", "live"]
    assert listed["runtimeEndpoints"][1]["description"] == "for callers"


def test_a_runtime_with_endpoints_is_not_deleted(world: World, runtime_id: str) -> None:
    add(world, runtime_id)
    world.clock.pass_(world.core.delays.endpoint)
    delete = world.control.delete_agent_runtime
    answer = refused("ConflictException", delete, agentRuntimeId=runtime_id)
    assert "live" in answer["Error"]["Message"]
    end = world.control.delete_agent_runtime_endpoint
    assert end(agentRuntimeId=runtime_id, endpointName="live")["status"] == "DELETING"
    refused("ConflictException", delete, agentRuntimeId=runtime_id)
    world.clock.pass_(world.core.delays.delete)
    refused("ResourceNotFoundException", end, agentRuntimeId=runtime_id, endpointName="live")
    delete(agentRuntimeId=runtime_id)


def test_default_is_neither_deleted_nor_moved(world: World, runtime_id: str) -> None:
    for call in (
        world.control.delete_agent_runtime_endpoint,
        world.control.update_agent_runtime_endpoint,
    ):
        refused("ConflictException", call, agentRuntimeId=runtime_id, endpointName="DEFAULT")
    refused(
        "ConflictException",
        world.control.create_agent_runtime_endpoint,
        agentRuntimeId=runtime_id,
        name="DEFAULT",
    )


def test_an_endpoint_that_is_changing_is_left_alone(world: World, runtime_id: str) -> None:
    add(world, runtime_id)
    for call in (
        world.control.delete_agent_runtime_endpoint,
        world.control.update_agent_runtime_endpoint,
    ):
        refused("ConflictException", call, agentRuntimeId=runtime_id, endpointName="live")


def test_an_endpoint_needs_a_version_that_works(world: World, runtime_id: str) -> None:
    create = world.control.create_agent_runtime_endpoint
    refused(
        "ResourceNotFoundException",
        create,
        agentRuntimeId=runtime_id,
        name="live",
        agentRuntimeVersion="7",
    )
    world.faults.add(Fault(CONTROL, "UpdateAgentRuntime", "failureState"))
    world.update(runtime_id)
    world.clock.pass_(world.core.delays.update)
    refused("ValidationException", create, agentRuntimeId=runtime_id, name="live")
    add(world, runtime_id, agentRuntimeVersion="1")


@pytest.mark.parametrize("verb", ["Create", "Update", "Delete"])
def test_an_endpoint_can_fail_on_demand(world: World, runtime_id: str, verb: str) -> None:
    if verb != "Create":
        add(world, runtime_id)
        world.clock.pass_(world.core.delays.endpoint)
    fault = Fault(CONTROL, f"{verb}AgentRuntimeEndpoint", "failureState", reason="out of luck")
    world.faults.add(fault)
    if verb == "Create":
        add(world, runtime_id)
    elif verb == "Update":
        world.control.update_agent_runtime_endpoint(agentRuntimeId=runtime_id, endpointName="live")
    else:
        world.control.delete_agent_runtime_endpoint(agentRuntimeId=runtime_id, endpointName="live")
    world.clock.pass_(10)
    seen = world.control.get_agent_runtime_endpoint(agentRuntimeId=runtime_id, endpointName="live")
    assert (seen["status"], seen["failureReason"]) == (f"{verb.upper()}_FAILED", "out of luck")


def test_the_endpoint_quota(world: World, runtime_id: str) -> None:
    world.core.quotas.endpoints = 2
    add(world, runtime_id, "one")
    refused(
        "ServiceQuotaExceededException",
        world.control.create_agent_runtime_endpoint,
        agentRuntimeId=runtime_id,
        name="two",
    )


def test_endpoints_come_in_pages(world: World, runtime_id: str) -> None:
    for name in ("one", "two"):
        add(world, runtime_id, name)
    first = world.control.list_agent_runtime_endpoints(agentRuntimeId=runtime_id, maxResults=2)
    rest = world.control.list_agent_runtime_endpoints(
        agentRuntimeId=runtime_id, nextToken=first["nextToken"]
    )
    assert [e["name"] for e in rest["runtimeEndpoints"]] == ["two"]
    assert "nextToken" not in rest


# --- client tokens ---


def test_the_same_token_and_request_make_one_runtime(world: World) -> None:
    request = world.request(clientToken=TOKEN)
    first = world.control.create_agent_runtime(**request)
    again = world.control.create_agent_runtime(**request)
    assert again["agentRuntimeArn"] == first["agentRuntimeArn"]
    assert len(world.control.list_agent_runtimes()["agentRuntimes"]) == 1
    answer = refused(
        "ValidationException",
        world.control.create_agent_runtime,
        **world.request(clientToken=TOKEN, description="another"),
    )
    assert answer["reason"] == "IdempotentParameterMismatchException"


def test_twenty_at_once_with_one_token_make_one_runtime(world: World) -> None:
    request = world.request(clientToken=TOKEN)
    with ThreadPoolExecutor(20) as pool:
        made = list(pool.map(lambda _: world.control.create_agent_runtime(**request), range(20)))
    assert len({answer["agentRuntimeId"] for answer in made}) == 1


def test_a_token_is_free_again_when_its_runtime_is_gone(world: World) -> None:
    runtime = world.ready(clientToken=TOKEN)
    world.control.delete_agent_runtime(agentRuntimeId=runtime["agentRuntimeId"])
    world.clock.pass_(world.core.delays.delete)
    again = world.control.create_agent_runtime(**world.request(clientToken=TOKEN))
    assert again["agentRuntimeId"] != runtime["agentRuntimeId"]


def test_the_same_token_and_request_make_one_version(world: World, runtime_id: str) -> None:
    first = world.update(runtime_id, clientToken=TOKEN)
    assert world.update(runtime_id, clientToken=TOKEN)["agentRuntimeVersion"] == "2"
    world.clock.pass_(world.core.delays.update)
    assert world.update(runtime_id, clientToken=TOKEN)["agentRuntimeVersion"] == "2"
    assert first["agentRuntimeVersion"] == "2"
    with pytest.raises(ClientError, match="different parameters"):
        world.update(runtime_id, clientToken=TOKEN, description="another")
    assert world.update(runtime_id)["agentRuntimeVersion"] == "3"


def test_tokens_of_endpoints_and_deletes(world: World, runtime_id: str) -> None:
    add(world, runtime_id, clientToken=TOKEN)
    assert add(world, runtime_id, clientToken=TOKEN)["endpointName"] == "live"
    world.clock.pass_(world.core.delays.endpoint)
    request = {"agentRuntimeId": runtime_id, "endpointName": "live", "clientToken": TOKEN}
    for _ in range(2):
        moved = world.control.update_agent_runtime_endpoint(**request)
        assert moved["status"] == "UPDATING"
    world.clock.pass_(world.core.delays.endpoint)
    for _ in range(2):
        answer = world.control.delete_agent_runtime_endpoint(**request)
        assert answer["status"] == "DELETING"
    world.clock.pass_(world.core.delays.delete)
    for _ in range(2):
        answer = world.control.delete_agent_runtime(agentRuntimeId=runtime_id, clientToken=TOKEN)
        assert answer["status"] == "DELETING"


# --- tags ---


def test_tags_of_runtimes_and_endpoints(world: World) -> None:
    runtime = world.ready(tags={"team": "blue"})
    arn = runtime["agentRuntimeArn"]
    endpoint = add(world, runtime["agentRuntimeId"], tags={"kind": "live"})
    client = world.control
    client.tag_resource(resourceArn=arn, tags={"team": "red", "cost/center": "7 a"})
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {
        "team": "red",
        "cost/center": "7 a",
    }
    client.untag_resource(resourceArn=arn, tagKeys=["cost/center", "never there"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "red"}
    assert dict(world.core.tagged_resources()) == {
        arn: {"team": "red"},
        endpoint["agentRuntimeEndpointArn"]: {"kind": "live"},
        f"{arn}/runtime-endpoint/DEFAULT": {},
    }


def test_tags_that_are_refused(world: World) -> None:
    arn = world.ready(tags={"one": "1"})["agentRuntimeArn"]
    tag = world.control.tag_resource
    refused("ValidationException", tag, resourceArn=arn, tags={"AWS:x": "1"})
    refused("ResourceNotFoundException", tag, resourceArn=arn[:-1] + "_", tags={"a": "1"})
    world.core.quotas.tags = 1
    refused("ServiceQuotaExceededException", tag, resourceArn=arn, tags={"two": "2"})
