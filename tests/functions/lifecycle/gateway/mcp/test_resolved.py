"""How a target is written for AgentCore, and what it needs of the gateway's role."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.errors import AwsCallError
from lifecycle.gateway.mcp.outbound import Outbound
from lifecycle.gateway.mcp.resolved import Place, Resolved, resolve
from lifecycle.gateway.mcp.role import rights_of
from lifecycle.request.gateway.targets import McpTarget
from local.edge.iam.conditions import like

BASE = "arn:aws:bedrock-agentcore:us-west-2:123456789012:"
RUNTIME = f"{BASE}runtime/stack_dev-abcdefghij"
KEY = Outbound("apiKey", f"{BASE}token-vault/default/apikeycredentialprovider/k", "arn:key")
TOKEN = Outbound(
    "oauth2", f"{BASE}token-vault/default/oauth2credentialprovider/o", "arn:client", ("read",)
)


def resolved(*, own: str = RUNTIME, iam: bool = False, **target: Any) -> Resolved:
    place = Place(own, "us-west-2", iam, {"key": KEY, "token": TOKEN}, lambda: None)
    return resolve(McpTarget.model_validate({"name": "tools", **target}), place)


SERVER: dict[str, Any] = {"mcpServer": {"endpoint": "https://api.example.com/mcp"}}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {"credentialParameterName": "X-API-Key"}),
        ({"header": "X-Token"}, {"credentialParameterName": "X-Token"}),
        (
            {"header": "Authorization", "scheme": "Bearer"},
            {"credentialParameterName": "Authorization", "credentialPrefix": "Bearer "},
        ),
    ],
)
def test_it_is_said_where_a_key_goes(given: dict[str, Any], sent: dict[str, str]) -> None:
    """Where AgentCore would put it by itself is not documented."""
    (written,) = resolved(**SERVER, credential="key", **given).wanted[
        "credentialProviderConfigurations"
    ]
    provider = {"providerArn": KEY.arn, "credentialLocation": "HEADER", **sent}
    assert written == {
        "credentialProviderType": "API_KEY",
        "credentialProvider": {"apiKeyCredentialProvider": provider},
    }


@pytest.mark.parametrize(("scopes", "sent"), [([], ["read"]), (["write"], ["write"])])
def test_a_token_has_the_scopes_of_the_target_or_of_the_credential(
    scopes: list[str], sent: list[str]
) -> None:
    (written,) = resolved(**SERVER, credential="token", scopes=scopes).wanted[
        "credentialProviderConfigurations"
    ]
    assert written["credentialProvider"]["oauthCredentialProvider"] == {
        "providerArn": TOKEN.arn,
        "scopes": sent,
        "grantType": "CLIENT_CREDENTIALS",
    }


def test_an_open_server_gets_no_credentials() -> None:
    assert resolved(**SERVER).wanted == {
        "name": "tools",
        "targetConfiguration": {"mcp": SERVER},
    }


@pytest.mark.parametrize(("partition", "suffix"), [("aws", "com"), ("aws-cn", "com.cn")])
def test_the_own_runtime_is_called_at_its_address_in_aws(partition: str, suffix: str) -> None:
    """AgentCore takes only https addresses (botocore's model), and calls them from its own side."""
    arn = RUNTIME.replace("arn:aws:", f"arn:{partition}:")
    found = resolved(own=arn, iam=True, runtime=True)
    host = f"https://bedrock-agentcore.us-west-2.amazonaws.{suffix}"
    server = found.wanted["targetConfiguration"]["mcp"]["mcpServer"]
    quoted = arn.replace(":", "%3A").replace("/", "%2F")
    assert server == {
        "endpoint": f"{host}/runtimes/{quoted}/invocations?qualifier=live",
        # A new version's tools are there as soon as it is live.
        "listingMode": "DYNAMIC",
    }
    assert found.runtimes == (arn,)


def test_a_credential_that_the_environment_has_not_is_named() -> None:
    with pytest.raises(AwsCallError, match="no credential 'other', which the gateway's target"):
        resolved(**SERVER, credential="other")


def test_the_role_may_use_exactly_what_its_targets_need() -> None:
    targets = [resolved(**SERVER, credential="key"), resolved(**SERVER, credential="key")]
    statements = rights_of(targets, "stack-dev", BASE)["Statement"]
    allowed = [(one["Action"], one["Resource"]) for one in statements]
    directory = f"{BASE}workload-identity-directory/default"
    identities = [directory, f"{directory}/workload-identity/stack-dev-??????????"]
    assert allowed == [
        (["bedrock-agentcore:GetWorkloadAccessToken"], identities),
        (
            ["bedrock-agentcore:GetResourceApiKey"],
            [*identities, f"{BASE}token-vault/default", KEY.arn],
        ),
        (["secretsmanager:GetSecretValue"], ["arn:key"]),
    ]


def test_the_role_has_no_token_of_the_identity_of_a_longer_environment() -> None:
    statements = rights_of([resolved(**SERVER, credential="key")], "demo-dev", BASE)["Statement"]
    pattern = statements[0]["Resource"][1]
    own, other = (
        f"{BASE}workload-identity-directory/default/workload-identity/{name}"
        for name in ("demo-dev-0123456789", "demo-dev-x-1a2b3c4d-0123456789")
    )
    assert like(pattern, own)
    assert not like(pattern, other)


def test_a_policy_names_a_provider_in_one_way_however_agentcore_does() -> None:
    arn = KEY.arn.replace(":bedrock-agentcore:", ":acps:")
    found = Resolved({}, outbound=Outbound("apiKey", arn))
    statements = rights_of([found], "stack-dev", BASE)["Statement"]
    assert statements[1]["Resource"][-1] == KEY.arn


def test_a_role_of_targets_that_need_nothing_may_do_nothing() -> None:
    (statement,) = rights_of([resolved(**SERVER)], "stack-dev", BASE)["Statement"]
    assert statement["Effect"] == "Deny"
