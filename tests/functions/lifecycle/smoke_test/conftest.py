"""The smoke test wing runs on Cognito in moto, and on a runtime and an OAuth provider in this process."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from moto.utilities.utils import load_resource

from lifecycle.identity.provision import provision_identity
from lifecycle.sections.identity import IdentityRecord
from tests.functions.lifecycle.cognito_world import World
from tests.functions.lifecycle.smoke_test.fake_provider import FakeProvider
from tests.functions.lifecycle.smoke_test.fake_runtime import FakeRuntime
from tests.functions.lifecycle.smoke_test.smoke_environment import FakeClients, Smoke


@pytest.fixture(autouse=True)
def function_environment(cognito_environment: None) -> None:
    """Set the variables of a function for every test of this wing."""


@pytest.fixture
def world(cognito_world: World) -> World:
    """An account with the table and the lock of environment `dev`."""
    return cognito_world


@pytest.fixture(scope="session")
def provider_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def cognito_key() -> Any:
    (key,) = load_resource("cognitoidp/resources/jwks-public.json")["keys"]
    return jwt.PyJWK(key).key


@pytest.fixture(scope="session")
def fake_clients(aws_session: Any) -> FakeClients:
    return FakeClients(aws_session, FakeRuntime([]), FakeProvider(None, None))


@pytest.fixture
def smoke(
    world: Any, fake_clients: FakeClients, provider_key: rsa.RSAPrivateKey, cognito_key: Any
) -> Smoke:
    runtime = FakeRuntime([cognito_key, provider_key.public_key()])
    provider = FakeProvider(provider_key, world.cognito)
    fake_clients.turn_to(runtime, provider)
    return Smoke(world, runtime, provider, fake_clients)


@pytest.fixture
def password(smoke: Any) -> Any:
    """An environment whose user signs in with a password, and its runtime."""
    provision_identity(smoke.world.event(), clients=smoke.world.clients)
    smoke.deploy()
    return smoke


@pytest.fixture
def iam(smoke: Any) -> Any:
    """An environment that is called with SigV4."""
    smoke.deploy(IdentityRecord(type="iam"))
    return smoke
