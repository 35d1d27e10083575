"""What the roles of environments can have at most, whatever is written into their own policies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.edge.iam.authorization import Authorization
from local.edge.iam.permission import Permission
from tests.functions.lifecycle.rights import PLACE, resolved
from tests.functions.test_policies import template

BOUNDARIES = ("EnvironmentRoleBoundary", "GatewayRoleBoundary")
FOR = "agentcore-lifecycle:credential-environments"


def document(policy: str) -> dict[str, Any]:
    found = resolved(template()["Resources"][policy]["Properties"]["PolicyDocument"])
    for statement in found["Statement"]:
        if isinstance(statement["Resource"], dict):
            # The functions of the parameter: here all of them.
            statement["Resource"] = "arn:aws:lambda:*"
    return dict(found)


def allows(policy: str, action: str, resource: str, via: str | None = None, **tags: str) -> bool:
    """Whether a role with a boundary can do something, if its own policy lets it do everything."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam = Authorization(
        PLACE,
        lambda _: [{"Version": "2012-10-17", "Statement": [everything]}],
        lambda _: tags,
        boundary_of=lambda _: document(policy),
    )
    context = {"kms:ViaService": via} if via is not None else {}
    return iam.lacks("arn:aws:iam::1:role/r", [Permission(action, resource, context)]) is None


def test_an_agent_with_a_role_of_its_own_can_all_that_every_agent_may() -> None:
    most = [json.dumps(each, sort_keys=True) for each in document(BOUNDARIES[0])["Statement"]]
    every = [json.dumps(each, sort_keys=True) for each in document("AgentPolicy")["Statement"]]
    assert [each for each in every if each not in most] == []


@pytest.mark.parametrize("policy", BOUNDARIES)
@pytest.mark.parametrize(
    ("tags", "may"),
    [
        ({FOR: "stack/dev"}, True),
        ({FOR: "other/dev stack/dev"}, True),
        ({FOR: "my-stack/dev"}, False),
        ({FOR: "other/dev my-stack/dev"}, False),
        ({}, False),
        ({FOR: "stack/dev", "agentcore-lifecycle:stack": "stack"}, False),
        ({FOR: "stack/dev", "agentcore-lifecycle:environment": "dev"}, False),
    ],
)
def test_a_secret_only_if_its_owner_names_an_environment_of_the_stack(
    policy: str, tags: dict[str, str], may: bool
) -> None:
    secret = PLACE.arn("secretsmanager", "secret:their-own-AbCdEf")
    assert allows(policy, "secretsmanager:GetSecretValue", secret, **tags) is may


@pytest.mark.parametrize("policy", BOUNDARIES)
@pytest.mark.parametrize(
    ("via", "may"),
    [
        ("secretsmanager.us-west-2.amazonaws.com", True),
        ("secretsmanager.eu-west-1.amazonaws.com", False),
        ("s3.us-west-2.amazonaws.com", False),
        (None, False),
    ],
)
def test_the_key_of_a_secret_only_to_read_the_secret(
    policy: str, via: str | None, may: bool
) -> None:
    """A key policy that names a role gives it no more than its boundary allows."""
    key = PLACE.arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")
    assert allows(policy, "kms:Decrypt", key, via=via) is may
    assert not allows(policy, "kms:Encrypt", key, via=via)


@pytest.mark.parametrize("policy", BOUNDARIES)
@pytest.mark.parametrize(("stack", "may"), [("stack", True), ("other", False)])
def test_only_the_stacks_own_credential_providers(policy: str, stack: str, may: bool) -> None:
    name = f"token-vault/default/apikeycredentialprovider/{stack}--dev--key-12345678"
    arn = PLACE.arn("bedrock-agentcore", name)
    assert allows(policy, "bedrock-agentcore:GetResourceApiKey", arn) is may


@pytest.mark.parametrize(("name", "may"), [("orders", True), ("stack-DeleteRuntime-1A", False)])
def test_a_gateway_never_calls_a_function_of_the_stack(name: str, may: bool) -> None:
    function = PLACE.arn("lambda", f"function:{name}")
    assert allows("GatewayRoleBoundary", "lambda:InvokeFunction", function) is may
    assert not allows("EnvironmentRoleBoundary", "lambda:InvokeFunction", function)


@pytest.mark.parametrize(("stack", "may"), [("stack", False), ("another", True)])
def test_a_gateway_never_calls_a_function_of_a_stack_whose_name_is_cut(
    stack: str, may: bool
) -> None:
    """CloudFormation gives each function the stack's whole name as a tag, whatever the function is called."""
    function = PLACE.arn("lambda", "function:sta-DeleteRuntimeFunction-1A")
    tags = {"aws:cloudformation:stack-name": stack}
    assert allows("GatewayRoleBoundary", "lambda:InvokeFunction", function, **tags) is may


@pytest.mark.parametrize("policy", BOUNDARIES)
@pytest.mark.parametrize(
    "action",
    ["iam:CreateRole", "iam:PassRole", "sts:AssumeRole", "dynamodb:GetItem", "s3:GetObject"],
)
def test_nothing_else(policy: str, action: str) -> None:
    assert not allows(policy, action, "*")
