"""What somebody changed by hand is repaired and named, without a value that may be confidential."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.functions.lifecycle.gateway.front import OTHER_ROLE, Front
from tests.functions.lifecycle.runtime_world import GATEWAY_ROLE

OTHER = {
    "customJWTAuthorizer": {
        "discoveryUrl": "https://idp.example.com/.well-known/openid-configuration",
        "allowedClients": ["stranger"],
    }
}


def tag(front: Front) -> None:
    front.control.tag_resource(
        resourceArn=front.gateway()["gatewayArn"],
        tags={"agentcore-lifecycle:environment": "other"},
    )


DRIFT: list[tuple[Callable[[Front], Any], str]] = [
    (lambda front: front.update(roleArn=OTHER_ROLE), "the gateway's role was changed"),
    (
        lambda front: front.update(authorizerConfiguration=OTHER),
        "the gateway's authorizer was changed",
    ),
    (
        lambda front: front.update(authorizerType="AWS_IAM", authorizerConfiguration=None),
        "the gateway's authorizer was changed",
    ),
    (tag, "tags of the gateway were changed: agentcore-lifecycle:environment"),
    (Front.delete_target, "the gateway's target was deleted"),
    (
        lambda front: front.point_to("DEFAULT"),
        "the gateway's target was changed to the endpoint DEFAULT of ",
    ),
    (
        lambda front: front.update_target(
            credentialProviderConfigurations=[{"credentialProviderType": "GATEWAY_IAM_ROLE"}]
        ),
        "the gateway's target was changed",
    ),
    (lambda front: front.update_target(name="agent"), "the gateway's target was changed"),
    (Front.delete_all, "the gateway was deleted"),
]


@pytest.mark.parametrize(
    ("change", "operation"),
    [
        (lambda front: front.update(roleArn=OTHER_ROLE), "UpdateGateway"),
        (lambda front: front.point_to("DEFAULT"), "UpdateGatewayTarget"),
    ],
)
def test_an_update_of_what_agentcore_does_not_find_is_made_again(
    deployed: Front, change: Callable[[Front], Any], operation: str
) -> None:
    before = deployed.gateway()["roleArn"], deployed.target()["targetConfiguration"]
    change(deployed)
    with deployed.refused(operation, "not found", "ResourceNotFoundException"):
        assert not deployed.step().done
    deployed.deploy()
    assert (deployed.gateway()["roleArn"], deployed.target()["targetConfiguration"]) == before


@pytest.mark.parametrize(("change", "said"), DRIFT, ids=[said for _, said in DRIFT])
def test_drift_is_repaired_and_named(
    deployed: Front, change: Callable[[Front], Any], said: str
) -> None:
    configuration = deployed.target()["targetConfiguration"]
    authorizer = deployed.gateway()["authorizerConfiguration"]
    change(deployed)
    result = deployed.deploy()
    (repaired,) = result.repaired
    assert repaired.startswith(said)
    assert result.gateway.repaired == result.repaired
    assert result.gateway.change == (
        "created" if said.endswith("gateway was deleted") else "updated"
    )
    gateway, target = deployed.gateway(), deployed.target()
    assert (gateway["roleArn"], gateway["authorizerConfiguration"]) == (GATEWAY_ROLE, authorizer)
    assert (target["name"], target["targetConfiguration"]) == ("live", configuration)
    assert deployed.tags()["agentcore-lifecycle:environment"] == "dev"
    assert deployed.section().id == gateway["gatewayId"]
    deployed.world.begin("three", {"gateway": {"type": "runtime"}})
    again = deployed.deploy()
    assert (again.gateway.change, again.repaired) == ("unchanged", [])


def test_several_changes_are_all_named(deployed: Front) -> None:
    deployed.update(roleArn=OTHER_ROLE)
    deployed.delete_target()
    assert deployed.deploy().repaired == [
        "the gateway's role was changed",
        "the gateway's target was deleted",
    ]


def test_a_target_of_the_users_own_stays(deployed: Front) -> None:
    runtime = {"arn": deployed.world.only_runtime().arn, "qualifier": "DEFAULT"}
    deployed.control.create_gateway_target(
        gatewayIdentifier=deployed.id,
        name="mine",
        targetConfiguration={"http": {"agentcoreRuntime": runtime}},
        credentialProviderConfigurations=[{"credentialProviderType": "JWT_PASSTHROUGH"}],
    )
    deployed.world.pass_(10)
    result = deployed.deploy()
    assert (result.gateway.change, result.repaired) == ("unchanged", [])
    assert {item["name"] for item in deployed.targets()} == {"live", "mine"}
