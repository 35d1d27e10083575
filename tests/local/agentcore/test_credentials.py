"""Credential providers, where their secrets are, and what agents get of them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from botocore.exceptions import ClientError
from werkzeug import Request, Response

from tests.local.agentcore.test_access import IdentityProvider, authorizer, idp, key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.agentcore.conftest import World

__all__ = ["idp", "key"]
VAULT = "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default"
OWN = "bedrock-agentcore-identity!default"
USER_ID = "X-Amzn-Bedrock-AgentCore-Runtime-User-Id"


@dataclass
class AuthorizationServer:
    """Gives tokens to the client `app one` with the secret `s:3/cret`."""

    url: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[dict[str, str], str]] = field(default_factory=list)
    refuse: tuple[int, dict[str, Any]] | None = None

    def app(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        status, answer = 200, {"token_endpoint": f"{self.url}/token", **self.document}
        if request.path == "/token":
            self.asked.append((request.form.to_dict(), request.headers.get("Authorization", "")))
            status, answer = self.refuse or (200, {"access_token": "t0ken", "token_type": "Bearer"})
        body = json.dumps(answer)
        return Response(body, status, mimetype="application/json")(environ, start_response)

    def provider(self, **more: Any) -> dict[str, Any]:
        custom = {
            "oauthDiscovery": {"discoveryUrl": f"{self.url}/.well-known/openid-configuration"},
            "clientId": "app one",
            "clientSecret": "s:3/cret",
            **more,
        }
        return {
            "name": "crm",
            "credentialProviderVendor": "CustomOauth2",
            "oauth2ProviderConfigInput": {"customOauth2ProviderConfig": custom},
        }


@pytest.fixture
def server(serve: Callable[[Any], str]) -> AuthorizationServer:
    made = AuthorizationServer()
    made.url = serve(made.app)
    return made


@pytest.fixture(autouse=True)
def no_secrets(world: World) -> None:
    """Moto's secrets outlive a world."""
    client = world.aws("secretsmanager")
    for secret in client.list_secrets()["SecretList"]:
        client.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)


@pytest.fixture
def token(world: World) -> str:
    world.control.create_workload_identity(name="agent")
    issued = world.data.get_workload_access_token(workloadName="agent")
    return str(issued["workloadAccessToken"])


def refused(call: Callable[..., Any], **members: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**members)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def secrets_of(world: World) -> dict[str, Any]:
    client = world.aws("secretsmanager")
    return {
        one["Name"]: json.loads(client.get_secret_value(SecretId=one["ARN"])["SecretString"])
        for one in client.list_secrets()["SecretList"]
    }


def test_an_api_key_from_create_to_gone(world: World, token: str) -> None:
    control = world.control
    assert refused(control.get_token_vault)[0] == "ResourceNotFoundException"
    made = control.create_api_key_credential_provider(
        name="maps", apiKey="s3cret", tags={"team": "a"}
    )
    arn = f"{VAULT}/apikeycredentialprovider/maps"
    assert made["credentialProviderArn"] == arn
    assert made["apiKeySecretSource"] == "MANAGED"
    assert f":secret:{OWN}/apikey/maps-" in made["apiKeySecretArn"]["secretArn"]
    assert secrets_of(world) == {f"{OWN}/apikey/maps": {"api_key_value": "s3cret"}}
    assert control.get_token_vault()["tokenVaultId"] == "default"
    assert refused(control.get_token_vault, tokenVaultId="x")[0] == "ResourceNotFoundException"
    assert control.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "a"}
    assert refused(control.create_api_key_credential_provider, name="maps", apiKey="x") == (
        "ValidationException",
        "Credential provider with name: maps already exists",
    )
    world.clock.pass_(5)
    changed = control.update_api_key_credential_provider(name="maps", apiKey="n3w")
    assert changed["lastUpdatedTime"] > changed["createdTime"]
    found = control.get_api_key_credential_provider(name="maps")
    (listed,) = control.list_api_key_credential_providers()["credentialProviders"]
    assert listed["credentialProviderArn"] == arn
    assert "n3w" not in str((changed, found, listed))
    use = {"workloadIdentityToken": token, "resourceCredentialProviderName": "maps"}
    assert world.data.get_resource_api_key(**use)["apiKey"] == "n3w"
    deleted = control.delete_api_key_credential_provider(name="maps")
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert secrets_of(world) == {}
    for call in (
        control.get_api_key_credential_provider,
        control.delete_api_key_credential_provider,
    ):
        assert refused(call, name="maps")[0] == "ResourceNotFoundException"
    assert refused(world.data.get_resource_api_key, **use)[0] == "ResourceNotFoundException"


def test_a_secret_of_the_callers_own(world: World, token: str) -> None:
    control, aws = world.control, world.aws("secretsmanager")
    own = aws.create_secret(Name="own", SecretString=json.dumps({"key": "mine"}))
    config = {"secretId": "own", "jsonKey": "key"}
    members = {"apiKeySecretSource": "EXTERNAL", "apiKeySecretConfig": config}
    made = control.create_api_key_credential_provider(name="maps", **members)
    assert made["apiKeySecretArn"]["secretArn"] == own["ARN"]
    assert (made["apiKeySecretSource"], made["apiKeySecretJsonKey"]) == ("EXTERNAL", "key")
    use = {"workloadIdentityToken": token, "resourceCredentialProviderName": "maps"}
    assert world.data.get_resource_api_key(**use)["apiKey"] == "mine"
    aws.put_secret_value(SecretId="own", SecretString="no JSON: mine")
    code, text = refused(world.data.get_resource_api_key, **use)
    assert code == "ValidationException"
    assert "mine" not in text
    control.delete_api_key_credential_provider(name="maps")
    assert [one["Name"] for one in aws.list_secrets()["SecretList"]] == ["own"]


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"apiKey": ""},
        {"apiKeySecretSource": "EXTERNAL"},
        {"apiKey": "k", "apiKeySecretConfig": {"secretId": "own", "jsonKey": "key"}},
        {
            "apiKeySecretSource": "EXTERNAL",
            "apiKeySecretConfig": {"secretId": "no such", "jsonKey": "key"},
        },
    ],
)
def test_a_secret_that_is_neither(world: World, members: dict[str, Any]) -> None:
    code, _ = refused(world.control.create_api_key_credential_provider, name="maps", **members)
    assert code == "ValidationException"
    assert world.control.list_api_key_credential_providers()["credentialProviders"] == []


def test_an_oauth2_provider_from_create_to_gone(world: World, server: AuthorizationServer) -> None:
    control, request = world.control, server.provider()
    made = control.create_oauth2_credential_provider(**request)
    arn = f"{VAULT}/oauth2credentialprovider/crm"
    assert (made["credentialProviderArn"], made["status"]) == (arn, "READY")
    assert secrets_of(world) == {f"{OWN}/oauth2/crm": {"client_secret": "s:3/cret"}}
    shown = made["oauth2ProviderConfigOutput"]["customOauth2ProviderConfig"]
    assert shown["clientId"] == "app one"
    changed = control.update_oauth2_credential_provider(**server.provider(clientId="two"))
    output = changed["oauth2ProviderConfigOutput"]["customOauth2ProviderConfig"]
    assert output["clientId"] == "two"
    found = control.get_oauth2_credential_provider(name="crm")
    (listed,) = control.list_oauth2_credential_providers()["credentialProviders"]
    assert listed["credentialProviderVendor"] == "CustomOauth2"
    assert "s:3/cret" not in str((made, changed, found, listed))
    world.readings.change({"provider-arn": "acps"})
    acps = control.get_oauth2_credential_provider(name="crm")["credentialProviderArn"]
    assert acps == arn.replace("bedrock-agentcore", "acps")
    # The model takes it in calls about providers, and not in those about tags.
    assert control.list_tags_for_resource(resourceArn=arn)["tags"] == {}
    code, _ = refused(control.list_tags_for_resource, resourceArn=acps)
    assert code == "ValidationException"
    control.delete_oauth2_credential_provider(name="crm")
    assert secrets_of(world) == {}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"credentialProviderVendor": "GoogleOauth2"}, "vendor GoogleOauth2"),
        ({"clientAuthenticationMethod": "PRIVATE_KEY_JWT"}, "method PRIVATE_KEY_JWT"),
        (
            {"onBehalfOfTokenExchangeConfig": {"grantType": "TOKEN_EXCHANGE"}},
            "customOauth2ProviderConfig.onBehalfOfTokenExchangeConfig",
        ),
    ],
)
def test_what_is_not_built_is_refused(
    world: World, server: AuthorizationServer, changed: dict[str, Any], named: str
) -> None:
    vendor = {k: v for k, v in changed.items() if k == "credentialProviderVendor"}
    request = {**server.provider(**({} if vendor else changed)), **vendor}
    code, text = refused(world.control.create_oauth2_credential_provider, **request)
    assert code == "ValidationException"
    assert text.startswith("This local AWS does not serve ")
    assert named in text
    assert secrets_of(world) == {}


def use_of(token: str, **more: Any) -> dict[str, Any]:
    return {
        "workloadIdentityToken": token,
        "resourceCredentialProviderName": "crm",
        "scopes": ["read", "write"],
        "oauth2Flow": "M2M",
        **more,
    }


def test_a_token_for_the_agent_itself(
    world: World, server: AuthorizationServer, token: str
) -> None:
    world.control.create_oauth2_credential_provider(**server.provider())
    more = {
        "resources": ["https://crm"],
        "audiences": ["crm"],
        "customParameters": {"scope": "all", "tenant": "1"},
    }
    found = world.data.get_resource_oauth2_token(**use_of(token, **more))
    assert found["accessToken"] == "t0ken"
    ((form, sent),) = server.asked
    assert form == {
        "grant_type": "client_credentials",
        "scope": "read write",
        "resource": "https://crm",
        "audience": "crm",
        "tenant": "1",
    }
    assert base64.b64decode(sent.removeprefix("Basic ")) == b"app%20one:s%3A3%2Fcret"


@pytest.mark.parametrize("how", ["configured", "discovered", "metadata"])
def test_a_client_secret_in_the_form(
    world: World, server: AuthorizationServer, token: str, how: str
) -> None:
    more: dict[str, Any] = {}
    if how == "configured":
        more = {"clientAuthenticationMethod": "CLIENT_SECRET_POST"}
    elif how == "discovered":
        server.document = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    else:
        metadata = {
            "issuer": server.url,
            "authorizationEndpoint": f"{server.url}/authorize",
            "tokenEndpoint": f"{server.url}/token",
            "tokenEndpointAuthMethods": ["client_secret_post"],
        }
        more = {"oauthDiscovery": {"authorizationServerMetadata": metadata}}
    world.control.create_oauth2_credential_provider(**server.provider(**more))
    world.data.get_resource_oauth2_token(**use_of(token, scopes=[]))
    ((form, sent),) = server.asked
    assert sent == ""
    assert form == {
        "grant_type": "client_credentials",
        "client_id": "app one",
        "client_secret": "s:3/cret",
    }


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, {"error": "invalid_client", "error_description": "s:3/cret"}), "invalid_client"),
        ((200, {}), "status 200 without an access token"),
        ((302, {"error": "<s:3/cret>"}), "status 302"),
    ],
)
def test_a_token_endpoint_that_refuses(
    world: World, server: AuthorizationServer, token: str, answer: Any, said: str
) -> None:
    server.refuse = answer
    world.control.create_oauth2_credential_provider(**server.provider())
    code, text = refused(world.data.get_resource_oauth2_token, **use_of(token))
    assert code == "ValidationException"
    assert said in text
    assert "s:3/cret" not in text


def test_a_provider_that_nobody_serves(
    world: World, server: AuthorizationServer, token: str
) -> None:
    nowhere = {"discoveryUrl": "http://127.0.0.1:1/.well-known/openid-configuration"}
    world.control.create_oauth2_credential_provider(**server.provider(oauthDiscovery=nowhere))
    assert refused(world.data.get_resource_oauth2_token, **use_of(token))[0] == (
        "ValidationException"
    )


@pytest.mark.parametrize("flow", ["USER_FEDERATION", "ON_BEHALF_OF_TOKEN_EXCHANGE"])
def test_flows_for_users_are_refused(
    world: World, server: AuthorizationServer, token: str, flow: str
) -> None:
    world.control.create_oauth2_credential_provider(**server.provider())
    code, text = refused(world.data.get_resource_oauth2_token, **use_of(token, oauth2Flow=flow))
    assert code == "ValidationException"
    served = f"This local AWS does not serve the flow {flow} of GetResourceOauth2Token."
    assert text == served
    assert server.asked == []


def test_a_users_own_token(world: World, idp: IdentityProvider) -> None:
    world.control.create_workload_identity(name="agent")
    call = world.data.get_workload_access_token_for_jwt
    token = idp.token()
    issued = call(workloadName="agent", userToken=token)["workloadAccessToken"]
    # An agent may repeat it in its answer, so it has no part of the user's own token.
    parts = [part[at : at + 16] for part in token.split(".") for at in range(len(part) - 15)]
    assert not any(part in issued for part in parts)
    assert issued != call(workloadName="agent", userToken=token)["workloadAccessToken"]
    wrong = jwt.encode({"iss": idp.url}, "x" * 32, algorithm="HS256")
    for bad in (idp.token(exp=1), wrong, "a.b.c"):
        code, text = refused(call, workloadName="agent", userToken=bad)
        assert code == "UnauthorizedException"
        assert bad not in text


def test_a_runtime_gives_its_agent_a_token(world: World, idp: IdentityProvider) -> None:
    world.control.create_api_key_credential_provider(name="maps", apiKey="s3cret")
    behind = world.ready("behind", authorizerConfiguration=authorizer(idp, allowedClients=["app"]))
    plain = world.ready("plain")["agentRuntimeArn"]
    answer = world.bearer(behind["agentRuntimeArn"], idp.token(client_id="app"))
    for_user = world.invoke(plain, runtimeUserId="ann")["headers"]
    for headers in (json.loads(answer.data)["headers"], for_user):
        got = world.data.get_resource_api_key(
            workloadIdentityToken=headers["workloadaccesstoken"],
            resourceCredentialProviderName="maps",
        )
        assert got["apiKey"] == "s3cret"
    assert "workloadaccesstoken" not in world.invoke(plain)["headers"]


def test_a_caller_cannot_choose_the_token(world: World) -> None:
    allowed = {"requestHeaderAllowlist": ["WorkloadAccessToken"]}
    arn = world.ready(requestHeaderConfiguration=allowed)["agentRuntimeArn"]
    answer = world.bare_invoke(arn, WorkloadAccessToken="chosen")
    assert "workloadaccesstoken" not in json.loads(answer.data)["headers"]
    answer = world.bare_invoke(arn, WorkloadAccessToken="chosen", **{USER_ID: "ann"})
    assert json.loads(answer.data)["headers"]["workloadaccesstoken"] != "chosen"
