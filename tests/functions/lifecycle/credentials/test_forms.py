"""What AgentCore makes of a provider: failures are told once, and its own form of what was written is no drift."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lifecycle.errors import CredentialsError
from tests.functions.lifecycle.credentials.outbound import Outbound

GET = "GetOauth2CredentialProvider"
METADATA = {"issuer": "https://idp.example.com", "tokenEndpoint": "https://idp.example.com/token"}
Told = dict[str, Any]


@contextmanager
def calls_of(outbound: Outbound, operation: str) -> Iterator[list[str]]:
    made: list[str] = []
    with outbound.told(operation, lambda _: made.append(operation)):
        yield made


def failed(status: str) -> Callable[[Told], object]:
    return lambda told: told.update(status=status, failureReason="no such\nhost")


def another_execution(outbound: Outbound, name: str, *credentials: Any) -> None:
    outbound.world.records.release("dev", outbound.world.execution)
    outbound.world.begin(name, {"credentials": list(credentials)})


def test_a_failure_of_this_execution_is_told_once_and_a_redrive_tries_again(
    outbound: Outbound,
) -> None:
    with (
        outbound.told("CreateOauth2CredentialProvider", failed("CREATE_FAILED")),
        pytest.raises(CredentialsError, match="is CREATE_FAILED: no such host; fix the cause"),
    ):
        outbound.deploy(outbound.oauth2())
    with (
        outbound.told(GET, failed("CREATE_FAILED")),
        calls_of(outbound, "UpdateOauth2CredentialProvider") as updates,
        outbound.told("UpdateOauth2CredentialProvider", lambda told: told.update(status="READY")),
    ):
        assert outbound.again().credentials is not None
    assert len(updates) == 1


def test_an_earlier_failure_is_no_failure_of_an_execution_that_made_another_provider(
    outbound: Outbound,
) -> None:
    outbound.deploy(outbound.oauth2())
    another_execution(outbound, "two", outbound.key(), outbound.oauth2())
    with (
        outbound.told(GET, failed("UPDATE_FAILED")),
        outbound.told("UpdateOauth2CredentialProvider", lambda told: told.update(status="READY")),
    ):
        result = outbound.again()
    assert result.credentials is not None
    assert result.credentials.change == "created"


def _metadata(told: Told) -> None:
    custom = told["oauth2ProviderConfigOutput"]["customOauth2ProviderConfig"]
    custom["oauthDiscovery"] = {"authorizationServerMetadata": METADATA}


def _other_metadata(told: Told) -> None:
    custom = told["oauth2ProviderConfigOutput"]["customOauth2ProviderConfig"]
    other = METADATA | {"tokenEndpoint": "https://evil.example.net/token"}
    custom["oauthDiscovery"] = {"authorizationServerMetadata": other}


def _no_key(told: Told) -> None:
    del told["clientSecretJsonKey"]


@pytest.mark.parametrize("form", [_metadata, _no_key])
def test_another_form_of_what_was_written_is_no_drift(
    outbound: Outbound, form: Callable[[Told], None]
) -> None:
    with (
        outbound.told(GET, form),
        calls_of(outbound, "UpdateOauth2CredentialProvider") as updates,
    ):
        outbound.deploy(outbound.oauth2())
        assert outbound.again(promoted=True).repaired == []
        another_execution(outbound, "two", outbound.oauth2())
        assert outbound.again().repaired == []
        assert updates == []


def test_a_form_that_changes_later_is_drift(outbound: Outbound) -> None:
    with outbound.told(GET, _metadata):
        outbound.deploy(outbound.oauth2())
        outbound.again(promoted=True)
    another_execution(outbound, "two", outbound.oauth2())
    with (
        outbound.told(GET, _other_metadata),
        calls_of(outbound, "UpdateOauth2CredentialProvider") as updates,
    ):
        (said,) = outbound.again().repaired
        assert said.endswith("has the discovery URL None")
    assert len(updates) == 1


def test_another_value_is_drift_even_right_after_it_was_written(outbound: Outbound) -> None:
    outbound.deploy(outbound.oauth2())

    def other(told: Told) -> None:
        told["clientSecretArn"] = {"secretArn": outbound.secrets["other-key"]}

    with (
        outbound.told(GET, other),
        calls_of(outbound, "UpdateOauth2CredentialProvider") as updates,
    ):
        outbound.again()
    assert len(updates) == 1
