"""A gateway's targets and the credentials that they sign in with: none loses its provider, and no agent gets theirs."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
