"""An MCP gateway is made with a role of its own, found again, repaired by name, and replaced by the other type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.errors import GatewayError, InvalidRequestError
from lifecycle.gateway.deploy import deploy_gateway
from lifecycle.request.closed.sign_in import refuse_closing
from lifecycle.request.model import parse_request
from lifecycle.runtime.promotion import promote_version
from lifecycle.runtime.rollback.restore import restore_version
from lifecycle.sections.identity import IdentityRecord
from tests.functions.lifecycle.gateway.front import ON, OTHER_ROLE
from tests.functions.lifecycle.gateway.mcp.tools import (
    FUNCTION,
    OTHER_FUNCTION,
    ROLE,
    Tools,
    mcp,
    target,
    tool,
)
from tests.functions.lifecycle.killer import Killed
from tests.functions.lifecycle.runtime_world import ACCOUNT


def invokes(*arns: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": list(arns)}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_role_gateway_and_targets_are_made(tools: Tools) -> None:
    result = tools.provision("one")
    gateway, role = tools.gateway(), tools.role()
    assert role is not None
    assert result.gateway.model_dump() == {
        "id": gateway["gatewayId"],
        "url": gateway["gatewayUrl"],
        "endpoint": gateway["gatewayUrl"],
        "only": False,
        "change": "created",
        "repaired": [],
    }
    assert gateway["gatewayUrl"].endswith("/mcp")
    assert (gateway["protocolType"], gateway["roleArn"]) == ("MCP", role["Arn"])
    assert gateway["authorizerConfiguration"] == tools.world.detail()["authorizerConfiguration"]
    assert tools.target()["targetConfiguration"] == {
        "mcp": {"lambda": {"lambdaArn": FUNCTION, "toolSchema": {"inlinePayload": [tool("get")]}}}
    }
    assert tools.target()["credentialProviderConfigurations"] == [
        {"credentialProviderType": "GATEWAY_IAM_ROLE"}
    ]
    section = tools.section()
    assert section.mcp.targets == {"orders": tools.target()["targetId"]}
    assert (section.mcp.role, section.mcp.tools, section.proven) == (ROLE, {"orders": 1}, False)


def test_the_role_is_this_gateways_and_may_call_its_functions_only(tools: Tools) -> None:
    tools.provision("one", mcp(target(), target("more", OTHER_FUNCTION)))
    role = tools.role()
    assert role is not None
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {
            # Not of `stack-dev-x-1a2b3c4d-…`, which is another environment's.
            "aws:SourceArn": f"arn:aws:bedrock-agentcore:us-west-2:{ACCOUNT}:gateway/stack-dev-??????????"
        },
    }
    assert tools.rights() == invokes(FUNCTION, OTHER_FUNCTION)
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith("/gateway-boundary")
    assert {tag["Key"]: tag["Value"] for tag in role["Tags"]} == {
        "agentcore-lifecycle:stack": "stack",
        "agentcore-lifecycle:environment": "dev",
    }


def test_a_gateway_for_iam(tools: Tools) -> None:
    tools.world.records.acquire("dev", "execution:one", lambda _: False, {})
    tools.world.records.update("dev", "execution:one", identity=IdentityRecord(type="iam"))
    tools.world.records.release("dev", "execution:one")
    tools.provision("one", mcp() | {"auth": {"type": "iam"}})
    assert tools.gateway()["authorizerType"] == "AWS_IAM"


def test_a_second_provision_changes_nothing(deployed: Tools) -> None:
    recorded = deployed.section()
    deployed.world.killer.start()
    result = deployed.world.run(deploy_gateway)
    assert result.done
    assert (result.gateway.change, result.repaired) == ("unchanged", [])
    assert deployed.writes() == []
    assert "UpdateItem" not in deployed.world.killer.calls
    assert deployed.section() == recorded


def test_targets_and_rights_follow_the_request(deployed: Tools) -> None:
    result = deployed.again("two", mcp(target("more", OTHER_FUNCTION, ("get", "put"))))
    assert (result.gateway.change, result.repaired) == ("updated", [])
    (only,) = deployed.targets()
    assert only["name"] == "more"
    assert deployed.rights() == invokes(OTHER_FUNCTION)
    section = deployed.section()
    assert section.mcp.targets.keys() == section.mcp.tools.keys() == {"more"}
    changed = deployed.again("three", mcp(target("more", OTHER_FUNCTION, ("get",))))
    assert (changed.gateway.change, changed.repaired) == ("updated", [])


def trust_nobody(tools: Tools) -> None:
    tools.iam.update_assume_role_policy(
        RoleName=ROLE,
        PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
        '"Principal": {"Service": "ec2.amazonaws.com"}}]}',
    )


def allow_everything(tools: Tools) -> None:
    tools.iam.put_role_policy(
        RoleName=ROLE,
        PolicyName="environment",
        PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
    )


DRIFT: list[tuple[Callable[[Tools], Any], str]] = [
    (lambda tools: tools.delete_named("orders"), "the gateway's target orders was deleted"),
    (Tools.change_schema, "the configuration of the gateway's target orders was changed"),
    (
        lambda tools: tools.update(authorizerType="AWS_IAM", authorizerConfiguration=None),
        "the gateway's authorizer was changed",
    ),
    (lambda tools: tools.update(roleArn=OTHER_ROLE), "the gateway's role was changed"),
    (trust_nobody, f"the trust policy of role {ROLE} was changed"),
    (allow_everything, f"the policy of role {ROLE} was changed"),
    (Tools.delete_all, "the gateway was deleted"),
]


@pytest.mark.parametrize(("change", "said"), DRIFT, ids=[said for _, said in DRIFT])
def test_drift_is_repaired_and_named(
    deployed: Tools, change: Callable[[Tools], Any], said: str
) -> None:
    whole = deployed.target()["targetConfiguration"], deployed.rights(), deployed.role()
    proven = deployed.section().model_copy(update={"proven": True})
    deployed.world.records.update("dev", deployed.world.execution, gateway=proven)
    change(deployed)
    result = deployed.deploy()
    assert result.repaired == [said]
    assert result.gateway.change == (
        "created" if said.endswith("gateway was deleted") else "updated"
    )
    assert not deployed.section().proven
    assert deployed.gateway()["authorizerType"] == "CUSTOM_JWT"
    assert (
        deployed.target()["targetConfiguration"],
        deployed.rights(),
        deployed.role(),
    ) == whole
    again = deployed.again("three")
    assert (again.gateway.change, again.repaired) == ("unchanged", [])


def test_an_update_of_a_target_that_agentcore_does_not_find_is_made_again(deployed: Tools) -> None:
    before = deployed.target()["targetConfiguration"]
    deployed.change_schema()
    with deployed.refused("UpdateGatewayTarget", "not found", "ResourceNotFoundException"):
        assert not deployed.step().done
    deployed.deploy()
    assert deployed.target()["targetConfiguration"] == before


def test_somebody_elses_role_is_left_alone(tools: Tools) -> None:
    tools.iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument="{}")
    with pytest.raises(GatewayError, match="its tags do not say that stack stack created it"):
        tools.provision("one")
    assert tools.gateways() == []


def test_what_the_stack_does_not_allow_any_more_is_refused_by_a_rollback(
    deployed: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.world.records.release("dev", deployed.world.execution)
    deployed.world.provision("three", mcp() | {"runtime": {"description": "newer"}})
    deployed.world.begin_rollback("four", "1")
    assert deployed.deploy().gateway.change == "unchanged"
    monkeypatch.setenv("GATEWAY_FUNCTIONS", "")
    with pytest.raises(InvalidRequestError, match="GatewayFunctions"):
        deployed.deploy()


def test_the_rebuild_after_a_rollback_keeps_the_gateway(deployed: Tools) -> None:
    world = deployed.world
    world.records.release("dev", world.execution)
    world.provision("three", mcp() | {"runtime": {"description": "newer"}})
    world.begin_rollback("four", "1")
    world.loop(restore_version)
    world.prove()
    world.loop(promote_version)
    record: Any = world.record()
    assert record.request["gateway"] == record.proven_request["gateway"] == record.gateway.mcp.asked
    kept = parse_request({"gateway": record.request["gateway"]}).gateway
    assert kept is not None
    assert kept.type == "mcp"


def test_the_other_type_takes_its_place_and_the_role_goes(deployed: Tools) -> None:
    result = deployed.again("three", ON)
    assert result.gateway.endpoint.endswith("/live/invocations")
    assert "protocolType" not in deployed.gateway()
    assert deployed.role() is None
    assert deployed.section().mcp is None
    back = deployed.again("four")
    assert back.gateway.endpoint.endswith("/mcp")
    assert deployed.role() is not None
    assert deployed.target()["name"] == "orders"


def test_a_runtime_is_not_closed_while_its_tools_have_callers(deployed: Tools) -> None:
    only = parse_request({"gateway": {"type": "runtime", "only": True}})
    with pytest.raises(
        InvalidRequestError,
        match=r"gateway\.only: given true, allowed: false while the environment has an MCP gateway",
    ):
        refuse_closing(only, deployed.world.record())
    refuse_closing(parse_request(ON), deployed.world.record())
    deployed.again("three", ON)
    refuse_closing(only, deployed.world.record())


def test_switched_off_the_role_goes_too(deployed: Tools) -> None:
    assert deployed.again("three", {"tags": {}}).gateway is None
    assert deployed.gateways() == []
    assert deployed.role() is None
    assert deployed.section() is None


@pytest.mark.parametrize("recorded", [True, False])
def test_a_teardown_removes_targets_gateway_and_role(deployed: Tools, recorded: bool) -> None:
    gateway_id = deployed.id
    if not recorded:
        deployed.world.records.update("dev", deployed.world.execution, gateway=None)
    result = deployed.delete()
    assert result.removed == [
        f"target orders of gateway {gateway_id}",
        f"gateway {gateway_id}",
        f"role {ROLE}",
    ]
    assert deployed.gateways() == []
    assert deployed.role() is None


def test_a_role_that_was_made_before_everything_else_goes_with_a_teardown(tools: Tools) -> None:
    tools.world.provision("one", mcp())
    for number in range(1, 20):
        tools.world.begin("one", mcp())
        tools.world.killer.start(after=number)
        with pytest.raises(Killed):
            tools.deploy()
        tools.world.killer.start()
        if tools.role() is not None:
            break
    assert tools.gateways() == []
    tools.delete()
    assert tools.role() is None


@pytest.mark.parametrize("kind", ["create", "update"])
def test_a_stage_that_is_killed_anywhere_ends_in_the_same_place(tools: Tools, kind: str) -> None:
    """After each call that writes, the process ends; what runs again makes one of everything."""
    two = mcp(target(), target("more", OTHER_FUNCTION))
    tools.world.provision("one", two)
    for number in range(1, 60):
        tools.world.begin(f"kill-{number}", two)
        if kind == "update":
            tools.deploy()
            tools.delete_named("orders")
            allow_everything(tools)
            tools.world.begin(f"killed-{number}", two)
        elif tools.gateways():
            tools.delete()
        tools.world.killer.start(after=number)
        try:
            result = tools.deploy()
        except Killed:
            result = tools.deploy()
        else:
            break
        finally:
            tools.world.killer.start()
        assert result.done
        assert len(tools.gateways()) == 1
        assert {each["name"] for each in tools.targets()} == {"orders", "more"}
        assert tools.section().mcp.targets == {
            each["name"]: each["targetId"] for each in tools.targets()
        }
        assert tools.rights() == invokes(FUNCTION, OTHER_FUNCTION)
    else:
        raise AssertionError("no run without a kill")
