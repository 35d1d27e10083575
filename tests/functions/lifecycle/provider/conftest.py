"""The boundary around secrets and providers is tested on the smoke test's world: moto, a runtime, a provider."""

from tests.functions.lifecycle.smoke_test.conftest import (
    cognito_key,
    fake_clients,
    function_environment,
    password,
    provider_key,
    smoke,
    world,
)

__all__ = [
    "cognito_key",
    "fake_clients",
    "function_environment",
    "password",
    "provider_key",
    "smoke",
    "world",
]
