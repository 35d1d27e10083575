"""What was changed by hand is found, named in the output, and put right."""

from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.runtime.readiness import check_runtime

Breakage = Callable[[Any], None]
WHOLE = (
    "agentRuntimeArtifact",
    "roleArn",
    "networkConfiguration",
    "authorizerConfiguration",
    "environmentVariables",
    "lifecycleConfiguration",
    "protocolConfiguration",
    "requestHeaderConfiguration",
    "description",
    "metadataConfiguration",
)
HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Mark"
REQUEST = {"runtime": {"requestHeaders": [HEADER], "environmentVariables": {"A": "1"}}}


def by_hand(world: Any, **changes: Any) -> None:
    """Somebody updates the runtime in the console; None leaves a part out."""
    detail = world.detail()
    whole = {name: detail[name] for name in WHOLE if name in detail} | changes
    world.control.update_agent_runtime(
        agentRuntimeId=world.only_runtime().id,
        **{name: value for name, value in whole.items() if value is not None},
    )
    world.pass_(10)


def authorizer(world: Any, **changes: Any) -> None:
    jwt = world.detail()["authorizerConfiguration"]["customJWTAuthorizer"]
    by_hand(world, authorizerConfiguration={"customJWTAuthorizer": jwt | changes})


VPC = {
    "networkMode": "VPC",
    "networkModeConfig": {"subnets": ["subnet-12345678"], "securityGroups": ["sg-12345678"]},
}
CLAIM = {
    "inboundTokenClaimName": "group",
    "inboundTokenClaimValueType": "STRING",
    "authorizingClaimMatchValue": {
        "claimMatchValue": {"matchValueString": "x"},
        "claimMatchOperator": "EQUALS",
    },
}


def live_to(world: Any, version: str) -> None:
    by_hand(world, description="a second version")
    world.control.update_agent_runtime_endpoint(
        agentRuntimeId=world.only_runtime().id, endpointName="live", agentRuntimeVersion=version
    )
    world.pass_(10)


def live_deleted(world: Any) -> None:
    world.control.delete_agent_runtime_endpoint(
        agentRuntimeId=world.only_runtime().id, endpointName="live"
    )
    world.pass_(10)


def untagged(world: Any) -> None:
    world.control.untag_resource(
        resourceArn=world.only_runtime().arn, tagKeys=["agentcore-lifecycle:stack"]
    )


@pytest.mark.parametrize(
    ("breakage", "sentence"),
    [
        (lambda w: by_hand(w, authorizerConfiguration=None), "authorizer was removed"),
        (lambda w: authorizer(w, allowedClients=["other"]), "authorizer was changed"),
        (lambda w: authorizer(w, allowedAudience=["aud"]), "authorizer was changed"),
        (lambda w: authorizer(w, customClaims=[CLAIM]), "authorizer was changed"),
        (lambda w: by_hand(w, environmentVariables=None), "environment variables were changed"),
        (lambda w: by_hand(w, requestHeaderConfiguration=None), "header list was changed"),
        (lambda w: by_hand(w, networkConfiguration=VPC), "network was changed"),
        (
            lambda w: by_hand(w, lifecycleConfiguration={"idleRuntimeSessionTimeout": 60}),
            "session time-outs were changed",
        ),
        (
            lambda w: by_hand(w, roleArn="arn:aws:iam::123456789012:role/other"),
            "execution role was changed",
        ),
        (
            lambda w: by_hand(w, metadataConfiguration={"requireMMDSV2": False}),
            "did not require MMDSv2",
        ),
        (
            lambda w: by_hand(
                w,
                agentRuntimeArtifact={
                    "containerConfiguration": {"containerUri": "public.ecr.aws/a/b:c"}
                },
            ),
            "artifact was changed",
        ),
        (lambda w: by_hand(w, description="theirs"), "description was changed"),
        (
            lambda w: by_hand(w, protocolConfiguration={"serverProtocol": "MCP"}),
            "protocol was changed",
        ),
        (lambda w: live_to(w, "2"), "endpoint live was moved from version 1 to 2"),
        (live_deleted, "endpoint live was deleted"),
        (untagged, "tags of the runtime were changed: agentcore-lifecycle:stack"),
    ],
)
def test_drift_is_named_and_repaired(world: Any, breakage: Breakage, sentence: str) -> None:
    world.provision("one", REQUEST)
    before = {name: world.detail().get(name) for name in WHOLE}
    breakage(world)
    deployed = world.provision("two", REQUEST)
    assert any(sentence in found for found in deployed.repaired), deployed.repaired
    assert {name: world.detail().get(name) for name in WHOLE} == before
    runtime = world.record().runtime
    assert world.only_runtime().endpoints["live"].live == runtime.version == runtime.live_version
    assert world.only_runtime().tags == world.only_runtime().endpoints["live"].tags
    assert world.provision("three", REQUEST).repaired == []


def test_live_is_back_on_its_version_before_the_new_one_is_proved(world: Any) -> None:
    world.provision("one")
    live_to(world, "2")
    world.begin("two", {"runtime": {"description": "wanted"}})
    world.publish()
    world.deploy()
    world.loop(check_runtime)
    assert world.only_runtime().endpoints["live"].live == "1"
    assert world.record().runtime.version == "3"


def test_a_changed_request_is_no_drift(world: Any) -> None:
    world.provision("one", REQUEST)
    deployed = world.provision("two", {"runtime": {"description": "new"}})
    assert (deployed.change, deployed.repaired) == ("updated", [])


def test_a_change_by_hand_beside_a_changed_request_is_still_named(world: Any) -> None:
    world.provision("one", REQUEST)
    by_hand(world, authorizerConfiguration=None)
    deployed = world.provision("two", {"runtime": {"description": "new"}})
    assert deployed.repaired == ["the runtime's authorizer was removed"]


def test_a_runtime_deleted_by_hand_is_made_anew_and_said(world: Any) -> None:
    world.provision("one")
    gone = world.only_runtime().id
    live_deleted(world)
    world.control.delete_agent_runtime(agentRuntimeId=gone)
    world.pass_(10)
    deployed = world.provision("two")
    assert (deployed.change, deployed.repaired) == ("created", ["the runtime was deleted"])
    assert world.only_runtime().id != gone
    assert world.record().runtime.live_version == "1"
    assert world.provision("three").repaired == []


def test_a_default_that_does_not_follow_is_made_to(world: Any) -> None:
    world.provision("one")
    wanted = {"runtime": {"description": "new"}}
    world.provision("two", wanted)
    world.only_runtime().endpoints["DEFAULT"].live = "1"
    deployed = world.provision("three", wanted)
    assert deployed.change == "updated"
    assert deployed.repaired == ["the endpoint DEFAULT was READY on version 1 instead of 2"]
    endpoints = world.only_runtime().endpoints
    assert (endpoints["DEFAULT"].live, endpoints["live"].live) == ("3", "3")
