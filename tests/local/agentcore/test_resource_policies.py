"""The policies of runtimes, endpoints and gateways: what PutResourcePolicy takes, and when it counts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.agentcore.control.policies.operations import LATE_SECONDS
from tests.local.agentcore.conftest import ACCOUNT, ROLE

if TYPE_CHECKING:
    from tests.local.agentcore.conftest import World

INVOKE = "bedrock-agentcore:InvokeAgentRuntime"


def statement(arn: str, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    made = {"Effect": effect, "Principal": {"AWS": ROLE}, "Action": INVOKE, "Resource": arn} | more
    return {name: value for name, value in made.items() if value is not None}


def policy(*statements: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)} | more)


def code(call: Any, **members: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**members)
    return str(raised.value.response["Error"]["Code"])


def test_a_policy_is_put_read_replaced_and_deleted(world: World) -> None:
    arn = world.ready()["agentRuntimeArn"]
    for text in (policy(statement(arn)), policy(statement(arn, "Deny", Principal="*"))):
        assert world.control.put_resource_policy(resourceArn=arn, policy=text)["policy"] == text
        assert world.control.get_resource_policy(resourceArn=arn)["policy"] == text
        assert world.core.policies.in_force(arn) == json.loads(text)
    world.control.delete_resource_policy(resourceArn=arn)
    assert world.core.policies.in_force(arn) is None


@pytest.mark.parametrize("reading", ["not-found", "empty"])
def test_what_a_resource_without_a_policy_answers_is_not_known(world: World, reading: str) -> None:
    world.readings.change({"no-resource-policy": reading})
    arn = world.ready()["agentRuntimeArn"]
    calls = world.control.get_resource_policy, world.control.delete_resource_policy
    for call in calls:
        if reading == "empty":
            assert call(resourceArn=arn).keys() == {"ResponseMetadata"}
        else:
            assert code(call, resourceArn=arn) == "ResourceNotFoundException"


def test_endpoints_and_gateways_have_policies_of_their_own(world: World) -> None:
    runtime = world.ready()
    made = world.control.create_agent_runtime_endpoint(
        agentRuntimeId=runtime["agentRuntimeId"], name="live", agentRuntimeVersion="1"
    )
    gateway = world.control.create_gateway(name="door", roleArn=ROLE, authorizerType="AWS_IAM")
    door = "bedrock-agentcore:InvokeGateway"
    for arn, action in (
        (made["agentRuntimeEndpointArn"], INVOKE),
        (gateway["gatewayArn"], door),
    ):
        text = policy(statement(arn, Action=action))
        world.control.put_resource_policy(resourceArn=arn, policy=text)
        assert world.control.get_resource_policy(resourceArn=arn)["policy"] == text
        other = door if action == INVOKE else INVOKE
        wrong = policy(statement(arn, Action=other))
        put = world.control.put_resource_policy
        assert code(put, resourceArn=arn, policy=wrong) == "ValidationException"


@pytest.mark.parametrize("operation", ["put", "get", "delete"])
def test_a_resource_that_is_not_there_has_none(world: World, operation: str) -> None:
    arn = world.ready()["agentRuntimeArn"] + "x"
    more = {"policy": policy(statement(arn))} if operation == "put" else {}
    call = getattr(world.control, f"{operation}_resource_policy")
    assert code(call, resourceArn=arn, **more) == "ResourceNotFoundException"


def test_it_goes_with_its_runtime(world: World) -> None:
    runtime = world.ready()
    arn = runtime["agentRuntimeArn"]
    world.control.put_resource_policy(resourceArn=arn, policy=policy(statement(arn)))
    world.control.delete_agent_runtime(agentRuntimeId=runtime["agentRuntimeId"])
    world.clock.pass_(600)
    assert world.core.policies.in_force(arn) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Resource": "*"}, "must be the ARN of the resource"),
        ({"Resource": None}, "must be the ARN of the resource"),
        ({"Action": "bedrock-agentcore:*"}, "'bedrock-agentcore:\\*' is not supported"),
        ({"Action": "bedrock-agentcore:GetAgentRuntime"}, "GetAgentRuntime' is not supported"),
        ({"Action": None}, "Action is missing"),
        ({"Effect": "allow"}, "Effect"),
        ({"Principal": None}, "Principal is missing"),
        ({"Principal": {"Federated": "x"}}, "Principal is missing or not supported"),
        ({"Principal": {"AWS": "nobody"}}, "principal 'nobody' is not valid"),
        ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/gone"}}, "role/gone' is not valid"),
        ({"NotAction": INVOKE}, "NotAction is not supported"),
        ({"Condition": {"ArnUnlike": {"aws:PrincipalArn": "x"}}}, "operator 'ArnUnlike'"),
        ({"Condition": []}, "Condition must be an object"),
    ],
)
def test_a_wrong_statement_is_refused(world: World, change: dict[str, Any], told: str) -> None:
    arn = world.ready()["agentRuntimeArn"]
    with pytest.raises(ClientError, match=told) as raised:
        world.control.put_resource_policy(
            resourceArn=arn, policy=policy(statement(arn), statement(arn, **change))
        )
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert world.core.policies.in_force(arn) is None


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"Version": "2012-10-17"}'])
def test_what_is_no_policy_is_refused(world: World, text: str) -> None:
    arn = world.ready()["agentRuntimeArn"]
    put = world.control.put_resource_policy
    assert code(put, resourceArn=arn, policy=text) == "ValidationException"


def test_a_version_that_iam_does_not_have_is_refused(world: World) -> None:
    arn = world.ready()["agentRuntimeArn"]
    text = policy(statement(arn), Version="2026-01-01")
    put = world.control.put_resource_policy
    assert code(put, resourceArn=arn, policy=text) == "ValidationException"


def test_a_role_of_another_account_cannot_be_looked_up(world: World) -> None:
    arn = world.ready()["agentRuntimeArn"]
    other = {"AWS": ["arn:aws:iam::999999999999:role/theirs", "999999999999"]}
    text = policy(statement(arn, Principal=other))
    assert world.control.put_resource_policy(resourceArn=arn, policy=text)["policy"] == text


@pytest.mark.parametrize("reading", ["at-once", "late"])
def test_when_a_policy_is_shown_is_not_known(world: World, reading: str) -> None:
    world.readings.change({"resource-policy-read": reading, "no-resource-policy": "empty"})
    arn, late = world.ready()["agentRuntimeArn"], reading == "late"
    first, second = policy(statement(arn)), policy(statement(arn, "Deny"))

    def shown() -> str | None:
        found: str | None = world.control.get_resource_policy(resourceArn=arn).get("policy")
        return found

    for before, text in ((None, first), (first, second)):
        world.control.put_resource_policy(resourceArn=arn, policy=text)
        assert shown() == (before if late else text)
        # It counts, whatever is shown.
        assert world.core.policies.in_force(arn) == json.loads(text)
        world.clock.pass_(LATE_SECONDS)
        assert shown() == text
    world.control.delete_resource_policy(resourceArn=arn)
    assert shown() == (second if late else None)
    world.clock.pass_(LATE_SECONDS)
    assert shown() is None


def test_when_a_policy_counts_is_not_known(world: World) -> None:
    world.readings.change({"resource-policy": "late"})
    arn = world.ready()["agentRuntimeArn"]
    world.control.put_resource_policy(resourceArn=arn, policy=policy(statement(arn)))
    assert world.control.get_resource_policy(resourceArn=arn)["policy"] == policy(statement(arn))
    assert world.core.policies.in_force(arn) is None
    world.clock.pass_(LATE_SECONDS)
    assert world.core.policies.in_force(arn) == json.loads(policy(statement(arn)))
    world.control.delete_resource_policy(resourceArn=arn)
    assert world.core.policies.in_force(arn) is not None
    world.clock.pass_(LATE_SECONDS)
    assert world.core.policies.in_force(arn) is None
