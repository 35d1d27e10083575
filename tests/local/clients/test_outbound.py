"""An agent with the AgentCore SDK's own decorators gets its API key and its token; boto3 alone makes everything."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import httpx
import jwt
import pytest

from tests.local.clients.conftest import Caller, Up

ACCOUNT = "123456789012"
KEY = f"key-{uuid.uuid4().hex}"
SCOPE = "crm/read"
PACKAGES = Path(boto3.__file__).parents[1]
TOKENS = "bedrock-agentcore:GetResource*"
SECRETS = "secretsmanager:GetSecretValue"


@dataclass(frozen=True)
class Made:
    """What the account has for the agent: two providers, and the API that it calls."""

    variables: dict[str, str]
    client_secret: str
    seen: list[str]


@pytest.fixture(scope="module")
def aws_client(up: Up) -> Callable[[str], Any]:
    """boto3 as it is; the printed variables point it here."""
    region = up.environment["AWS_REGION"]
    session = boto3.session.Session(
        aws_access_key_id=up.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=up.environment["AWS_SECRET_ACCESS_KEY"],
        region_name=region,
    )
    return lambda name: session.client(name, endpoint_url=up.url)


@pytest.fixture(scope="module")
def made(aws_client: Callable[[str], Any], up: Up) -> Iterator[Made]:
    cognito, control = aws_client("cognito-idp"), aws_client("bedrock-agentcore-control")
    pool = cognito.create_user_pool(PoolName="crm")["UserPool"]["Id"]
    cognito.create_user_pool_domain(UserPoolId=pool, Domain=f"crm-{uuid.uuid4().hex[:8]}")
    scope = {"ScopeName": "read", "ScopeDescription": "read"}
    cognito.create_resource_server(UserPoolId=pool, Identifier="crm", Name="crm", Scopes=[scope])
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="agent",
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=[SCOPE],
        AllowedOAuthFlowsUserPoolClient=True,
    )["UserPoolClient"]
    issuer = f"https://cognito-idp.{up.environment['AWS_REGION']}.amazonaws.com/{pool}"
    custom = {
        "oauthDiscovery": {"discoveryUrl": f"{issuer}/.well-known/openid-configuration"},
        "clientId": client["ClientId"],
        "clientSecret": client["ClientSecret"],
    }
    control.create_oauth2_credential_provider(
        name="crm",
        credentialProviderVendor="CustomOauth2",
        oauth2ProviderConfigInput={"customOauth2ProviderConfig": custom},
    )
    control.create_api_key_credential_provider(name="maps", apiKey=KEY)
    keys = jwt.PyJWKClient(f"{up.url}/{pool}/.well-known/jwks.json")
    seen: list[str] = []

    class Api(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            said = "wrong key" if self.path == "/key" else "wrong token"
            if self.path == "/key" and self.headers["X-Api-Key"] == KEY:
                said = "right key"
            elif self.path == "/token":
                token = self.headers["Authorization"].removeprefix("Bearer ")
                seen.append(token)
                claims = jwt.decode(
                    token, keys.get_signing_key_from_jwt(token), algorithms=["RS256"], issuer=issuer
                )
                if (claims["client_id"], claims["scope"]) == (client["ClientId"], SCOPE):
                    said = "right token"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said.encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    variables = {
        "AWS_REGION": up.environment["AWS_REGION"],
        "OUTBOUND_API": f"http://127.0.0.1:{server.server_port}",
        "OUTBOUND_KEY": "maps",
        "OUTBOUND_TOKEN": "crm",
        "OUTBOUND_SCOPE": SCOPE,
        # The packages of the agent, unmodified, in place of those in its zip.
        "PYTHONPATH": str(PACKAGES),
    }
    yield Made(variables, client["ClientSecret"], seen)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def deploy(
    aws_client: Callable[[str], Any], made: Made, request_of: Callable[..., dict[str, Any]]
) -> Callable[..., str]:
    """Deploys the agent with a role of its own that may do some actions; gives the runtime's ARN."""
    control, iam = aws_client("bedrock-agentcore-control"), aws_client("iam")

    def deployed(*actions: str, **more: Any) -> str:
        name = f"outbound-{uuid.uuid4().hex[:8]}"
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
        trust["Principal"] = {"Service": "bedrock-agentcore.amazonaws.com"}  # type: ignore[assignment]
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]
        allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        iam.put_role_policy(RoleName=name, PolicyName="agent", PolicyDocument=policy(allowed))
        request = request_of("outbound", environmentVariables=made.variables, **more)
        request["roleArn"] = role["Arn"]
        code = request["agentRuntimeArtifact"]["codeConfiguration"]
        code["runtime"] = "PYTHON_3_11"
        runtime = control.create_agent_runtime(**request)
        deadline = time.monotonic() + 60
        while control.get_agent_runtime(agentRuntimeId=runtime["agentRuntimeId"])["status"] != (
            "READY"
        ):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return str(runtime["agentRuntimeArn"])

    return deployed


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def allowed(deploy: Callable[..., str]) -> str:
    return deploy(TOKENS, SECRETS)


def ask(aws_client: Callable[[str], Any], arn: str, what: str, **more: Any) -> dict[str, str]:
    answer = aws_client("bedrock-agentcore").invoke_agent_runtime(
        agentRuntimeArn=arn, payload=json.dumps({"with": what}).encode(), **more
    )
    said: dict[str, str] = json.loads(answer["response"].read())
    return said


@pytest.mark.parametrize("what", ["key", "token"])
def test_a_signed_call_for_a_user(
    aws_client: Callable[[str], Any], allowed: str, what: str
) -> None:
    assert ask(aws_client, allowed, what, runtimeUserId="ann") == {"answer": f"right {what}"}


def test_a_signed_call_for_nobody(aws_client: Callable[[str], Any], allowed: str) -> None:
    said = ask(aws_client, allowed, "key")
    assert said["refused"] == "no token"
    assert "Workload access token has not been set" in said["why"]


def test_a_call_with_a_bearer_token(
    deploy: Callable[..., str], caller: Caller, token: str, up: Up
) -> None:
    arn = deploy(TOKENS, SECRETS, authorizerConfiguration=caller.authorizer)
    url = f"{up.url}/runtimes/{quote(arn, safe='')}/invocations"
    with httpx.Client(timeout=60, trust_env=False) as client:
        for what in ("key", "token"):
            headers = {"Authorization": f"Bearer {token}"}
            answer = client.post(url, json={"with": what}, headers=headers)
            assert answer.json() == {"answer": f"right {what}"}


@pytest.mark.parametrize(
    ("allows", "lacks"),
    [
        ((TOKENS,), SECRETS),
        ((SECRETS, "bedrock-agentcore:GetResourceApiKey"), "bedrock-agentcore:GetResourceOauth2"),
        ((SECRETS, "bedrock-agentcore:GetResourceOauth2Token"), "bedrock-agentcore:GetResourceApi"),
    ],
)
def test_a_role_that_may_not(
    aws_client: Callable[[str], Any],
    deploy: Callable[..., str],
    allows: tuple[str, ...],
    lacks: str,
) -> None:
    what = "token" if lacks.endswith("Oauth2") else "key"
    said = ask(aws_client, deploy(*allows), what, runtimeUserId="ann")
    assert said["refused"] == "AccessDeniedException"
    assert f"is not authorized to perform: {lacks}" in said["why"]


def test_the_logs_have_no_secret(
    aws_client: Callable[[str], Any], allowed: str, made: Made, up: Up
) -> None:
    for what in ("key", "token"):
        ask(aws_client, allowed, what, runtimeUserId="ann")
    assert made.seen
    said = "".join(
        file.read_text("utf-8", "replace")
        for file in (up.state_dir / "logs").rglob("*")
        if file.is_file()
    )
    assert "GetResourceOauth2Token" in said
    for secret in (KEY, made.client_secret, *made.seen):
        assert secret not in said
