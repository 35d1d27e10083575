"""The AWS CLI, unmodified, against `lifecycle local up`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local.clients.conftest import AwsCli, Caller

CONTROL = "bedrock-agentcore-control"


def test_a_stack_tells_where_things_are(outputs: dict[str, str], aws: AwsCli) -> None:
    machines = aws("stepfunctions", "list-state-machines")["stateMachines"]
    arns = {machine["stateMachineArn"] for machine in machines}
    assert {outputs["StateMachineArn"], outputs["FleetStateMachineArn"]} <= arns
    assert "does not exist" in aws.refused(
        "cloudformation", "describe-stacks", "--stack-name", "none"
    )


def test_a_runtime_is_made_listed_and_deleted(
    aws: AwsCli, request_of: Callable[..., dict[str, Any]]
) -> None:
    request = request_of("echo", description="by the AWS CLI")
    made = aws(CONTROL, "create-agent-runtime", **request)
    assert (made["status"], made["agentRuntimeVersion"]) == ("CREATING", "1")
    one = ("--agent-runtime-id", made["agentRuntimeId"])
    ready = aws.until("READY", "status", CONTROL, "get-agent-runtime", *one)
    assert ready["description"] == "by the AWS CLI"
    assert "ConflictException" in aws.refused(CONTROL, "create-agent-runtime", **request)
    listed = aws(CONTROL, "list-agent-runtimes")["agentRuntimes"]
    assert [
        runtime["agentRuntimeName"]
        for runtime in listed
        if runtime["agentRuntimeId"] == made["agentRuntimeId"]
    ] == [request["agentRuntimeName"]]
    # The CLI's own pages: one runtime a request, and all of them in the end.
    paged = aws(CONTROL, "list-agent-runtimes", "--page-size", "1")["agentRuntimes"]
    assert len(paged) == len(listed)
    (endpoint,) = aws(CONTROL, "list-agent-runtime-endpoints", *one)["runtimeEndpoints"]
    assert (endpoint["name"], endpoint["liveVersion"]) == ("DEFAULT", "1")
    assert aws(CONTROL, "delete-agent-runtime", *one)["status"] == "DELETING"
    assert_gone(aws, one)


def assert_gone(aws: AwsCli, one: tuple[str, str]) -> None:
    for _ in range(50):
        ended = aws.run(CONTROL, "get-agent-runtime", *one)
        if ended.returncode:
            assert "ResourceNotFoundException" in ended.stderr
            return
    pytest.fail(f"still there: {ended.stdout}")


def test_what_the_service_refuses_is_said_as_the_service_says_it(
    aws: AwsCli, request_of: Callable[..., dict[str, Any]]
) -> None:
    request = request_of("echo", agentRuntimeName="has-a-hyphen")
    assert "ValidationException" in aws.refused(CONTROL, "create-agent-runtime", **request)


def test_an_execution_is_started_and_described_until_it_is_done(
    aws: AwsCli, outputs: dict[str, str], code: Callable[[str], dict[str, Any]]
) -> None:
    request = {
        "environment": "cli",
        "artifact": {"source": code("echo")},
        "auth": {"type": "iam"},
        "smokeTest": {"prompt": "hello", "expect": "echo of hello"},
        "teardown": "always",
        "wait": {"intervalSeconds": 1},
    }
    output = finish(aws, start(aws, outputs, request))
    assert output["environment"] == "cli"
    assert [check["seen"] for check in output["smokeTest"]["checks"]]
    assert output["teardown"]["removed"]


def start(aws: AwsCli, outputs: dict[str, str], request: dict[str, Any]) -> str:
    words = ("--state-machine-arn", outputs["StateMachineArn"], "--input", json.dumps(request))
    name = ("--name", f"cli-{uuid.uuid4()}")
    return str(aws("stepfunctions", "start-execution", *words, *name)["executionArn"])


def finish(aws: AwsCli, arn: str) -> dict[str, Any]:
    described = ("stepfunctions", "describe-execution", "--execution-arn", arn)
    output: dict[str, Any] = json.loads(aws.until("SUCCEEDED", "status", *described)["output"])
    return output


def test_an_event_starts_an_execution_that_succeeds(aws: AwsCli, outputs: dict[str, str]) -> None:
    executions = ("list-executions", "--state-machine-arn", outputs["StateMachineArn"])
    before = {e["executionArn"] for e in aws("stepfunctions", *executions)["executions"]}
    put = aws("events", "put-events", "--entries", "file://events/rebuild-requested.json")
    assert put["FailedEntryCount"] == 0
    for _ in range(50):
        now = {e["executionArn"] for e in aws("stepfunctions", *executions)["executions"]}
        if now > before:
            break
    (arn,) = now - before
    output = finish(aws, arn)
    assert (output["environment"], output["action"]) == ("dev", "provision")
    assert output["runtime"]["arn"]


def test_a_user_signs_in(aws: AwsCli, caller: Caller, token: str) -> None:
    assert token.count(".") == 2
    sign_in = {
        "ClientId": caller.client_id,
        "AuthParameters": {"USERNAME": caller.name, "PASSWORD": caller.password},
    }
    admin = aws(
        "cognito-idp",
        "admin-initiate-auth",
        UserPoolId=caller.pool_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        **sign_in,
    )
    assert admin["AuthenticationResult"]["TokenType"] == "Bearer"
    sign_in["AuthParameters"] = {"USERNAME": caller.name, "PASSWORD": "Wr0ng-password!"}
    said = aws.refused("cognito-idp", "initiate-auth", AuthFlow="USER_PASSWORD_AUTH", **sign_in)
    assert "NotAuthorizedException" in said
    assert caller.password not in said
