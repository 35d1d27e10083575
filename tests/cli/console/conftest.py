"""A console of a stack whose Step Functions tells one story, with a table in moto; and a browser that may see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws
from starlette.testclient import TestClient

from cli.console.application import application
from cli.console.security import Gate
from cli.target.deployed import Deployed
from lifecycle.record import Record
from tests.cli.commands import conftest as commands
from tests.cli.commands.conftest import FLEET, MACHINE, TABLE, Machines

GATE = Gate(4580)


@dataclass(frozen=True)
class Pretended(Deployed):
    """A deployed stack whose Step Functions tells one story; its other services are those of moto.

    Attributes:
        machines: Its Step Functions.
        denied: Raised by a client of this service, by the service's name.
    """

    machines: Any = None
    denied: dict[str, Exception] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str, config: Config | None = None) -> Any:
        if service in self.denied:
            raise self.denied[service]
        if service == "stepfunctions":
            return self.machines
        if service not in self._clients:
            self._clients[service] = super().client(service, config)
        return self._clients[service]

    def put(self, record: Record) -> None:
        """Write a record as the lifecycle does."""
        commands.put(record, self.client("dynamodb"))


@pytest.fixture(scope="module")
def account() -> Iterator[boto3.Session]:
    """Moto's account with an empty table; one for a file, as it takes time to make."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        commands.create_table()
        yield boto3.Session()


@pytest.fixture
def place(account: boto3.Session, story: Any, serve: Any) -> Pretended:
    """The stack that the console shows, without environments and executions."""
    table = account.resource("dynamodb").Table(TABLE)
    for item in table.scan()["Items"]:
        table.delete_item(Key={"environment": item["environment"]})
    return Pretended(
        name="mine",
        region="us-east-1",
        label="stack mine in us-east-1",
        options="--stack mine",
        aws="aws",
        outputs={
            "StateMachineArn": MACHINE,
            "FleetStateMachineArn": FLEET,
            "EnvironmentsTableName": TABLE,
            "FunctionLogGroupName": "functions",
        },
        parameters={},
        session=account,
        machines=Machines(story, serve),
        _clients={"dynamodb": account.client("dynamodb")},
    )


@pytest.fixture
def open_console() -> Callable[[Deployed], TestClient]:
    """Opens the console of a stack in a browser that was let in."""

    def opened(place: Deployed) -> TestClient:
        client = TestClient(
            application(place, GATE),
            base_url=f"http://{GATE.hosts[0]}",
            headers={"Origin": f"http://{GATE.hosts[0]}", "Accept-Language": "en"},
            raise_server_exceptions=False,
            follow_redirects=False,
        )
        client.cookies.set(GATE.cookie, GATE.token)
        return client

    return opened


@pytest.fixture
def browser(place: Pretended, open_console: Callable[[Deployed], TestClient]) -> TestClient:
    """A browser that was let in to the console of `place`."""
    return open_console(place)


call = commands.call
