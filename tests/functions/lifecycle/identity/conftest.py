"""An environment in moto: table, lock, stage events, and clients that can die after any call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import boto3
import pytest
from joserfc.jwk import RSAKey
from moto import mock_aws
from moto.utilities.utils import load_resource

from lifecycle.clients import Clients
from lifecycle.record import IdentityRecord, Record
from lifecycle.request.model import Request
from lifecycle.request.stage_event import StageEvent
from lifecycle.table import Records
from local.services import moto_seams

STACK = "stack"
TABLE = "environments"
ENVIRONMENT = "dev"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:one"
POOL = "stack-dev"
OURS = {"agentcore-lifecycle:stack": STACK, "agentcore-lifecycle:environment": ENVIRONMENT}


# AgentCore's data plane is not moto's: tests of the smoke test bring their own.
MOTO: Any = {
    "core": {
        "mock_credentials": True,
        "passthrough": {"urls": [r"https://bedrock-agentcore\."], "services": []},
        "reset_boto3_session": False,
        "service_whitelist": None,
    }
}


class Killed(BaseException):
    """The function's process is gone."""


class CountingClients(Clients):
    """Clients that note each call, and can die after one of them has taken effect."""

    def __init__(self, session: Any, die_after: int | None = None) -> None:
        super().__init__(session)
        self.calls: list[str] = []
        self.die_after = die_after

    def _client(self, service: str, *arguments: Any, **more: Any) -> Any:
        client = super()._client(service, *arguments, **more)
        client.meta.events.register("after-call", self._count)
        return client

    def _count(self, model: Any, **_: Any) -> None:
        self.calls.append(model.name)
        if len(self.calls) == self.die_after:
            raise Killed(model.name)


class World:
    """What exists in the account, and how to ask for changes of it."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.clients = Clients(session)
        self.cognito = self.clients.cognito
        self.secrets = self.clients.secrets
        self.records = Records(self.clients.dynamodb, TABLE)

    def build(self) -> None:
        """Make the table and take the lock."""
        self.clients.dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "environment", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "environment", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.records.acquire(ENVIRONMENT, EXECUTION, lambda _: False, {"state": "PROVISIONING"})

    def counting(self, die_after: int | None = None) -> CountingClients:
        return CountingClients(self.session, die_after)

    @property
    def record(self) -> Record:
        record = self.records.get(ENVIRONMENT)
        assert record is not None
        return record

    @property
    def identity(self) -> IdentityRecord:
        assert self.record.identity is not None
        return self.record.identity

    def event(self, **request: Any) -> StageEvent:
        return StageEvent(
            execution=EXECUTION,
            request=Request.model_validate({"environment": ENVIRONMENT, **request}),
        )

    def pools(self) -> list[dict[str, Any]]:
        found = self.cognito.list_user_pools(MaxResults=60)["UserPools"]
        return [
            self.cognito.describe_user_pool(UserPoolId=pool["Id"])["UserPool"] for pool in found
        ]

    def app_clients(self) -> list[str]:
        pool_id = self.identity.user_pool_id
        listed = self.cognito.list_user_pool_clients(UserPoolId=pool_id, MaxResults=60)
        return sorted(client["ClientName"] for client in listed["UserPoolClients"])

    def users(self) -> list[str]:
        listed = self.cognito.list_users(UserPoolId=self.identity.user_pool_id)["Users"]
        return [user["Username"] for user in listed]

    def secret_names(self) -> list[str]:
        return [secret["Name"] for secret in self.secrets.list_secrets()["SecretList"]]

    def secret_value(self, arn: str | None = None) -> dict[str, str]:
        """What a secret holds; the one of the flow in use unless another is named."""
        secret = self.secrets.get_secret_value(SecretId=arn or self.identity.secret_arn)
        value: dict[str, str] = json.loads(secret["SecretString"])
        return value

    def sign_in(self) -> dict[str, str]:
        """Sign in as a caller would, with what secret and record say."""
        secret = self.secret_value()
        tokens: dict[str, str] = self.cognito.admin_initiate_auth(
            UserPoolId=self.identity.user_pool_id,
            ClientId=self.identity.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": secret["username"], "PASSWORD": secret["password"]},
        )["AuthenticationResult"]
        return tokens


@pytest.fixture(scope="session")
def aws_session() -> Any:
    return boto3.session.Session(
        aws_access_key_id="testing", aws_secret_access_key="testing", region_name="us-east-1"
    )


@pytest.fixture(scope="session", autouse=True)
def one_key() -> Iterator[None]:
    """Let moto read its one signing key once: it does so for each pool, a fifth of a second each time."""
    read = RSAKey.import_key
    key = read(load_resource("cognitoidp/resources/jwks-private.json"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RSAKey, "import_key", lambda _: key)
        yield


@pytest.fixture(autouse=True)
def function_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STACK_NAME", STACK)
    monkeypatch.setenv("TABLE_NAME", TABLE)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture(scope="session")
def shared_world(aws_session: Any) -> World:
    moto_seams.tag_user_pools()
    # Making boto3 clients takes longer than all their calls to moto, so they are made once.
    return World(aws_session)


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    with mock_aws(config=MOTO):
        shared_world.build()
        yield shared_world


class KillEverywhere(Protocol):
    """Runs a scenario once for each AWS call of an action, killed right after that call."""

    def __call__(
        self,
        prepare: Callable[[World], None],
        act: Callable[[World, Clients], Any],
        check: Callable[[World], None],
    ) -> int: ...


@pytest.fixture
def kill_everywhere(shared_world: World) -> KillEverywhere:
    def run(
        prepare: Callable[[World], None],
        act: Callable[[World, Clients], Any],
        check: Callable[[World], None],
    ) -> int:
        world, clients = shared_world, shared_world.counting()
        dies_after = 0
        while True:
            with mock_aws(config=MOTO):
                world.build()
                prepare(world)
                dies_after += 1
                clients.calls.clear()
                clients.die_after = dies_after
                try:
                    act(world, clients)
                except Killed:
                    clients.die_after = None
                    act(world, clients)
                    check(world)
                else:
                    check(world)
                    return dies_after - 1

    return run
