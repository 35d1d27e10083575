"""The functions of the credentials do all that they do with the rights that the template gives them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.edge.iam.authorization import Authorization
from local.edge.iam.permission import Place
from local.edge.iam.roles import Role
from tests.functions.lifecycle.credentials.outbound import Outbound
from tests.functions.lifecycle.runtime_world import ACCOUNT, AGENT_POLICY, ROLE_BOUNDARY
from tests.functions.test_policies import template

PLACE = Place("us-west-2", ACCOUNT)
VALUES = {
    "AWS::Partition": "aws",
    "AWS::Region": PLACE.region,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": "stack",
    "AgentPolicy": AGENT_POLICY,
    "EnvironmentRoleBoundary": ROLE_BOUNDARY,
    "EnvironmentsTable.Arn": PLACE.arn("dynamodb", "table/environments"),
}


def resolved(value: Any) -> Any:
    """A part of the template without CloudFormation's functions."""
    if isinstance(value, list):
        return [resolved(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Sub"}:
        return re.sub(r"\$\{([^}]+)\}", lambda found: VALUES[found[1]], value["Sub"])
    if value.keys() <= {"Ref", "GetAtt"}:
        return VALUES[next(iter(value.values()))]
    return {key: resolved(item) for key, item in value.items()}


@contextmanager
def only_with_the_rights_of(function: str, outbound: Outbound) -> Iterator[set[str]]:
    """Refuse each call that a function's policies do not allow; gives the calls."""
    properties = template()["Resources"][function]["Properties"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            statement
            for each in properties["Policies"]
            if "Statement" in each
            for statement in resolved(each["Statement"])
        ],
    }

    def role_of(name: str) -> Role | None:
        known = outbound.world.clients.of_agentcore("iam")
        found = [role for role in known.list_roles()["Roles"] if role["RoleName"] == name]
        if not found:
            return None
        bound = known.get_role(RoleName=name)["Role"].get("PermissionsBoundary", {})
        return Role(found[0]["Arn"], bound.get("PermissionsBoundaryArn"))

    iam = Authorization(PLACE, lambda _: [policy], lambda _: {}, role_of=role_of)
    made: set[str] = set()

    def check(params: dict[str, Any], model: Any, **_: Any) -> None:
        service = model.service_model.service_name
        made.add(model.name)
        why = iam.refusal(f"arn:aws:iam::{ACCOUNT}:role/f", service, model.name, params)
        assert why is None, why

    clients = outbound.world.clients
    used = (clients.dynamodb, clients.agentcore_control, clients.iam)
    for client in used:
        client.meta.events.register("before-parameter-build", check)
    try:
        yield made
    finally:
        for client in used:
            client.meta.events.unregister("before-parameter-build", check)


def test_deploying_retiring_and_deleting_need_no_other_rights(outbound: Outbound) -> None:
    request = {"credentials": [outbound.key(), outbound.oauth2()], "tags": {"team": "a"}}
    outbound.world.begin("one", request)
    with only_with_the_rights_of("DeployCredentialsFunction", outbound) as made:
        outbound.again()
        assert {"CreateRole", "AttachRolePolicy", "CreateOauth2CredentialProvider"} <= made
    name = outbound.roles()[0]
    outbound.iam.delete_role_permissions_boundary(RoleName=name)
    outbound.control.update_api_key_credential_provider(
        name=outbound.provider("weather"), apiKey="mine"
    )
    outbound.world.records.release("dev", outbound.world.execution)
    outbound.world.begin("two", {"credentials": [outbound.key()], "tags": {"team": "b"}})
    with only_with_the_rights_of("DeployCredentialsFunction", outbound) as made:
        assert len(outbound.again().repaired) == 2
        outbound.again(promoted=True)
        assert {"PutRolePermissionsBoundary", "DeleteOauth2CredentialProvider"} <= made
    with only_with_the_rights_of("DeleteCredentialsFunction", outbound) as made:
        outbound.delete()
        assert {"DeleteRole", "DeleteApiKeyCredentialProvider"} <= made
