"""The gateway is made after the promotion, found again, updated as a whole, and recorded before each step."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.errors import (
    AwsCallError,
    EnvironmentNotFoundError,
    GatewayError,
    ServiceUnavailableError,
    WaitTimeoutError,
)
from lifecycle.gateway.deploy import deploy_gateway
from lifecycle.sections.identity import IdentityRecord
from tests.functions.lifecycle.gateway.front import ON, OTHER_ROLE, Front
from tests.functions.lifecycle.killer import Killed
from tests.functions.lifecycle.runtime_world import GATEWAY_ROLE

IAM = {**ON, "auth": {"type": "iam"}}


def test_a_gateway_is_made_in_front_of_live(front: Front) -> None:
    result = front.provision("one")
    gateway, target = front.gateway(), front.target()
    assert result.gateway.model_dump() == {
        "id": gateway["gatewayId"],
        "url": gateway["gatewayUrl"],
        "endpoint": f"{gateway['gatewayUrl']}/live/invocations",
        "only": False,
        "change": "created",
        "repaired": [],
    }
    assert (gateway["name"], gateway["roleArn"]) == ("stack-dev", GATEWAY_ROLE)
    assert gateway["authorizerType"] == "CUSTOM_JWT"
    assert gateway["authorizerConfiguration"] == front.world.detail()["authorizerConfiguration"]
    assert "protocolType" not in gateway
    runtime = {"arn": front.world.only_runtime().arn, "qualifier": "live"}
    assert target["targetConfiguration"] == {"http": {"agentcoreRuntime": runtime}}
    assert target["credentialProviderConfigurations"] == [
        {"credentialProviderType": "JWT_PASSTHROUGH"}
    ]
    assert front.tags() == {
        "agentcore-lifecycle:stack": "stack",
        "agentcore-lifecycle:environment": "dev",
    }
    section = front.section()
    assert (section.id, section.url) == (gateway["gatewayId"], gateway["gatewayUrl"])
    assert (section.target_id, section.proven) == (target["targetId"], False)


def test_a_gateway_for_iam_passes_the_callers_rights_on(front: Front) -> None:
    front.world.records.acquire("dev", "execution:one", lambda _: False, {})
    identity = IdentityRecord(type="iam")
    front.world.records.update("dev", "execution:one", identity=identity)
    front.world.records.release("dev", "execution:one")
    front.provision("one", IAM)
    assert front.gateway()["authorizerType"] == "AWS_IAM"
    assert "authorizerConfiguration" not in front.gateway()
    assert front.target()["credentialProviderConfigurations"] == [
        {"credentialProviderType": "CALLER_IAM_CREDENTIALS"}
    ]


def test_a_second_provision_changes_nothing(deployed: Front) -> None:
    recorded = deployed.section()
    deployed.world.killer.start()
    result = deployed.world.run(deploy_gateway)
    assert result.done
    assert (result.gateway.change, result.repaired) == ("unchanged", [])
    assert deployed.writes() == []
    assert "UpdateItem" not in deployed.world.killer.calls
    assert deployed.section() == recorded


def test_the_record_says_proven_until_something_changes(deployed: Front) -> None:
    proven = deployed.section().model_copy(update={"proven": True})
    deployed.world.records.update("dev", deployed.world.execution, gateway=proven)
    assert deployed.deploy().gateway.change == "unchanged"
    assert deployed.section().proven
    deployed.update(roleArn=OTHER_ROLE)
    deployed.deploy()
    assert not deployed.section().proven


def test_a_new_request_is_an_update_and_no_drift(deployed: Front) -> None:
    identity = deployed.world.record().identity
    assert identity is not None
    changed = identity.model_copy(update={"client_id": "client2"})
    runtime = deployed.world.record().runtime
    assert runtime is not None
    runtime = runtime.model_copy(update={"live_identity": changed})
    deployed.world.records.update(
        "dev", deployed.world.execution, identity=changed, runtime=runtime
    )
    result = deployed.deploy()
    assert (result.gateway.change, result.repaired) == ("updated", [])
    jwt = deployed.gateway()["authorizerConfiguration"]["customJWTAuthorizer"]
    assert jwt["allowedClients"] == ["client2"]


def test_tags_of_the_request_come_and_go(deployed: Front) -> None:
    deployed.world.begin("two", ON | {"tags": {"team": "a"}})
    result = deployed.deploy()
    assert (result.gateway.change, result.repaired) == ("updated", [])
    assert deployed.tags()["team"] == "a"
    deployed.world.begin("three", ON)
    assert deployed.deploy().gateway.change == "updated"
    assert "team" not in deployed.tags()


def test_an_update_keeps_what_nobody_here_manages(deployed: Front) -> None:
    deployed.update(description="Ours", exceptionLevel="DEBUG", roleArn=OTHER_ROLE)
    deployed.update_target(description="The agent", name="agent")
    deployed.deploy()
    gateway, target = deployed.gateway(), deployed.target()
    assert (gateway["description"], gateway["exceptionLevel"]) == ("Ours", "DEBUG")
    assert (target["description"], target["name"]) == ("The agent", "live")


def test_another_type_of_sign_in_is_an_update(deployed: Front) -> None:
    deployed.world.begin("three", IAM)
    result = deployed.deploy()
    gateway = deployed.gateway()
    assert (result.gateway.change, result.repaired) == ("updated", [])
    assert (gateway["authorizerType"], gateway.get("authorizerConfiguration")) == ("AWS_IAM", None)
    deployed.world.begin("four", ON)
    assert deployed.deploy().gateway.change == "updated"
    assert deployed.gateway()["authorizerType"] == "CUSTOM_JWT"


def test_a_refused_update_of_the_same_type_is_an_error(deployed: Front) -> None:
    deployed.update(roleArn=OTHER_ROLE)
    deployed.world.clients.refuse_next("UpdateGateway", "ValidationException", 400)
    with pytest.raises(Exception, match="refused on purpose"):
        deployed.deploy()


@pytest.mark.parametrize(
    ("operation", "says"),
    [("CreateGateway", "FAILED"), ("CreateGatewayTarget", "FAILED")],
)
def test_what_fails_is_named_with_its_reasons_and_made_anew(
    front: Front, operation: str, says: str
) -> None:
    front.world.fail(operation)
    with pytest.raises(GatewayError, match=f"is {says}: no capacity; fix the cause") as caught:
        front.provision("one")
    assert "\n" not in str(caught.value)
    # A redrive, and the next execution, do not take it for drift.
    result = front.deploy()
    assert (result.gateway.change, result.repaired) == ("created", [])
    assert len(front.gateways()) == len(front.targets()) == 1


@pytest.mark.parametrize("operation", ["UpdateGateway", "UpdateGatewayTarget"])
def test_an_update_that_fails_is_named_and_repeated(deployed: Front, operation: str) -> None:
    deployed.update(roleArn=OTHER_ROLE)
    deployed.point_to("DEFAULT")
    deployed.world.fail(operation)
    with pytest.raises(GatewayError, match="is UPDATE_UNSUCCESSFUL: no capacity; fix the cause"):
        deployed.deploy()
    deployed.world.begin("three", ON)
    assert deployed.deploy().gateway.change == "updated"
    assert deployed.gateway()["roleArn"] == GATEWAY_ROLE
    assert deployed.target()["status"] == "READY"


def test_what_failed_in_an_earlier_execution_is_replaced(deployed: Front) -> None:
    deployed.delete_target()
    deployed.world.fail("CreateGatewayTarget")
    deployed.control.create_gateway_target(
        gatewayIdentifier=deployed.id,
        name="live",
        targetConfiguration={
            "http": {"agentcoreRuntime": {"arn": deployed.world.only_runtime().arn}}
        },
        credentialProviderConfigurations=[{"credentialProviderType": "JWT_PASSTHROUGH"}],
    )
    deployed.world.pass_(10)
    assert deployed.deploy().gateway.change == "updated"
    assert deployed.target()["status"] == "READY"


def test_somebody_elses_gateway_is_left_alone(front: Front) -> None:
    front.control.create_gateway(name="stack-dev", roleArn=OTHER_ROLE, authorizerType="AWS_IAM")
    front.world.pass_(10)
    with pytest.raises(GatewayError, match="its tags do not say that stack stack created it"):
        front.provision("one")
    assert front.gateway()["roleArn"] == OTHER_ROLE


def test_a_name_that_is_in_use_but_not_listed_is_tried_again(front: Front) -> None:
    front.world.conflict("CreateGateway")
    with pytest.raises(ServiceUnavailableError, match="the gateway name stack-dev is in use"):
        front.provision("one")
    assert front.deploy().gateway.change == "created"


@pytest.mark.parametrize("operation", ["CreateGatewayTarget", "UpdateGateway"])
def test_a_busy_gateway_is_waited_for(deployed: Front, operation: str) -> None:
    deployed.update(roleArn=OTHER_ROLE)
    deployed.delete_target()
    deployed.world.conflict(operation)
    assert deployed.deploy().gateway.change == "updated"
    assert deployed.target()["status"] == "READY"


def test_the_deadline_is_kept(front: Front) -> None:
    front.world.provision("one", ON)
    front.world.begin("one", ON)
    front.world.run(deploy_gateway)
    with pytest.raises(WaitTimeoutError, match=r"gateway stack-dev-\w+ was still CREATING after 6"):
        front.world.run(deploy_gateway, deadline=1)


def test_a_gateway_needs_a_runtime(front: Front) -> None:
    front.world.begin("one", ON)
    with pytest.raises(EnvironmentNotFoundError, match="has no runtime"):
        front.world.run(deploy_gateway)


def test_a_gateway_is_never_made_without_its_authorizer(front: Front) -> None:
    front.world.provision("one", ON)
    front.world.begin("one", ON)
    runtime = front.world.record().runtime
    assert runtime is not None
    none = runtime.model_copy(update={"live_identity": None})
    front.world.records.update("dev", front.world.execution, runtime=none, identity=None)
    with pytest.raises(AwsCallError, match="the identity is not provisioned"):
        front.world.run(deploy_gateway)
    assert front.gateways() == []


def test_a_rollback_keeps_the_gateway(deployed: Front) -> None:
    deployed.world.records.release("dev", deployed.world.execution)
    deployed.world.provision("three", ON | {"runtime": {"description": "newer"}})
    deployed.world.begin_rollback("four", "1")
    assert deployed.world.request.gateway is None
    assert deployed.deploy().gateway.change == "unchanged"


@pytest.mark.parametrize("kind", ["create", "update"])
def test_a_stage_that_is_killed_anywhere_ends_in_the_same_place(front: Front, kind: str) -> None:
    """After each call that writes, the process ends; what runs again makes one of everything."""
    front.world.provision("one", ON)
    for number in range(1, 40):
        front.world.begin(f"kill-{number}", ON)
        if kind == "update":
            front.deploy()
            front.update(roleArn=OTHER_ROLE)
            front.delete_target()
            front.world.begin(f"killed-{number}", ON)
        elif front.gateways():
            front.delete_all()
        front.world.killer.start(after=number)
        try:
            result = front.deploy()
        except Killed:
            result = front.deploy()
        else:
            break
        finally:
            front.world.killer.start()
        assert result.done
        assert len(front.gateways()) == len(front.targets()) == 1
        assert front.gateway()["roleArn"] == GATEWAY_ROLE
        assert front.section().id == front.id
        assert front.section().target_id == front.targets()[0]["targetId"]
    else:
        raise AssertionError("no run without a kill")


def test_the_record_has_the_gateway_before_it_is_created(front: Front) -> None:
    front.world.provision("one", ON)
    front.world.begin("one", ON)
    seen: list[Any] = []

    def look(model: Any, **_: Any) -> None:
        if model.name in ("CreateGateway", "CreateGatewayTarget"):
            seen.append((model.name, front.section().name, front.section().id is not None))

    events = front.control.meta.events
    events.register("before-call", look)
    try:
        front.deploy()
    finally:
        events.unregister("before-call", look)
    assert seen == [
        ("CreateGateway", "stack-dev", False),
        ("CreateGatewayTarget", "stack-dev", True),
    ]
