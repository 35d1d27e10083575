"""AgentCore sees a new role late: what it refuses or fails with until then is tried again, and nothing else."""

from __future__ import annotations

from typing import Any

import botocore.awsrequest
import pytest
from botocore.exceptions import ClientError

from lifecycle.errors import GatewayError, ServiceUnavailableError
from lifecycle.gateway.deploy import deploy_gateway
from tests.functions.lifecycle.gateway.mcp.tools import OTHER_FUNCTION, Tools, mcp, target


def refuse_gateway(tools: Tools, message: str) -> Any:
    """Refuse `CreateGateway` until what this returns is called."""
    event = "before-call.bedrock-agentcore-control.CreateGateway"

    def refuse(**_: Any) -> tuple[Any, dict[str, Any]]:
        http = botocore.awsrequest.AWSResponse("", 400, {}, None)
        return http, {"Error": {"Code": "ValidationException", "Message": message}}

    tools.control.meta.events.register_first(event, refuse)
    return lambda: tools.control.meta.events.unregister(event, refuse)


def test_a_gateway_is_made_once_its_role_is_seen(tools: Tools) -> None:
    tools.world.provision("one", mcp())
    tools.world.begin("one", mcp())
    seen = refuse_gateway(tools, "The role 'r' does not exist.")
    with pytest.raises(ServiceUnavailableError, match=r"does not see the role .*-gateway yet"):
        tools.world.run(deploy_gateway)
    seen()
    assert tools.deploy().gateway.change == "created"


def test_another_refusal_does_not_heal(tools: Tools) -> None:
    tools.world.provision("one", mcp())
    tools.world.begin("one", mcp())
    seen = refuse_gateway(tools, "The name is wrong.")
    with pytest.raises(ClientError, match="The name is wrong"):
        tools.world.run(deploy_gateway)
    seen()


@pytest.mark.parametrize(("failures", "heals"), [(4, True), (5, False)])
def test_a_failed_target_is_made_anew_while_the_role_may_be_unseen(
    tools: Tools, failures: int, heals: bool
) -> None:
    tools.world.provision("one", mcp())
    tools.world.begin("one", mcp())
    for _ in range(failures):
        tools.world.fail("CreateGatewayTarget")
    if not heals:
        with pytest.raises(GatewayError, match="no capacity"):
            tools.world.loop(deploy_gateway, 60)
        return
    result = tools.world.loop(deploy_gateway, 60)
    assert (result.gateway.change, result.repaired) == ("created", [])
    assert tools.target()["status"] == "READY"
    assert len(tools.targets()) == 1


def test_a_failure_of_an_execution_that_left_the_role_as_it_was_is_one(deployed: Tools) -> None:
    deployed.world.begin("two", mcp(target(tools=("get", "put"))))
    deployed.world.fail("UpdateGatewayTarget")
    with pytest.raises(GatewayError, match="no capacity"):
        deployed.deploy()


def test_one_that_changed_its_rights_tries_again(deployed: Tools) -> None:
    deployed.world.begin("two", mcp(target(), target("more", OTHER_FUNCTION)))
    deployed.world.fail("CreateGatewayTarget")
    assert deployed.world.loop(deploy_gateway, 60).gateway.change == "updated"
    assert {each["name"] for each in deployed.targets()} == {"orders", "more"}
