"""A gateway's targets and the credentials that they sign in with: none loses its provider, and no agent gets theirs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lifecycle.errors import InvalidRequestError
from lifecycle.gateway.deploy import deploy_gateway
from lifecycle.request.model import parse_request
from tests.functions.lifecycle.credentials.outbound import Outbound
from tests.functions.lifecycle.gateway.mcp.tools import Tools

DOCUMENT = json.dumps(
    {
        "openapi": "3.0.0",
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://api.example.com"}],
        "paths": {
            "/orders": {"get": {"operationId": "get", "responses": {"200": {"description": "ok"}}}}
        },
    }
)


def asked(*credentials: dict[str, Any], uses: str = "weather") -> dict[str, Any]:
    """A request whose gateway has one target, with a credential."""
    target = {"name": "shop", "openApi": {"inline": DOCUMENT}, "credential": uses}
    gateway = {"type": "mcp", "targets": [target], "test": {"tool": "shop___get"}}
    return {"credentials": list(credentials), "gateway": gateway}


@pytest.fixture
def tools(outbound: Outbound) -> Tools:
    """The gateway of the same environment."""
    return Tools(outbound.world)


def promoted(outbound: Outbound, execution: str, request: dict[str, Any]) -> None:
    """An execution up to its promotion."""
    world = outbound.world
    world.begin(execution, request)
    outbound.again()
    world.provision(execution, request)
    world.begin(execution, request)


def used(tools: Tools) -> str:
    """The ARN of the provider that the target has."""
    (found,) = tools.target()["credentialProviderConfigurations"]
    return str(found["credentialProvider"]["apiKeyCredentialProvider"]["providerArn"])


def test_a_target_keeps_its_provider_until_it_has_another_one(
    outbound: Outbound, tools: Tools
) -> None:
    world = outbound.world
    first = asked(outbound.key())
    promoted(outbound, "one", first)
    world.loop(deploy_gateway)
    outbound.again(promoted=True)
    ready = {"proven_request": parse_request(first).to_json()}
    world.records.release("dev", world.execution, **ready)
    name = outbound.provider("weather")
    assert used(tools).endswith(name)
    promoted(outbound, "two", asked(outbound.key(owned="other-key")))
    world.records.release("dev", world.execution)  # the gateway failed
    world.begin("three", asked(outbound.key(owned="other-key")))
    outbound.again()
    assert used(tools).endswith(name)
    assert outbound.providers() == sorted([name, outbound.provider("weather")])
    world.loop(deploy_gateway)
    outbound.again(promoted=True)
    assert outbound.providers() == [outbound.provider("weather")]
    assert used(tools).endswith(outbound.provider("weather"))


def test_the_agent_gets_neither_variable_nor_right_of_what_a_target_names(
    outbound: Outbound, tools: Tools
) -> None:
    promoted(outbound, "one", asked(outbound.key(), outbound.oauth2()))
    outbound.again(promoted=True)
    rights = json.dumps(outbound.policy())
    assert outbound.provider("orders") in rights
    assert outbound.secrets["client"] in rights
    assert outbound.provider("weather") not in rights
    assert outbound.secrets["key"] not in rights
    variables = outbound.world.detail()["environmentVariables"]
    assert variables["CREDENTIAL_PROVIDER_ORDERS"] == outbound.provider("orders")
    assert "CREDENTIAL_PROVIDER_WEATHER" not in variables
    outbound.world.loop(deploy_gateway)
    assert used(tools).endswith(outbound.provider("weather"))


def test_an_agent_without_credentials_of_its_own_has_no_role_of_its_own(
    outbound: Outbound, tools: Tools
) -> None:
    promoted(outbound, "one", asked(outbound.key()))
    result = outbound.again(promoted=True)
    assert result.credentials is not None
    assert result.credentials.role_arn is None
    assert outbound.roles() == []
    assert outbound.world.detail()["roleArn"] == "arn:aws:iam::123456789012:role/agent"
    assert len(outbound.providers()) == 1


def test_what_live_may_use_is_taken_from_its_agent_with_the_promotion(
    outbound: Outbound, tools: Tools
) -> None:
    outbound.provision("one", outbound.key())
    (role,) = outbound.roles()
    promoted(outbound, "two", asked(outbound.key()))
    assert outbound.roles() == [role]
    assert outbound.provider("weather") in json.dumps(outbound.policy())
    assert outbound.again(promoted=True).credentials is not None
    assert outbound.roles() == []
    assert outbound.again(promoted=True).repaired == []


def test_a_rollback_gives_the_agent_nothing_of_the_gateway_that_it_keeps(
    outbound: Outbound, tools: Tools
) -> None:
    world = outbound.world
    request = asked(outbound.key(), outbound.oauth2())
    for execution, change in (("one", {}), ("two", {"runtime": {"description": "other"}})):
        promoted(outbound, execution, request | change)
        world.loop(deploy_gateway)
        outbound.again(promoted=True)
        world.records.release("dev", world.execution)
    world.begin_rollback("back")
    outbound.again()
    outbound.again(promoted=True)
    rights = json.dumps(outbound.policy())
    assert outbound.provider("orders") in rights
    assert outbound.provider("weather") not in rights


def test_no_rollback_to_a_version_whose_agent_used_what_is_the_gateways_now(
    outbound: Outbound, tools: Tools
) -> None:
    world = outbound.world
    outbound.provision("one", outbound.key())
    promoted(outbound, "two", asked(outbound.key()))
    world.loop(deploy_gateway)
    outbound.again(promoted=True)
    world.records.release("dev", world.execution)
    with pytest.raises(InvalidRequestError, match=r"given '1', .* signs in with \(weather\)"):
        world.begin_rollback("back")
