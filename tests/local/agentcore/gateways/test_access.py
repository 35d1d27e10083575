"""Who may call a gateway in front of a runtime, and what of the call reaches the runtime."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.test import Client

from tests.local.agentcore.conftest import REGION, ROLE
from tests.local.agentcore.test_access import IdentityProvider, authorizer

if TYPE_CHECKING:
    from tests.local.agentcore.conftest import World

SESSION = "session-one-0123456789-0123456789-0123"
SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
METADATA = "/.well-known/oauth-protected-resource"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def idp(key: rsa.RSAPrivateKey, serve: Callable[[Any], str]) -> IdentityProvider:
    provider = IdentityProvider(key)
    provider.url = serve(provider.app)
    return provider


def gateway(
    world: World,
    runtime: dict[str, Any],
    credentials: str,
    role: str = ROLE,
    **authorization: Any,
) -> str:
    """Put a gateway in front of a runtime, and return its address as a path."""
    made = world.control.create_gateway(
        name="front-door",
        roleArn=role,
        authorizerType="CUSTOM_JWT" if "authorizerConfiguration" in authorization else "AWS_IAM",
        **authorization,
    )
    world.clock.pass_(world.core.delays.gateway)
    world.control.create_gateway_target(
        gatewayIdentifier=made["gatewayId"],
        name="live",
        targetConfiguration={"http": {"agentcoreRuntime": {"arn": runtime["agentRuntimeArn"]}}},
        credentialProviderConfigurations=[{"credentialProviderType": credentials}],
    )
    world.clock.pass_(world.core.delays.gateway)
    return str(urlsplit(made["gatewayUrl"]).path)


def call(
    world: World,
    path: str,
    token: str | None = None,
    body: object = None,
    method: str = "POST",
    headers: dict[str, str] | None = None,
) -> Any:
    sent = {"Content-Type": "application/json", **(headers or {})}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    return Client(world.app).open(path, method=method, data=json.dumps(body or {}), headers=sent)


def signed(world: World, path: str, body: object = None) -> Any:
    """Call with SigV4, as `AWS_IAM` wants it."""
    request = botocore.awsrequest.AWSRequest(
        "POST",
        f"http://localhost{path}",
        {"Content-Type": "application/json"},
        json.dumps(body or {}),
    )
    keys = botocore.credentials.Credentials(
        world.keys.access_key_id, world.keys.secret_access_key, world.keys.session_token
    )
    botocore.auth.SigV4Auth(keys, "bedrock-agentcore", REGION).add_auth(request)
    return call(world, path, body=body, headers=dict(request.headers.items()))


@pytest.fixture
def address(world: World, idp: IdentityProvider) -> str:
    """Return a gateway and a runtime that take the same tokens."""
    taken = authorizer(idp, allowedClients=["client"], allowedScopes=["agents/invoke"])
    runtime = world.ready(
        authorizerConfiguration=taken,
        requestHeaderConfiguration={"requestHeaderAllowlist": ["Authorization"]},
    )
    return gateway(world, runtime, "JWT_PASSTHROUGH", authorizerConfiguration=taken)


def test_a_token_goes_through_unchanged(world: World, idp: IdentityProvider, address: str) -> None:
    token = idp.token()
    answer = call(
        world,
        f"{address}/live/invocations",
        token,
        {"say": "hello"},
        headers={SESSION_HEADER: SESSION, "traceparent": "00-1-2-01"},
    )
    assert answer.status_code == 200
    seen = json.loads(answer.data)
    assert seen["body"] == '{"say": "hello"}'
    assert seen["headers"]["authorization"] == f"Bearer {token}"
    assert seen["headers"]["traceparent"] == "00-1-2-01"
    assert answer.headers[SESSION_HEADER] == SESSION
    assert [s.id for s in world.core.sessions.running()] == [SESSION]


def test_no_token_says_where_and_for_what_to_sign_in(
    world: World, idp: IdentityProvider, address: str
) -> None:
    answer = call(world, f"{address}/live/invocations")
    assert answer.status_code == 401
    challenge = answer.headers["WWW-Authenticate"]
    url = f"http://localhost{address}{METADATA}"
    assert challenge == f'Bearer resource_metadata="{url}", scope="agents/invoke"'
    document = json.loads(call(world, f"{address}{METADATA}", method="GET").data)
    assert document == {
        "resource": f"http://localhost{address}",
        "authorization_servers": [idp.url],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["agents/invoke"],
    }
    world.readings.change({"gateway-metadata": "discovery-url"})
    document = json.loads(call(world, f"{address}{METADATA}", method="GET").data)
    assert document["authorization_servers"] == [f"{idp.url}/.well-known/openid-configuration"]


@pytest.mark.parametrize("claims", [{"exp": 1}, {"iss": "https://elsewhere.example.com"}])
def test_a_bad_token_is_401(
    world: World, idp: IdentityProvider, address: str, claims: dict[str, Any]
) -> None:
    for token in (idp.token(**claims), "garbage", f"{idp.token()[:-4]}AAAA"):
        answer = call(world, f"{address}/live/invocations", token)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token", reso')
    assert world.core.sessions.running() == []


def test_a_token_without_the_scope_is_403(
    world: World, idp: IdentityProvider, address: str
) -> None:
    answer = call(world, f"{address}/live/invocations", idp.token(scope="openid"))
    assert answer.status_code == 403
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="agents/invoke"' in challenge


@pytest.mark.parametrize("status", ["401", "403"])
def test_what_is_good_elsewhere_is_refused_by_the_reading(
    world: World, idp: IdentityProvider, address: str, status: str
) -> None:
    world.readings.change({"gateway-refusal": status})
    path = f"{address}/live/invocations"
    id_token = idp.token(client_id=None, token_use="id", aud="client")
    for answer in (
        call(world, path, idp.token(client_id="other")),
        call(world, path, id_token),
        signed(world, path),
    ):
        assert answer.status_code == int(status)
        assert ("WWW-Authenticate" in answer.headers) is (status == "401")


def test_the_runtime_checks_the_token_again(world: World, idp: IdentityProvider) -> None:
    runtime = world.ready(authorizerConfiguration=authorizer(idp, allowedClients=["other"]))
    address = gateway(world, runtime, "JWT_PASSTHROUGH", authorizerConfiguration=authorizer(idp))
    answer = call(world, f"{address}/live/invocations", idp.token())
    assert answer.status_code == 401
    assert "/runtimes/" in answer.headers["WWW-Authenticate"]


def test_a_token_does_not_open_an_iam_runtime_behind_the_gateway(
    world: World, idp: IdentityProvider
) -> None:
    address = gateway(
        world, world.ready(), "JWT_PASSTHROUGH", authorizerConfiguration=authorizer(idp)
    )
    assert call(world, f"{address}/live/invocations", idp.token()).status_code == 403


def test_a_signature_for_the_gateway_is_none_for_the_runtime(world: World) -> None:
    address = gateway(world, world.ready(), "JWT_PASSTHROUGH")
    assert signed(world, f"{address}/live/invocations").status_code == 403
    assert world.core.sessions.running() == []


def test_the_caller_signs_for_gateway_and_runtime(world: World) -> None:
    address = gateway(world, world.ready(), "CALLER_IAM_CREDENTIALS")
    path = f"{address}/live/invocations"
    answer = signed(world, path, {"say": "hello"})
    assert (answer.status_code, json.loads(answer.data)["body"]) == (200, '{"say": "hello"}')
    assert call(world, path).status_code == 403
    assert call(world, path, "garbage").status_code == 403
    assert call(world, f"{address}{METADATA}", method="GET").status_code == 404


def test_a_caller_with_a_token_has_no_rights_to_call_with(
    world: World, idp: IdentityProvider
) -> None:
    address = gateway(
        world, world.ready(), "CALLER_IAM_CREDENTIALS", authorizerConfiguration=authorizer(idp)
    )
    assert call(world, f"{address}/live/invocations", idp.token()).status_code == 403


@pytest.mark.parametrize(
    ("level", "says"), [({}, "not allowed"), ({"exceptionLevel": "DEBUG"}, "assume")]
)
def test_a_role_with_a_wrong_trust_is_ready_and_cannot_call(
    world: World, idp: IdentityProvider, level: dict[str, str], says: str
) -> None:
    runtime = world.ready()
    wrong = ROLE.replace("agent-role", "lambda-role")
    address = gateway(
        world,
        runtime,
        "GATEWAY_IAM_ROLE",
        wrong,
        authorizerConfiguration=authorizer(idp),
        **level,
    )
    gateway_id = address.rpartition("/")[2]
    found = world.control.get_gateway(gatewayIdentifier=gateway_id)
    assert found["status"] == "READY"
    answer = call(world, f"{address}/live/invocations", idp.token())
    assert answer.status_code == 403
    assert says in json.loads(answer.data)["message"]
    assert world.core.sessions.running() == []
    changed = {name: found[name] for name in ("name", "authorizerType", "authorizerConfiguration")}
    world.control.update_gateway(gatewayIdentifier=gateway_id, roleArn=ROLE, **changed)
    answer = call(world, f"{address}/live/invocations", idp.token(), {"say": "hello"})
    assert answer.status_code == 200
    assert "authorization" not in json.loads(answer.data)["headers"]


def test_a_source_arn_of_another_gateway_is_a_wrong_trust(world: World) -> None:
    iam = world.aws("iam")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:bedrock-agentcore:*:*:gateway/x-*"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    iam.create_role(RoleName="of-x", AssumeRolePolicyDocument=json.dumps(policy))
    role = iam.get_role(RoleName="of-x")["Role"]["Arn"]
    address = gateway(world, world.ready(), "GATEWAY_IAM_ROLE", role)
    assert signed(world, f"{address}/live/invocations").status_code == 403
    statement["Condition"] = {
        "ArnLike": {"aws:SourceArn": "arn:aws:bedrock-agentcore:*:*:gateway/front-door-*"}
    }
    iam.update_assume_role_policy(RoleName="of-x", PolicyDocument=json.dumps(policy))
    assert signed(world, f"{address}/live/invocations").status_code == 200


def test_what_is_not_there_is_404(world: World) -> None:
    address = gateway(world, world.ready(), "CALLER_IAM_CREDENTIALS")
    for path in (f"{address}/other/invocations", f"{address}/live", f"{address}/", address):
        assert signed(world, path).status_code == 404
    assert signed(world, "/_gateways/none-0123456789/live/invocations").status_code == 404
    gateway_id = address.rpartition("/")[2]
    [target] = world.control.list_gateway_targets(gatewayIdentifier=gateway_id)["items"]
    world.control.delete_gateway_target(gatewayIdentifier=gateway_id, targetId=target["targetId"])
    assert signed(world, f"{address}/live/invocations").status_code == 404


@pytest.mark.parametrize("named", ["hostingEnvironments", "workloadIdentities"])
def test_a_runtime_can_be_open_to_a_gateway_alone(
    world: World, idp: IdentityProvider, named: str
) -> None:
    taken = authorizer(idp)
    address = gateway(
        world,
        world.ready(authorizerConfiguration=taken),
        "JWT_PASSTHROUGH",
        authorizerConfiguration=taken,
    )
    found = world.control.get_gateway(gatewayIdentifier=address.rpartition("/")[2])
    identity = found["workloadIdentityDetails"]["workloadIdentityArn"].rpartition("/")[2]
    allowed = {
        "hostingEnvironments": [{"arn": found["gatewayArn"]}],
        "workloadIdentities": [identity],
    }[named]
    [listed] = world.control.list_agent_runtimes()["agentRuntimes"]
    for workloads, passed in ((allowed, 200), (_of_another(named, allowed), 401)):
        locked = {"allowedWorkloadConfiguration": {named: workloads}}
        world.update(
            listed["agentRuntimeId"],
            authorizerConfiguration={"customJWTAuthorizer": taken["customJWTAuthorizer"] | locked},
        )
        world.clock.pass_(world.core.delays.update)
        assert call(world, f"{address}/live/invocations", idp.token()).status_code == passed
        assert world.bearer(listed["agentRuntimeArn"], idp.token()).status_code == 401


def _of_another(named: str, allowed: list[Any]) -> list[Any]:
    if named == "workloadIdentities":
        return ["another-0123456789"]
    return [{"arn": allowed[0]["arn"].replace("front-door", "another")}]
