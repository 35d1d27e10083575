"""With nothing but `states:StartExecution`, nobody takes another environment's secret: the listener hears nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lifecycle.clients import Clients
from lifecycle.errors import InvalidRequestError, SmokeTestError
from lifecycle.identity.provision import provision_identity
from lifecycle.request.preparation import PrepareEvent, prepare_request
from lifecycle.sections.identity import IdentityRecord
from tests.functions.lifecycle.provider.listener import Listener, listening
from tests.functions.lifecycle.smoke_test.smoke_environment import run


class RealHttp:
    """The fakes, except that plain HTTPS is real."""

    def __init__(self, fakes: Any) -> None:
        self._fakes = fakes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fakes, name)

    def http(self, *arguments: Any, **more: Any) -> httpx.Client:
        return Clients().http(*arguments, **more)


@pytest.fixture
def attacker() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
def machine(smoke: Any) -> Any:
    """An environment whose secret holds a client's id and secret, and its runtime."""
    auth = {"type": "cognito", "flow": "clientCredentials"}
    provision_identity(smoke.world.event(auth=auth), clients=smoke.world.clients)
    smoke.deploy()
    return smoke


@pytest.fixture
def victim(machine: Any) -> str:
    """The secret of the environment `dev`."""
    return str(machine.world.identity.secret_arn)


def test_the_request_is_refused_before_anything_is_recorded(
    machine: Any, attacker: Listener, victim: str
) -> None:
    event = PrepareEvent(
        execution="arn:aws:states:us-east-1:123456789012:execution:lifecycle:attack",
        input={
            "environment": "attack",
            "auth": {
                "type": "jwt",
                "discoveryUrl": attacker.discovery_url,
                "allowedClients": ["x"],
                "tokenSecretArn": victim,
            },
        },
    )
    with pytest.raises(InvalidRequestError, match=r"auth\.discoveryUrl: given 'http://127"):
        prepare_request(event, clients=RealHttp(machine.clients))  # type: ignore[arg-type]
    assert machine.world.records.get("attack") is None
    assert attacker.heard == []


def test_the_smoke_test_sends_nothing_whatever_the_record_says(
    machine: Any, attacker: Listener, victim: str
) -> None:
    machine.deploy(
        IdentityRecord(
            type="jwt",
            discovery_url=attacker.discovery_url,
            allowed_clients=["x"],
            token_secret_arn=victim,
        )
    )
    machine.clients = RealHttp(machine.clients)
    with pytest.raises(SmokeTestError):
        run(machine, smokeTest={"timeoutSeconds": 2})
    assert attacker.heard == []


def test_the_smoke_test_sends_nothing_even_where_the_provider_is_allowed(
    machine: Any, attacker: Listener, victim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVIDER_HOSTS", "127.0.0.1")
    monkeypatch.setenv("PROVIDER_NETWORKS", "any")
    machine.deploy(
        IdentityRecord(
            type="jwt",
            discovery_url=attacker.discovery_url,
            allowed_clients=["x"],
            token_secret_arn=victim,
        )
    )
    machine.clients = RealHttp(machine.clients)
    with pytest.raises(SmokeTestError, match="belongs to an environment"):
        run(machine, smokeTest={"timeoutSeconds": 2})
    assert attacker.heard == []
