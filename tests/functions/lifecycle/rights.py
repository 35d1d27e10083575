"""Holds the calls of a stage against the rights that the template gives its function."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.edge.iam.authorization import Authorization
from local.edge.iam.permission import Place
from local.edge.iam.roles import Role
from tests.functions.lifecycle.conftest import GATEWAYS
from tests.functions.lifecycle.runtime_world import (
    ACCOUNT,
    AGENT_POLICY,
    GATEWAY_ROLE,
    ROLE,
    ROLE_BOUNDARY,
    World,
)
from tests.functions.test_policies import template

PLACE = Place("us-west-2", ACCOUNT)
VALUES = {
    "AWS::Partition": "aws",
    "AWS::Region": PLACE.region,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
    "AgentExecutionRole.Arn": ROLE,
    "AgentPolicy": AGENT_POLICY,
    "EnvironmentRoleBoundary": ROLE_BOUNDARY,
    "ArtifactsTable.Arn": PLACE.arn("dynamodb", "table/artifacts"),
    "EnvironmentsTable.Arn": PLACE.arn("dynamodb", "table/environments"),
    "GatewayRole.Arn": GATEWAY_ROLE,
    "GatewayRoleBoundary": GATEWAYS["GATEWAY_BOUNDARY_ARN"],
}


def resolved(value: Any) -> Any:
    """A part of the template without CloudFormation's functions; what no test here needs is called by its name."""
    if isinstance(value, list):
        return [resolved(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Sub"}:
        return re.sub(r"\$\{([^}]+)\}", lambda found: VALUES.get(found[1], found[1]), value["Sub"])
    if value.keys() == {"If"}:
        return resolved(value["If"][1])
    if value.keys() <= {"Ref", "GetAtt"}:
        name = next(iter(value.values()))
        return VALUES.get(name, name)
    return {key: resolved(item) for key, item in value.items()}


def policy_of(function: str) -> dict[str, Any]:
    """A function's own policy."""
    policies = template()["Resources"][function]["Properties"]["Policies"]
    statements = [
        statement
        for each in policies
        if "Statement" in each
        for statement in resolved(each["Statement"])
    ]
    return {"Version": "2012-10-17", "Statement": statements}


@contextmanager
def only_with_the_rights_of(function: str, world: World) -> Iterator[set[str]]:
    """Refuse each call to DynamoDB, AgentCore and IAM that a function's policy does not allow; gives the calls."""
    policy, known = policy_of(function), world.clients.of_agentcore("iam")

    def role_of(name: str) -> Role | None:
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

    clients = world.clients
    used = (clients.dynamodb, clients.agentcore_control, clients.iam)
    for client in used:
        client.meta.events.register("before-parameter-build", check)
    try:
        yield made
    finally:
        for client in used:
            client.meta.events.unregister("before-parameter-build", check)
