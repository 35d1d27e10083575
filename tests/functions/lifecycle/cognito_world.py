"""An account in moto for the stages of identity and smoke test: table, lock, stage events, Cognito and secrets."""

from __future__ import annotations

import json
from typing import Any

from lifecycle.clients import Clients
from lifecycle.record import Record
from lifecycle.request.model import Request
from lifecycle.request.stage_event import StageEvent
from lifecycle.sections.identity import IdentityRecord
from lifecycle.table import Records
from tests.functions.lifecycle.killer import Killer

STACK = "stack"
TABLE = "environments"
ENVIRONMENT = "dev"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:one"


# AgentCore's data plane is not moto's: tests of the smoke test bring their own.
MOTO: Any = {
    "core": {
        "mock_credentials": True,
        "passthrough": {"urls": [r"https://bedrock-agentcore\."], "services": []},
        "reset_boto3_session": False,
        "service_whitelist": None,
    }
}


class CountingClients(Clients):
    """Clients that note each call; their `killer` can end the process after one of them took effect."""

    def __init__(self, session: Any) -> None:
        super().__init__(session)
        self.killer = Killer()

    @property
    def calls(self) -> list[str]:
        """The operations called so far, in order."""
        return self.killer.calls

    def _client(self, service: str, *arguments: Any, **more: Any) -> Any:
        client = super()._client(service, *arguments, **more)
        client.meta.events.register("after-call", self._count)
        return client

    def _count(self, model: Any, **_: Any) -> None:
        self.killer.count(model.name)


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

    def counting(self) -> CountingClients:
        return CountingClients(self.session)

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
