"""What cannot be changed in place is replaced, and a gateway whose tags are not visible yet is nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lifecycle.errors import GatewayError, ServiceUnavailableError
from lifecycle.gateway.deploy import deploy_gateway
from lifecycle.gateway.teardown import delete_gateway
from tests.functions.lifecycle.gateway.front import ON, OTHER_ROLE, Front
from tests.functions.lifecycle.killer import Killed

IAM = {**ON, "auth": {"type": "iam"}}
UNCHANGEABLE = "Authorizer type cannot be changed for an existing gateway"


def test_a_refused_update_keeps_the_gateway(deployed: Front) -> None:
    before = deployed.id
    deployed.world.begin("three", IAM)
    with (
        deployed.refused("UpdateGateway", "The role cannot be assumed"),
        pytest.raises(ClientError, match="The role cannot be assumed"),
    ):
        deployed.deploy()
    assert deployed.id == before
    assert len(deployed.targets()) == 1


def test_a_type_that_cannot_be_changed_makes_another_gateway(deployed: Front) -> None:
    before = deployed.id
    deployed.world.begin("three", IAM)
    with deployed.refused("UpdateGateway", UNCHANGEABLE):
        result = deployed.deploy()
    assert (result.gateway.change, result.repaired) == ("created", [])
    assert deployed.id != before
    assert deployed.gateway()["authorizerType"] == "AWS_IAM"


def test_the_same_type_is_no_reason_for_another_gateway(deployed: Front) -> None:
    before = deployed.id
    deployed.update(roleArn=OTHER_ROLE)
    with (
        deployed.refused("UpdateGateway", UNCHANGEABLE),
        pytest.raises(ClientError, match="Authorizer type"),
    ):
        deployed.deploy()
    assert deployed.id == before


def test_a_target_of_another_kind_is_replaced(deployed: Front) -> None:
    before = deployed.target()["targetId"]

    def other_kind(answer: dict[str, Any]) -> None:
        if answer["targetId"] == before:
            passthrough = {"endpoint": "https://elsewhere.example.com", "protocolType": "CUSTOM"}
            answer["targetConfiguration"] = {"http": {"passthrough": passthrough}}
            answer["metadataConfiguration"] = {"allowedRequestHeaders": ["X-Theirs"]}

    deployed.world.killer.start()
    with deployed.told("GetGatewayTarget", other_kind):
        result = deployed.deploy()
    assert result.repaired == ["the gateway's target was changed to what is no runtime"]
    assert deployed.writes() == ["DeleteGatewayTarget", "CreateGatewayTarget"]
    assert deployed.target()["targetId"] != before
    assert "metadataConfiguration" not in deployed.target()
    assert deployed.section().target_id == deployed.target()["targetId"]


def test_a_target_whose_update_is_refused_is_replaced(deployed: Front) -> None:
    before = deployed.target()["targetId"]
    deployed.point_to("DEFAULT")
    with deployed.refused("UpdateGatewayTarget", "A target of this kind takes no name"):
        result = deployed.deploy()
    (repaired,) = result.repaired
    assert repaired.startswith("the gateway's target was changed to the endpoint DEFAULT")
    assert deployed.target()["targetId"] != before
    deployed.world.begin("three", ON)
    assert deployed.deploy().gateway.change == "unchanged"


def intended(front: Front) -> None:
    """End an execution right after it created the gateway: the answer is lost."""
    front.world.provision("one", ON)
    front.world.begin("one", ON)
    front.world.killer.start(after=len(["GetItem", "ListGateways", "UpdateItem", "CreateGateway"]))
    with pytest.raises(Killed, match="CreateGateway"):
        front.world.run(deploy_gateway)
    front.world.killer.start()
    assert front.section().id is None


def no_tags(answer: dict[str, Any]) -> None:
    answer["tags"] = {}


@pytest.mark.parametrize("request_", [ON, {}, {"action": "teardown"}])
def test_tags_that_are_not_visible_yet_are_waited_for(
    front: Front, request_: dict[str, Any]
) -> None:
    intended(front)
    front.world.begin("two", request_)
    stage = delete_gateway if request_.get("action") else deploy_gateway
    with (
        front.told("ListTagsForResource", no_tags),
        pytest.raises(ServiceUnavailableError, match=r"gateway/stack-dev-\w+ .* no tags yet"),
    ):
        front.world.run(stage)
    front.world.pass_(10)
    front.world.loop(stage)
    assert len(front.gateways()) == (request_ == ON)


def test_tags_of_somebody_else_are_not_waited_for(front: Front) -> None:
    intended(front)

    def theirs(answer: dict[str, Any]) -> None:
        answer["tags"] = {"agentcore-lifecycle:stack": "other"}

    with (
        front.told("ListTagsForResource", theirs),
        pytest.raises(GatewayError, match="its tags do not say that stack stack created it"),
    ):
        front.world.run(deploy_gateway)


def test_an_old_gateway_without_tags_is_somebody_elses(front: Front) -> None:
    front.control.create_gateway(name="stack-dev", roleArn=OTHER_ROLE, authorizerType="AWS_IAM")
    front.world.pass_(10)
    front.world.provision("one", ON)
    front.world.begin("one", ON)
    with front.told("ListGateways", lambda answer: answer.update(items=[])):
        for _ in range(2):
            with pytest.raises(ServiceUnavailableError, match="is in use"):
                front.world.run(deploy_gateway)

    def made_long_ago(answer: dict[str, Any]) -> None:
        answer["createdAt"] = answer["createdAt"].replace(year=2020)

    with (
        front.told("GetGateway", made_long_ago),
        pytest.raises(GatewayError, match="delete it, or use another environment name"),
    ):
        front.world.run(deploy_gateway)
