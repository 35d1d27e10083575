"""The test of a gateway runs on the same accounts and fakes as the smoke test, with a gateway in front."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.identity.provision import provision_identity
from lifecycle.sections.identity import IdentityRecord
from tests.functions.lifecycle.gateway_test.fake_gateway import FakeGateway
from tests.functions.lifecycle.gateway_test.gateway_environment import Fronted, GatewayClients
from tests.functions.lifecycle.smoke_test.conftest import cognito_key as cognito_key
from tests.functions.lifecycle.smoke_test.conftest import (
    function_environment as function_environment,
)
from tests.functions.lifecycle.smoke_test.conftest import provider_key as provider_key
from tests.functions.lifecycle.smoke_test.conftest import smoke as smoke
from tests.functions.lifecycle.smoke_test.conftest import world as world
from tests.functions.lifecycle.smoke_test.fake_provider import FakeProvider
from tests.functions.lifecycle.smoke_test.fake_runtime import FakeRuntime


@pytest.fixture(scope="session")
def fake_clients(aws_session: Any) -> GatewayClients:
    return GatewayClients(aws_session, FakeRuntime([]), FakeProvider(None, None))


@pytest.fixture
def fronted(smoke: Any) -> Fronted:
    gateway = FakeGateway(smoke.runtime, FakeRuntime(smoke.runtime.keys))
    smoke.clients.gateway = gateway
    return Fronted(smoke, gateway)


@pytest.fixture
def password(fronted: Fronted) -> Fronted:
    """A gateway whose callers sign in with a password."""
    provision_identity(fronted.smoke.world.event(), clients=fronted.smoke.world.clients)
    fronted.deploy()
    return fronted


@pytest.fixture
def iam(fronted: Fronted) -> Fronted:
    """A gateway that is called with SigV4."""
    fronted.deploy(IdentityRecord(type="iam"))
    return fronted
