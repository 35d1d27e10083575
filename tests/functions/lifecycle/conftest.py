"""The accounts that tests of several wings run on; a wing's conftest.py picks its `world` from these."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from joserfc.jwk import RSAKey
from moto import mock_aws
from moto.core.config import DefaultConfig
from moto.utilities.utils import load_resource

from lifecycle.clients import Clients
from local.moto.cognito import tag_user_pools
from tests.functions.lifecycle import cognito_world as cognito
from tests.functions.lifecycle import runtime_world as runtime
from tests.functions.lifecycle.runtime_clients import LocalClients

TABLE = "environments"
PROVIDERS = {
    "PROVIDER_HOSTS": "cognito-idp.*.amazonaws.com,idp.example.com",
    "PROVIDER_NETWORKS": "public",
}
GATEWAYS = {
    "GATEWAY_BOUNDARY_ARN": f"arn:aws:iam::{runtime.ACCOUNT}:policy/gateway-boundary",
    "GATEWAY_FUNCTIONS": "arn:aws:lambda:*:*:function:orders-*",
    "GATEWAY_HOSTS": "api.example.com,*.tools.example.com",
}


@pytest.fixture
def table_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """Clients of a moto account that has the environments table alone; sets the variables of a function."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "STACK_NAME": "stack",
        "TABLE_NAME": TABLE,
        "EVENT_BUS_NAME": "default",
        **PROVIDERS,
        **GATEWAYS,
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


# --- Cognito in moto, for identity and smoke test ---


@pytest.fixture(scope="session")
def aws_session() -> Any:
    return boto3.session.Session(
        aws_access_key_id="testing", aws_secret_access_key="testing", region_name="us-east-1"
    )


@pytest.fixture(scope="session")
def one_key() -> Iterator[None]:
    """Let moto read its one signing key once: it reads it for each pool, a fifth of a second each time."""
    read = RSAKey.import_key
    key = read(load_resource("cognitoidp/resources/jwks-private.json"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RSAKey, "import_key", lambda _: key)
        yield


@pytest.fixture
def cognito_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment variables of a function; nothing of the caller's own AWS configuration."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STACK_NAME", cognito.STACK)
    monkeypatch.setenv("TABLE_NAME", cognito.TABLE)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name, value in PROVIDERS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def shared_cognito_world(aws_session: Any, one_key: None) -> cognito.World:
    """A world without an account: its boto3 clients, made once because making them is what takes time."""
    tag_user_pools()
    return cognito.World(aws_session)


@pytest.fixture
def cognito_world(
    shared_cognito_world: cognito.World, cognito_environment: None
) -> Iterator[cognito.World]:
    """An account with the table and the lock of environment `dev`."""
    with mock_aws(config=cognito.MOTO):
        shared_cognito_world.build()
        yield shared_cognito_world


# --- moto and the local AgentCore, for artifact, runtime and fleet ---


@pytest.fixture(scope="session")
def local_clients() -> LocalClients:
    """boto3 clients, made once because making them is what takes time."""
    return LocalClients()


@pytest.fixture
def make_runtime_world(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, local_clients: LocalClients
) -> Iterator[Callable[[], runtime.World]]:
    """A function that gives a new account each time; the one before it is gone then."""
    agent = tmp_path / "agent"
    agent.mkdir()
    (agent / "main.py").write_text("print('agent')\n", encoding="utf-8")
    (agent / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    (agent / "requirements.txt").write_text("", encoding="utf-8")
    for name, value in {
        "STACK_NAME": "stack",
        "TABLE_NAME": "environments",
        "ARTIFACTS_TABLE_NAME": "artifacts",
        "LOG_RETENTION_DAYS": "30",
        "AGENT_SOURCE_DIR": str(agent),
        "ARTIFACT_BUCKET": runtime.BUCKET,
        "REPOSITORY_NAME": "agents",
        "REPOSITORY_URI": f"{runtime.HOST}/agents",
        "BUILD_PROJECT": "build",
        "EXECUTION_ROLE_ARN": runtime.ROLE,
        "GATEWAY_ROLE_ARN": runtime.GATEWAY_ROLE,
        "AGENT_POLICY_ARN": runtime.AGENT_POLICY,
        "ROLE_BOUNDARY_ARN": runtime.ROLE_BOUNDARY,
        "MODEL_ID": "model-1",
        **PROVIDERS,
        **GATEWAYS,
    }.items():
        monkeypatch.setenv(name, value)
    # AgentCore is our own here: moto must not answer for it.
    passthrough: DefaultConfig = {
        "core": {"passthrough": {"urls": [r"https://bedrock-agentcore-control\..*"]}}
    }
    with mock_aws(config=passthrough):
        yield lambda: runtime.make_world(agent, local_clients)


@pytest.fixture
def runtime_world(make_runtime_world: Callable[[], runtime.World]) -> runtime.World:
    """An account with the stack in it."""
    return make_runtime_world()
