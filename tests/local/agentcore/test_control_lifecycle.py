"""Runtimes and versions from create to gone, on a clock that the test moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.edge.faults import Fault

if TYPE_CHECKING:
    from tests.local.agentcore.conftest import World

CONTROL = "bedrock-agentcore-control"
JWT = {
    "customJWTAuthorizer": {
        "discoveryUrl": "https://idp.example.com/.well-known/openid-configuration",
        "allowedClients": ["client"],
    }
}


def refused(code: str, call: Any, **request: Any) -> str:
    """Return the message of the error that a call is answered with."""
    with pytest.raises(ClientError) as raised:
        call(**request)
    assert raised.value.response["Error"]["Code"] == code
    return str(raised.value.response["Error"]["Message"])


def status(world: World, runtime_id: str) -> str:
    return str(world.control.get_agent_runtime(agentRuntimeId=runtime_id)["status"])


def test_create_takes_its_time_and_makes_version_1_and_default(world: World) -> None:
    made = world.control.create_agent_runtime(**world.request())
    assert (made["status"], made["agentRuntimeVersion"]) == ("CREATING", "1")
    assert made["agentRuntimeArn"].endswith(f":runtime/{made['agentRuntimeId']}")
    assert made["workloadIdentityDetails"]["workloadIdentityArn"].endswith(made["agentRuntimeId"])
    runtime_id = made["agentRuntimeId"]
    world.clock.pass_(world.core.delays.create - 0.1)
    assert status(world, runtime_id) == "CREATING"
    world.clock.pass_(0.1)
    assert status(world, runtime_id) == "READY"
    default = world.control.get_agent_runtime_endpoint(
        agentRuntimeId=runtime_id, endpointName="DEFAULT"
    )
    assert (default["status"], default["liveVersion"]) == ("READY", "1")


def test_delays_can_be_changed_while_it_runs(world: World) -> None:
    world.core.delays.create = 0.0
    made = world.control.create_agent_runtime(**world.request())
    assert status(world, made["agentRuntimeId"]) == "READY"


def test_what_is_left_out_gets_the_defaults_of_the_service(world: World) -> None:
    runtime = world.ready()
    assert runtime["networkConfiguration"] == {"networkMode": "PUBLIC"}
    assert runtime["protocolConfiguration"] == {"serverProtocol": "HTTP"}
    assert runtime["metadataConfiguration"] == {"requireMMDSV2": True}
    assert runtime["lifecycleConfiguration"] == {
        "idleRuntimeSessionTimeout": 900,
        "maxLifetime": 28800,
    }
    assert "authorizerConfiguration" not in runtime


def test_names_are_unique_until_the_runtime_is_gone(world: World) -> None:
    runtime = world.ready()
    message = refused("ConflictException", world.control.create_agent_runtime, **world.request())
    assert "'echo'" in message
    world.control.delete_agent_runtime(agentRuntimeId=runtime["agentRuntimeId"])
    refused("ConflictException", world.control.create_agent_runtime, **world.request())
    world.clock.pass_(world.core.delays.delete)
    again = world.control.create_agent_runtime(**world.request())
    assert again["agentRuntimeId"] != runtime["agentRuntimeId"]


def test_update_replaces_everything_and_old_versions_stay(world: World) -> None:
    runtime = world.ready(
        authorizerConfiguration=JWT,
        environmentVariables={"A": "1"},
        description="first",
        requestHeaderConfiguration={"requestHeaderAllowlist": ["Authorization"]},
        lifecycleConfiguration={"idleRuntimeSessionTimeout": 60},
    )
    runtime_id = runtime["agentRuntimeId"]
    updated = world.update(runtime_id)
    assert (updated["agentRuntimeVersion"], updated["status"]) == ("2", "UPDATING")
    world.clock.pass_(world.core.delays.update)
    now = world.control.get_agent_runtime(agentRuntimeId=runtime_id)
    assert now["agentRuntimeVersion"] == "2"
    gone = ("authorizerConfiguration", "environmentVariables", "description")
    assert not {*gone, "requestHeaderConfiguration"} & set(now)
    assert now["lifecycleConfiguration"]["idleRuntimeSessionTimeout"] == 900
    first = world.control.get_agent_runtime(agentRuntimeId=runtime_id, agentRuntimeVersion="1")
    assert first["authorizerConfiguration"] == JWT
    assert first["environmentVariables"] == {"A": "1"}
    assert first["status"] == "READY"


def test_metadata_configuration_can_be_set_by_update(world: World) -> None:
    runtime_id = world.ready()["agentRuntimeId"]
    world.update(runtime_id, metadataConfiguration={"requireMMDSV2": False})
    world.clock.pass_(world.core.delays.update)
    now = world.control.get_agent_runtime(agentRuntimeId=runtime_id)
    assert now["metadataConfiguration"] == {"requireMMDSV2": False}
    message = refused("RuntimeClientError", world.invoke_raw, arn=now["agentRuntimeArn"])
    assert "requireMMDSV2" in message


def test_default_follows_when_the_update_is_done(world: World) -> None:
    runtime_id = world.ready()["agentRuntimeId"]
    world.update(runtime_id)

    def default() -> tuple[str, str | None, str | None]:
        seen = world.control.get_agent_runtime_endpoint(
            agentRuntimeId=runtime_id, endpointName="DEFAULT"
        )
        return seen["status"], seen.get("liveVersion"), seen.get("targetVersion")

    assert default() == ("UPDATING", "1", "2")
    world.clock.pass_(world.core.delays.update)
    assert default() == ("READY", "2", "2")


def test_the_kind_of_artifact_stays(world: World) -> None:
    runtime_id = world.ready()["agentRuntimeId"]
    code = {
        "code": {"s3": {"bucket": "some-bucket", "prefix": "a.zip"}},
        "runtime": "PYTHON_3_13",
        "entryPoint": ["main.py"],
    }
    message = refused(
        "ValidationException",
        world.control.update_agent_runtime,
        agentRuntimeId=runtime_id,
        roleArn=world.request()["roleArn"],
        agentRuntimeArtifact={"codeConfiguration": code},
    )
    assert "cannot be changed" in message


@pytest.mark.parametrize("state", ["CREATING", "UPDATING", "DELETING"])
def test_nothing_is_changed_while_something_changes(world: World, state: str) -> None:
    runtime_id = (
        world.control.create_agent_runtime(**world.request())["agentRuntimeId"]
        if state == "CREATING"
        else world.ready()["agentRuntimeId"]
    )
    if state == "UPDATING":
        world.update(runtime_id)
    if state == "DELETING":
        world.control.delete_agent_runtime(agentRuntimeId=runtime_id)
    assert status(world, runtime_id) == state
    refused("ConflictException", world.update, runtime_id=runtime_id)
    refused("ConflictException", world.control.delete_agent_runtime, agentRuntimeId=runtime_id)
    refused(
        "ConflictException",
        world.control.create_agent_runtime_endpoint,
        agentRuntimeId=runtime_id,
        name="live",
    )


def test_a_deleted_runtime_is_deleting_and_then_gone(world: World) -> None:
    runtime_id = world.ready()["agentRuntimeId"]
    answer = world.control.delete_agent_runtime(agentRuntimeId=runtime_id)
    assert answer["status"] == "DELETING"
    assert status(world, runtime_id) == "DELETING"
    world.clock.pass_(world.core.delays.delete)
    for call in (world.control.get_agent_runtime, world.control.delete_agent_runtime):
        refused("ResourceNotFoundException", call, agentRuntimeId=runtime_id)
    assert world.control.list_agent_runtimes()["agentRuntimes"] == []
    assert world.core.tagged_resources() == []


def test_a_version_alone_can_be_deleted_unless_it_is_in_use(world: World) -> None:
    runtime_id = world.ready()["agentRuntimeId"]
    delete = world.control.delete_agent_runtime
    refused("ConflictException", delete, agentRuntimeId=runtime_id, agentRuntimeVersion="1")
    world.update(runtime_id)
    world.clock.pass_(world.core.delays.update)
    refused("ConflictException", delete, agentRuntimeId=runtime_id, agentRuntimeVersion="2")
    refused("ResourceNotFoundException", delete, agentRuntimeId=runtime_id, agentRuntimeVersion="9")
    answer = delete(agentRuntimeId=runtime_id, agentRuntimeVersion="1")
    assert (answer["status"], answer["agentRuntimeVersion"]) == ("DELETING", "1")
    assert status(world, runtime_id) == "READY"
    world.clock.pass_(world.core.delays.delete)
    listed = world.control.list_agent_runtime_versions(agentRuntimeId=runtime_id)
    assert [v["agentRuntimeVersion"] for v in listed["agentRuntimes"]] == ["2"]
    # A number is never given twice.
    assert world.update(runtime_id)["agentRuntimeVersion"] == "3"


@pytest.mark.parametrize(
    ("operation", "end"),
    [
        ("CreateAgentRuntime", "CREATE_FAILED"),
        ("UpdateAgentRuntime", "UPDATE_FAILED"),
        ("DeleteAgentRuntime", "DELETE_FAILED"),
    ],
)
def test_a_failure_on_demand_ends_in_the_failed_state(
    world: World, operation: str, end: str
) -> None:
    fault = Fault(CONTROL, operation, "failureState", reason="no capacity today")
    if operation != "CreateAgentRuntime":
        runtime_id = world.ready()["agentRuntimeId"]
    world.faults.add(fault)
    if operation == "CreateAgentRuntime":
        runtime_id = world.ready()["agentRuntimeId"]
    elif operation == "UpdateAgentRuntime":
        world.update(runtime_id)
    else:
        world.control.delete_agent_runtime(agentRuntimeId=runtime_id)
    world.clock.pass_(60)
    seen = world.control.get_agent_runtime(agentRuntimeId=runtime_id)
    assert (seen["status"], seen["failureReason"]) == (end, "no capacity today")
    default = world.control.get_agent_runtime_endpoint(
        agentRuntimeId=runtime_id, endpointName="DEFAULT"
    )
    if operation == "CreateAgentRuntime":
        assert (default["status"], default.get("liveVersion")) == ("CREATE_FAILED", None)
    else:
        # Callers of DEFAULT are served by the version before.
        assert (default["status"], default["liveVersion"]) == ("READY", "1")
    # It can be tried again, and it can be deleted.
    world.control.delete_agent_runtime(agentRuntimeId=runtime_id)
    world.clock.pass_(world.core.delays.delete)
    refused("ResourceNotFoundException", world.control.get_agent_runtime, agentRuntimeId=runtime_id)


def test_a_failed_update_is_mended_by_the_next(world: World) -> None:
    runtime_id = world.ready()["agentRuntimeId"]
    world.faults.add(Fault(CONTROL, "UpdateAgentRuntime", "failureState"))
    world.update(runtime_id)
    world.clock.pass_(world.core.delays.update)
    assert status(world, runtime_id) == "UPDATE_FAILED"
    assert world.update(runtime_id)["agentRuntimeVersion"] == "3"
    world.clock.pass_(world.core.delays.update)
    assert status(world, runtime_id) == "READY"


def test_a_failed_deletion_is_over_with_the_next_version(world: World) -> None:
    runtime_id = world.ready()["agentRuntimeId"]
    world.faults.add(Fault(CONTROL, "DeleteAgentRuntime", "failureState"))
    world.control.delete_agent_runtime(agentRuntimeId=runtime_id)
    world.clock.pass_(60)
    assert status(world, runtime_id) == "DELETE_FAILED"
    world.update(runtime_id)
    assert status(world, runtime_id) == "UPDATING"
    with pytest.raises(world.control.exceptions.ConflictException):
        world.update(runtime_id)
    world.clock.pass_(world.core.delays.update)
    assert status(world, runtime_id) == "READY"


def test_no_process_can_have_nul_in_its_environment(world: World) -> None:
    with pytest.raises(world.control.exceptions.ValidationException, match="NUL"):
        world.ready(environmentVariables={"A": "x\0y"})


@pytest.mark.parametrize(
    ("more", "limit"),
    [
        ({}, 4096),
        ({"platformVersion": "V1"}, 4096),
        ({"platformVersion": "V2"}, 2560),
    ],
)
def test_all_variables_together_have_a_limit(
    world: World, more: dict[str, Any], limit: int
) -> None:
    """Developer guide: 4 KB; on the second platform 2.5 KB for a container."""
    fits = {"A": "x" * (limit - 3), "B": "y"}
    world.ready(environmentVariables=fits, **more)
    message = refused(
        "ValidationException",
        world.control.create_agent_runtime,
        **world.request("other", environmentVariables={**fits, "C": "z"}, **more),
    )
    assert f"{limit} bytes" in message


@pytest.mark.parametrize(
    "headers",
    [
        ["Cookie"],
        ["X-Api-Key", "host"],
        ["Accept-Language"],
        ["X-Amz-Date"],
        ["x-amzn-trace-id"],
        ["Authorization"],
        ["X-Api-Key", "x-api-key"],
    ],
)
def test_a_header_that_the_service_keeps_to_itself(world: World, headers: list[str]) -> None:
    """Developer guide, "Pass custom headers": restricted headers; Authorization needs a JWT authorizer."""
    given: dict[str, Any] = {"requestHeaderConfiguration": {"requestHeaderAllowlist": headers}}
    refused(
        "ValidationException",
        world.control.create_agent_runtime,
        **world.request("closed", **given),
    )


def test_headers_that_may_be_passed_on(world: World) -> None:
    names = ["X-Api-Key", "X-Amzn-Bedrock-AgentCore-Runtime-Custom-One", "Authorization"]
    given = {"requestHeaderConfiguration": {"requestHeaderAllowlist": names}}
    world.ready("open", authorizerConfiguration=JWT, **given)


def test_a_state_can_be_delayed_on_demand(world: World) -> None:
    world.faults.add(Fault(CONTROL, "CreateAgentRuntime", "delayedState", seconds=100.0))
    runtime_id = world.ready()["agentRuntimeId"]
    assert status(world, runtime_id) == "CREATING"
    world.clock.pass_(100)
    assert status(world, runtime_id) == "READY"


def test_lists_come_in_pages(world: World) -> None:
    ids = [
        world.control.create_agent_runtime(**world.request(f"agent{n}"))["agentRuntimeId"]
        for n in range(5)
    ]
    pages = list(
        world.control.get_paginator("list_agent_runtimes").paginate(
            PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["agentRuntimes"]) for page in pages] == [2, 2, 1]
    assert [r["agentRuntimeId"] for page in pages for r in page["agentRuntimes"]] == ids
    refused("ValidationException", world.control.list_agent_runtimes, nextToken="made-up")


def test_versions_are_listed_newest_first(world: World) -> None:
    runtime_id = world.ready(description="the first")["agentRuntimeId"]
    world.update(runtime_id)
    listed = world.control.list_agent_runtime_versions(agentRuntimeId=runtime_id)["agentRuntimes"]
    seen = [(v["agentRuntimeVersion"], v["status"], v["description"]) for v in listed]
    assert seen == [("2", "UPDATING", "-"), ("1", "READY", "the first")]


def test_quotas_can_be_turned_down(world: World) -> None:
    runtime_id = world.ready()["agentRuntimeId"]
    world.core.quotas.runtimes = 1
    refused(
        "ServiceQuotaExceededException",
        world.control.create_agent_runtime,
        **world.request("another"),
    )
    world.core.quotas.versions = 1
    refused("ServiceQuotaExceededException", world.update, runtime_id=runtime_id)
    world.core.quotas.control_mutations_per_second = 0
    refused("ThrottlingException", world.control.delete_agent_runtime, agentRuntimeId=runtime_id)


def test_mutations_are_counted_by_the_second(world: World) -> None:
    world.core.quotas.control_mutations_per_second = 1
    world.control.create_agent_runtime(**world.request("one"))
    refused("ThrottlingException", world.control.create_agent_runtime, **world.request("two"))
    world.clock.pass_(1.0)
    world.control.create_agent_runtime(**world.request("two"))


@pytest.mark.parametrize(
    ("member", "value", "named"),
    [
        ("networkConfiguration", {"networkMode": "VPC"}, "security groups"),
        (
            "lifecycleConfiguration",
            {"idleRuntimeSessionTimeout": 100, "maxLifetime": 60},
            "maximum lifetime",
        ),
        (
            "authorizerConfiguration",
            {"customJWTAuthorizer": {"discoveryUrl": JWT["customJWTAuthorizer"]["discoveryUrl"]}},
            "At least one",
        ),
        ("tags", {"aws:owner": "me"}, "reserved"),
    ],
)
def test_members_that_contradict_each_other_are_refused(
    world: World, member: str, value: Any, named: str
) -> None:
    message = refused(
        "ValidationException",
        world.control.create_agent_runtime,
        **world.request(**{member: value}),
    )
    assert named in message
    assert world.control.list_agent_runtimes()["agentRuntimes"] == []
