"""A provision of the identity for each way to sign in."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.identity.provision import ProvisionedIdentity, provision_identity

OURS = {"agentcore-lifecycle:stack": "stack", "agentcore-lifecycle:environment": "dev"}
PASSWORD: dict[str, Any] = {}
MACHINE: dict[str, Any] = {"auth": {"type": "cognito", "flow": "clientCredentials"}}
JWT: dict[str, Any] = {
    "auth": {
        "type": "jwt",
        "discoveryUrl": "https://idp.example.com/.well-known/openid-configuration",
        "allowedAudience": ["agents"],
        "tokenSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:theirs-abcdef",
    }
}
IAM: dict[str, Any] = {"auth": {"type": "iam"}}
FLOWS = [pytest.param(PASSWORD, id="password"), pytest.param(MACHINE, id="clientCredentials")]


def provision(world: Any, request: dict[str, Any]) -> ProvisionedIdentity:
    return provision_identity(world.event(**request), clients=world.clients)


def describe_client(world: Any, client_id: str | None) -> dict[str, Any]:
    client: dict[str, Any] = world.cognito.describe_user_pool_client(
        UserPoolId=world.identity.user_pool_id, ClientId=client_id
    )["UserPoolClient"]
    return client
