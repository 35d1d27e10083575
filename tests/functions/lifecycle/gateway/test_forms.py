"""AgentCore may give back another form of what was written: it is no drift, and the test of the gateway passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.errors import SmokeTestError
from lifecycle.gateway.deploy import deploy_gateway
from lifecycle.gateway_test.looks import look
from tests.functions.lifecycle.gateway.front import ON, OTHER_ROLE, Front
from tests.functions.lifecycle.gateway.test_drift import OTHER


def without_clients(answer: dict[str, Any]) -> None:
    answer["authorizerConfiguration"]["customJWTAuthorizer"].pop("allowedClients", None)


def without_authorizer(answer: dict[str, Any]) -> None:
    answer.pop("authorizerConfiguration", None)


def without_credentials(answer: dict[str, Any]) -> None:
    answer.pop("credentialProviderConfigurations", None)


FORMS = [
    ("GetGateway", without_clients),
    ("GetGateway", without_authorizer),
    ("GetGatewayTarget", without_credentials),
]


def check(front: Front) -> None:
    record = front.world.record()
    assert record.gateway is not None
    assert record.identity is not None
    arn = front.world.only_runtime().arn
    look(front.control, record.gateway, record.identity, arn, [])


@pytest.mark.parametrize(("operation", "form"), FORMS)
def test_another_form_is_not_repaired_again(
    front: Front, operation: str, form: Callable[[dict[str, Any]], None]
) -> None:
    with front.told(operation, form):
        front.provision("one")
        front.world.begin("two", ON)
        front.world.killer.start()
        result = front.world.run(deploy_gateway)
        assert result.done
        assert (result.gateway.change, result.repaired, front.writes()) == ("unchanged", [], [])
        assert "UpdateItem" not in front.world.killer.calls
        check(front)
    assert front.deploy().gateway.change == "unchanged"


@pytest.mark.parametrize(("operation", "form"), FORMS)
def test_a_form_that_is_new_is_drift(
    deployed: Front, operation: str, form: Callable[[dict[str, Any]], None]
) -> None:
    with deployed.told(operation, form):
        with pytest.raises(SmokeTestError, match="provision again"):
            check(deployed)
        assert len(deployed.deploy().repaired) == 1
        deployed.world.begin("three", ON)
        assert deployed.deploy().gateway.change == "unchanged"
        check(deployed)


def test_a_change_by_hand_is_found_behind_another_form(front: Front) -> None:
    with front.told("GetGateway", without_clients):
        front.provision("one")
        front.update(authorizerConfiguration=OTHER, roleArn=OTHER_ROLE)
        with pytest.raises(SmokeTestError, match="somebody changed the gateway's authorizer"):
            check(front)
        front.world.begin("two", ON)
        assert front.deploy().repaired == [
            "the gateway's authorizer was changed",
            "the gateway's role was changed",
        ]


def test_what_contradicts_is_no_form(front: Front) -> None:
    def contradict(answer: dict[str, Any]) -> None:
        answer["authorizerConfiguration"]["customJWTAuthorizer"]["allowedClients"] = ["stranger"]

    with front.told("GetGateway", contradict):
        front.provision("one")
        with pytest.raises(SmokeTestError, match="with another allowedClients"):
            check(front)
        front.world.begin("two", ON)
        assert front.deploy().repaired == ["the gateway's authorizer was changed"]


def test_a_target_that_names_no_endpoint_leads_elsewhere(front: Front) -> None:
    def without_endpoint(answer: dict[str, Any]) -> None:
        answer["targetConfiguration"]["http"]["agentcoreRuntime"].pop("qualifier")

    with front.told("GetGatewayTarget", without_endpoint):
        front.provision("one")
        front.world.begin("two", ON)
        (repaired,) = front.deploy().repaired
        assert repaired.startswith("the gateway's target was changed to the endpoint DEFAULT of")
