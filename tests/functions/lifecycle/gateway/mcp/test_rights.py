"""The functions of an MCP gateway do all that they do with the rights that the template gives them."""

from __future__ import annotations

from lifecycle.plan.drafts import DraftRecords
from lifecycle.plan.gateway import gateway_answers, plan_gateway
from lifecycle.plan.outbound.credentials import credentials_answers
from lifecycle.plan.provision import PlanSettings
from lifecycle.plan.reading import ReadingClients, only_reading
from tests.functions.lifecycle.gateway.front import ON
from tests.functions.lifecycle.gateway.mcp.tools import OTHER_FUNCTION, ROLE, Tools, mcp, target
from tests.functions.lifecycle.rights import only_with_the_rights_of


def test_deploying_repairing_and_deleting_need_no_other_rights(tools: Tools) -> None:
    world = tools.world
    world.provision("one", mcp())
    world.begin("one", mcp())
    with only_with_the_rights_of("DeployGatewayFunction", world) as made:
        tools.deploy()
        assert {"GetRole", "CreateRole", "CreateGateway", "CreateGatewayTarget"} <= made
    tools.iam.delete_role_permissions_boundary(RoleName=ROLE)
    tools.iam.put_role_policy(RoleName=ROLE, PolicyName="more", PolicyDocument=tools.document)
    tools.iam.attach_role_policy(RoleName=ROLE, PolicyArn=tools.boundary)
    world.begin("two", mcp(target("more", OTHER_FUNCTION)) | {"tags": {"team": "a"}})
    with only_with_the_rights_of("DeployGatewayFunction", world) as made:
        assert len(tools.deploy().repaired) == 3
        assert {"PutRolePermissionsBoundary", "DeleteRolePolicy", "DetachRolePolicy"} <= made
    # Also a role whose boundary somebody took away goes.
    tools.iam.delete_role_permissions_boundary(RoleName=ROLE)
    with only_with_the_rights_of("DeleteGatewayFunction", world) as made:
        tools.delete()
        assert {"GetRole", "DeleteRole", "DeleteGateway"} <= made
    with only_with_the_rights_of("DeleteGatewayFunction", world):
        tools.delete()
    assert tools.role() is None


def test_the_other_type_and_none_at_all_need_no_other_rights(tools: Tools) -> None:
    tools.provision("one")
    for name, request in (("two", ON), ("three", mcp()), ("four", {"tags": {}})):
        tools.world.begin(name, request)
        with only_with_the_rights_of("DeployGatewayFunction", tools.world):
            tools.deploy()
        assert (tools.role() is None) == (name != "three")


def planned(tools: Tools, function: str) -> tuple[str, list[str]]:
    """What a plan says, with the rights of its function."""
    world = tools.world
    world.begin("plan", mcp())
    answers = credentials_answers()
    answers["agentcore_control"] |= gateway_answers()
    reading = ReadingClients(world.clients, answers)
    with only_with_the_rights_of(function, world), only_reading():
        records = DraftRecords(reading.dynamodb, "environments", "dev")
        found = plan_gateway(world.event(), reading, records, PlanSettings.load())
    world.records.release("dev", world.execution)
    assert found is not None
    return found.change, found.repaired


def test_a_plan_says_what_a_provision_would_do_and_only_reads(tools: Tools) -> None:
    tools.world.provision("one", mcp())
    functions = ("PlanProvisionFunction", "PlanRollbackFunction")
    for function in functions:
        assert planned(tools, function) == ("create", [])
        assert (tools.gateways(), tools.role()) == ([], None)
    tools.again("one")
    tools.world.records.release("dev", tools.world.execution)
    for function in functions:
        assert planned(tools, function) == ("unchanged", [])
    tools.iam.put_role_policy(
        RoleName=ROLE, PolicyName="environment", PolicyDocument=tools.document
    )
    tools.delete_named("orders")
    said = ["the gateway's target orders was deleted"]
    assert planned(tools, functions[0]) == ("update", said)
    assert tools.targets() == []
