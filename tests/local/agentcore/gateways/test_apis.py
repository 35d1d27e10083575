"""A gateway in front of HTTP APIs that OpenAPI documents describe, in a whole local AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from werkzeug import Request, Response

from local.embedded import EmbeddedAws
from tests.local.agentcore.gateways import whole
from tests.local.agentcore.gateways.mcp_world import (
    allow,
    mcp_gateway,
    names,
    of_role,
    role,
    rpc,
    target,
)

KEY, SECRET = "the-key-of-the-api", "the-secret-of-the-client"
IDENTITY = "arn:aws:bedrock-agentcore:*:*:workload-identity-directory/default"
VAULT = "arn:aws:bedrock-agentcore:*:*:token-vault/default"
TEMPLATE = """
Resources:
  Nothing:
    Type: AWS::SNS::Topic
"""


class Api:
    """An API that says what it was asked, and a token endpoint."""

    def __init__(self) -> None:
        self.url = ""

    def app(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        if request.path == "/token":
            given = request.authorization
            good = given is not None and given.password == SECRET
            body = {"access_token": f"token-for-{request.form.get('scope')}"} if good else {}
            answer = Response(json.dumps(body), 200 if good else 401, mimetype="application/json")
            return answer(environ, start_response)
        said = {
            "method": request.method,
            "path": environ["RAW_URI"].partition("?")[0],
            "query": request.query_string.decode(),
            "headers": dict(request.headers),
            "body": request.get_data(as_text=True),
        }
        status = int(request.args.get("status", 200))
        answer = Response(json.dumps(said), status, mimetype="application/json")
        return answer(environ, start_response)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    folder = tmp_path_factory.mktemp("apis")
    with whole.start(folder, TEMPLATE) as embedded:
        yield embedded


@pytest.fixture
def api(serve: Callable[[Any], str]) -> Api:
    made = Api()
    made.url = serve(made.app)
    return made


def document(api: Api) -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Pets", "version": "1"},
        "servers": [{"url": f"{api.url}/v1"}],
        "paths": {
            "/pets/{id}": {
                "post": {
                    "operationId": "savePet",
                    "parameters": [
                        {"name": "id", "in": "path", "required": True, "schema": text},
                        {"name": "units", "in": "query", "schema": text},
                        {
                            "name": "tag",
                            "in": "query",
                            "schema": {"type": "array", "items": text},
                        },
                        {"name": "status", "in": "query", "schema": {"type": "integer"}},
                        {"name": "X-Trace", "in": "header", "schema": text},
                    ],
                    "requestBody": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {"name": text, "age": {"type": "integer"}},
                                }
                            }
                        }
                    },
                    "responses": {"200": {"description": "Done."}},
                }
            }
        },
    }


def inline(api: Api) -> dict[str, Any]:
    return {"openApiSchema": {"inlinePayload": json.dumps(document(api))}}


def called(aws: EmbeddedAws, url: str, name: str = "pets___savePet", **arguments: Any) -> Any:
    return rpc(aws, url, "tools/call", name=name, arguments={"id": "a", **arguments})


def said(result: Any) -> Any:
    assert result["isError"] is False, result
    return json.loads(result["content"][0]["text"])


def key_provider(aws: EmbeddedAws, name: str) -> str:
    control = aws.client("bedrock-agentcore-control")
    made = control.create_api_key_credential_provider(name=name, apiKey=KEY)
    return str(made["credentialProviderArn"])


def of_key(arn: str, location: str, parameter: str, **more: str) -> dict[str, Any]:
    provider = {"providerArn": arn, "credentialLocation": location}
    provider |= {"credentialParameterName": parameter, **more}
    of = {
        "credentialProviderType": "API_KEY",
        "credentialProvider": {"apiKeyCredentialProvider": provider},
    }
    return {"credentialProviderConfigurations": [of]}


def rights(operation: str) -> list[dict[str, Any]]:
    resources = [IDENTITY, f"{IDENTITY}/*", VAULT, f"{VAULT}/*"]
    return [
        {
            "Action": ["bedrock-agentcore:GetWorkloadAccessToken", operation],
            "Resource": resources,
        },
        {"Action": "secretsmanager:GetSecretValue", "Resource": "*"},
    ]


def test_a_call_becomes_a_request(aws: EmbeddedAws, api: Api) -> None:
    gateway_id, url = mcp_gateway(aws, "plain", role(aws, "plain"))
    made = target(aws, gateway_id, "pets", inline(api))
    assert (made["status"], made["credentialProviderConfigurations"]) == ("READY", [])
    assert names(aws, url) == ["pets___savePet"]
    asked = said(
        called(aws, url, id="a/b c", units="kg", tag=["x", "y"], **{"X-Trace": "t"}, age=3)
    )
    assert (asked["method"], asked["path"]) == ("POST", "/v1/pets/a%2Fb%20c")
    assert asked["query"] == "units=kg&tag=x&tag=y"
    assert asked["headers"]["X-Trace"] == "t"
    assert json.loads(asked["body"]) == {"age": 3}
    assert "Authorization" not in asked["headers"]
    failed = called(aws, url, status=404)
    assert failed["isError"] is True
    assert json.loads(failed["content"][0]["text"])["path"] == "/v1/pets/a"
    missing = rpc(aws, url, "tools/call", name="pets___savePet", arguments={})
    assert missing["isError"] is True
    assert "'id' is missing" in missing["content"][0]["text"]
    control = aws.client("bedrock-agentcore-control")
    [listed] = control.list_gateway_targets(gatewayIdentifier=gateway_id)["items"]
    assert listed["targetType"] == "OPEN_API_SCHEMA"


def test_a_document_can_be_in_s3_if_the_role_may_read_it(aws: EmbeddedAws, api: Api) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="documents")
    s3.put_object(Bucket="documents", Key="pets.json", Body=json.dumps(document(api)).encode())
    where = {"openApiSchema": {"s3": {"uri": "s3://documents/pets.json"}}}
    gateway_id, url = mcp_gateway(aws, "stored", role(aws, "stored"))
    with pytest.raises(ClientError, match="s3:GetObject"):
        target(aws, gateway_id, "pets", where)
    right = {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::documents/*"}
    allow(aws, "stored", [right])
    assert target(aws, gateway_id, "pets", where)["status"] == "READY"
    assert names(aws, url) == ["pets___savePet"]
    nowhere = {"openApiSchema": {"s3": {"uri": "s3://documents/none.json"}}}
    with pytest.raises(ClientError, match="cannot be read"):
        target(aws, gateway_id, "none", nowhere)


def test_an_api_key_goes_into_a_header_or_the_query(aws: EmbeddedAws, api: Api) -> None:
    arn = key_provider(aws, "pets-key")
    own = role(aws, "keyed", *rights("bedrock-agentcore:GetResourceApiKey"))
    gateway_id, url = mcp_gateway(aws, "keyed", own)
    prefixed = of_key(arn, "HEADER", "Authorization", credentialPrefix="Bearer")
    target(aws, gateway_id, "head", inline(api), **prefixed)
    target(aws, gateway_id, "query", inline(api), **of_key(arn, "QUERY_PARAMETER", "api_key"))
    asked = said(called(aws, url, "head___savePet"))
    assert asked["headers"]["Authorization"] == f"Bearer{KEY}"
    asked = said(called(aws, url, "query___savePet", units="kg"))
    assert asked["query"] == f"units=kg&api_key={KEY}"
    provider = {"apiKeyCredentialProvider": {"providerArn": arn}}
    bare = {"credentialProviderType": "API_KEY", "credentialProvider": provider}
    target(aws, gateway_id, "bare", inline(api), credentialProviderConfigurations=[bare])
    asked = said(called(aws, url, "bare___savePet"))
    assert asked["headers"]["Authorization"] == f"Bearer {KEY}"
    aws.readings.change({"api-key-prefix": "spaced"})
    try:
        asked = said(called(aws, url, "head___savePet"))
    finally:
        aws.readings.change({"api-key-prefix": "as-given"})
    assert asked["headers"]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "missing",
    ["GetWorkloadAccessToken", "GetResourceApiKey", "GetSecretValue"],
)
def test_without_a_right_of_the_role_the_call_fails(
    aws: EmbeddedAws, api: Api, missing: str
) -> None:
    name = f"no-{missing}"
    allowed = rights("bedrock-agentcore:GetResourceApiKey")
    for each in allowed:
        actions = each["Action"] if isinstance(each["Action"], list) else [each["Action"]]
        each["Action"] = [one for one in actions if missing not in one] or ["s3:ListBucket"]
    own = role(aws, name, *allowed)
    gateway_id, url = mcp_gateway(aws, name, own, exceptionLevel="DEBUG")
    arn = key_provider(aws, name)
    made = target(aws, gateway_id, "pets", inline(api), **of_key(arn, "HEADER", "X-Key"))
    assert made["status"] == "READY"
    failed = called(aws, url)
    assert failed["isError"] is True
    assert missing in failed["content"][0]["text"]
    assert KEY not in failed["content"][0]["text"]


def test_a_token_of_the_client_itself_is_sent(aws: EmbeddedAws, api: Api) -> None:
    control = aws.client("bedrock-agentcore-control")
    metadata = {
        "issuer": api.url,
        "authorizationEndpoint": f"{api.url}/authorize",
        "tokenEndpoint": f"{api.url}/token",
    }
    made = control.create_oauth2_credential_provider(
        name="pets-oauth",
        credentialProviderVendor="CustomOauth2",
        oauth2ProviderConfigInput={
            "customOauth2ProviderConfig": {
                "oauthDiscovery": {"authorizationServerMetadata": metadata},
                "clientId": "gateway",
                "clientSecret": SECRET,
            }
        },
    )
    provider = {"providerArn": made["credentialProviderArn"], "scopes": ["pets"]}
    of = {
        "credentialProviderType": "OAUTH",
        "credentialProvider": {"oauthCredentialProvider": provider},
    }
    own = role(aws, "tokens", *rights("bedrock-agentcore:GetResourceOauth2Token"))
    gateway_id, url = mcp_gateway(aws, "tokens", own)
    target(aws, gateway_id, "pets", inline(api), credentialProviderConfigurations=[of])
    asked = said(called(aws, url))
    assert asked["headers"]["Authorization"] == "Bearer token-for-pets"
    for grant in ("AUTHORIZATION_CODE", "TOKEN_EXCHANGE"):
        other = {
            **of,
            "credentialProvider": {"oauthCredentialProvider": {**provider, "grantType": grant}},
        }
        with pytest.raises(ClientError, match=grant):
            target(aws, gateway_id, "no", inline(api), credentialProviderConfigurations=[other])


def test_a_request_can_be_signed_with_the_role(aws: EmbeddedAws, api: Api) -> None:
    gateway_id, url = mcp_gateway(aws, "signs", role(aws, "signs"))
    target(aws, gateway_id, "pets", inline(api), **of_role("execute-api"))
    asked = said(called(aws, url))
    assert "/execute-api/aws4_request" in asked["headers"]["Authorization"]
    assert asked["headers"]["X-Amz-Security-Token"]


def test_wrong_credentials_are_refused_by_name(aws: EmbeddedAws, api: Api) -> None:
    gateway_id, _ = mcp_gateway(aws, "strict", role(aws, "strict"))
    vault = "arn:aws:bedrock-agentcore:us-east-1:123456789012:token-vault/default"
    key = f"{vault}/apikeycredentialprovider/a"
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"credentialProviderType": "JWT_PASSTHROUGH"}, "not JWT_PASSTHROUGH"),
        ({"credentialProviderType": "CALLER_IAM_CREDENTIALS"}, "not CALLER_IAM_CREDENTIALS"),
        ({"credentialProviderType": "GATEWAY_IAM_ROLE"}, "iamCredentialProvider"),
        (of_key(f"{vault}/x", "HEADER", "K")["credentialProviderConfigurations"][0], "ARN"),
        (
            {
                "credentialProviderType": "API_KEY",
                "credentialProvider": {
                    "apiKeyCredentialProvider": {
                        "providerArn": key,
                        "credentialLocation": "QUERY_PARAMETER",
                    }
                },
            },
            "credentialParameterName",
        ),
    ]
    for each, says in wrong:
        with pytest.raises(ClientError, match=says):
            target(aws, gateway_id, "no", inline(api), credentialProviderConfigurations=[each])
    with pytest.raises(ClientError, match="Swagger"):
        target(aws, gateway_id, "no", {"openApiSchema": {"inlinePayload": "{}"}})
    aws.readings.change({"unusable-schema": "failed"})
    try:
        made = target(aws, gateway_id, "no", {"openApiSchema": {"inlinePayload": "{}"}})
    finally:
        aws.readings.change({"unusable-schema": "refused"})
    assert made["status"] == "FAILED"
    assert "Swagger" in made["statusReasons"][0]


def test_many_tools_come_in_pages(aws: EmbeddedAws, api: Api) -> None:
    text = document(api)
    one = text["paths"].pop("/pets/{id}")["post"]
    for number in range(101):
        operation = {**one, "operationId": f"tool{number}", "parameters": []}
        text["paths"][f"/pets/{number}"] = {"post": operation}
    schema = {"openApiSchema": {"inlinePayload": json.dumps(text)}}
    for name, more in (("paged", {}), ("whole", {"disableMcpListToolsPagination": True})):
        gateway_id, url = mcp_gateway(
            aws, name, role(aws, name), protocolConfiguration={"mcp": more}
        )
        target(aws, gateway_id, "many", schema)
        first = rpc(aws, url, "tools/list")
        if more:
            assert (len(first["tools"]), "nextCursor" in first) == (101, False)
            continue
        assert len(first["tools"]) == 100
        rest = rpc(aws, url, "tools/list", cursor=first["nextCursor"])
        assert [each["name"] for each in rest["tools"]] == ["many___tool100"]
        assert "nextCursor" not in rest
        assert rpc(aws, url, "tools/list", cursor="none")["code"] == -32602
