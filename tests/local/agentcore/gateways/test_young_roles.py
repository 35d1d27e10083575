"""With the reading `young-role=late`, a gateway's role is not seen as soon as it is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.agentcore.control import account
from local.agentcore.control.gateways.roles import GatewayRoles
from local.agentcore.model.errors import ServiceError
from local.readings import Readings

ACCOUNT = "123456789012"


@pytest.fixture
def iam() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("iam", region_name="us-west-2")


def test_a_young_role_is_there_a_moment_later(iam: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    arn = iam.create_role(RoleName="young", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    readings = Readings()
    roles = GatewayRoles(lambda _: iam, ACCOUNT, readings)
    roles.check(arn)
    readings.change({"young-role": "late"})
    with pytest.raises(ServiceError):
        roles.check(arn)
    monkeypatch.setattr(account, "YOUNG_SECONDS", -3600.0)
    roles.check(arn)
