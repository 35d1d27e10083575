"""The smoke test of a runtime that answers only its gateway: refused directly, answered through the gateway."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.doors.section import GatewayRecord
from lifecycle.errors import SmokeTestError
from lifecycle.record import Record
from lifecycle.smoke_test.invocation import Target
from lifecycle.smoke_test.through import ThroughGateway, way_to
from tests.functions.lifecycle.smoke_test.smoke_environment import Smoke, run

ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/one-abc"
DIRECT = Target("arn:runtime", "DEFAULT", "s" * 33)


def fronted(arn: str = ARN) -> Record:
    gateway = GatewayRecord(name="one", id="one-abc", arn=arn, url="https://one.example.com")
    return Record(environment="dev", gateway=gateway)


def test_a_runtime_that_still_answers_directly_fails(password: Smoke) -> None:
    identity = password.world.identity.model_copy(update={"only_gateway": ARN})
    password.deploy(identity)
    password.world.records.update(
        "dev",
        "arn:aws:states:us-east-1:123456789012:execution:lifecycle:one",
        gateway=fronted().gateway,
    )
    with pytest.raises(
        SmokeTestError, match="'A valid access token is refused without the gateway"
    ):
        run(password)
    assert password.runtime.invoked[-1].kind == "good"


def test_no_gateway_in_the_record_is_named_before_anybody_is_called(password: Smoke) -> None:
    password.deploy(password.world.identity.model_copy(update={"only_gateway": ARN}))
    with pytest.raises(SmokeTestError, match="seen none in the record; provision again"):
        run(password)
    assert password.runtime.invoked == []


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [("DEFAULT", "candidate"), ("candidate", "candidate"), ("live", "live")],
)
def test_the_way_leads_to_the_target_of_the_endpoint(
    password: Smoke, endpoint: str, address: str
) -> None:
    direct = Target("arn:runtime", endpoint, "s" * 33)
    opened: Any = password.world.identity
    assert way_to(direct, opened, fronted()) is direct
    closed = opened.model_copy(update={"only_gateway": ARN})
    way = way_to(direct, closed, fronted())
    assert isinstance(way, ThroughGateway)
    assert way.url("", "invocations") == f"https://one.example.com/{address}/invocations"


def test_another_gateway_is_no_way(password: Smoke) -> None:
    closed = password.world.identity.model_copy(update={"only_gateway": ARN})
    with pytest.raises(SmokeTestError, match="seen arn:other in the record"):
        way_to(DIRECT, closed, fronted("arn:other"))
