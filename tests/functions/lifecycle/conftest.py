"""moto's account with the environments table, for stages that need no more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from lifecycle.clients import Clients

TABLE = "environments"


@pytest.fixture
def table_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """Clients of an account that has the table; the environment variables of a function are set."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "STACK_NAME": "stack",
        "TABLE_NAME": TABLE,
        "EVENT_BUS_NAME": "default",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        clients = Clients()
        clients.dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "environment", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "environment", "KeyType": "HASH"}],
        )
        yield clients
