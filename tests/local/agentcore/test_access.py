"""The probe table: who is let in and who is refused, status by status."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.agentcore.conftest import World

WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass
class IdentityProvider:
    """An OpenID provider: documents to serve, and tokens to give."""

    key: rsa.RSAPrivateKey
    url: str = ""
    kid: str = "one"
    asked: list[str] = field(default_factory=list)

    def app(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append(request.path)
        document: dict[str, Any] = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        if request.path == "/keys":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            document = {"keys": [public | {"kid": self.kid, "alg": "RS256", "use": "sig"}]}
        return Response(json.dumps(document), mimetype="application/json")(environ, start_response)

    def token(self, key: Any = None, algorithm: str = "RS256", **claims: Any) -> str:
        """Return a good access token, with claims changed (`None` leaves one out)."""
        good = {
            "iss": self.url,
            "client_id": "client",
            "token_use": "access",
            "scope": "agents/invoke openid",
            "groups": ["people", "admins"],
            "tier": "gold",
            "exp": time.time() + 3600,
        }
        chosen = {name: value for name, value in (good | claims).items() if value is not None}
        return jwt.encode(chosen, key or self.key, algorithm, headers={"kid": self.kid})


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def other_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def idp(key: rsa.RSAPrivateKey, serve: Callable[[Any], str]) -> IdentityProvider:
    provider = IdentityProvider(key)
    provider.url = serve(provider.app)
    return provider


def authorizer(idp: IdentityProvider, **constraints: Any) -> dict[str, Any]:
    chosen = constraints or {"allowedClients": ["client"]}
    return {"customJWTAuthorizer": {"discoveryUrl": idp.url + WELL_KNOWN, **chosen}}


@pytest.fixture
def arn(world: World, idp: IdentityProvider) -> str:
    """Return a runtime that takes tokens of the provider's client."""
    return str(world.ready(authorizerConfiguration=authorizer(idp))["agentRuntimeArn"])


def message(answer: Any) -> str:
    return str(json.loads(answer.data)["message"])


def test_a_good_token_is_let_in(world: World, idp: IdentityProvider, arn: str) -> None:
    answer = world.bearer(arn, idp.token(), {"say": "hello"})
    assert answer.status_code == 200
    assert json.loads(answer.data)["body"] == '{"say": "hello"}'


def test_sigv4_on_a_jwt_runtime(world: World, arn: str) -> None:
    with pytest.raises(ClientError) as raised:
        world.invoke(arn)
    answer = raised.value.response
    assert answer["Error"]["Code"] == "AccessDeniedException"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert answer["Error"]["Message"].startswith("Authorization method mismatch")
    assert world.core.sessions.running() == []


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}])
def test_no_token_says_where_to_sign_in(
    world: World, arn: str, idp: IdentityProvider, headers: dict[str, str]
) -> None:
    answer = world.bearer(arn, None, headers=headers)
    assert answer.status_code == 401
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer resource_metadata="http://')
    url = challenge.split('"')[1]
    assert "/invocations/.well-known/oauth-protected-resource?qualifier=DEFAULT" in url
    path, query = url.split("/runtimes/")[1].split("?")
    document = world.bearer(
        arn, None, path="/" + path.split("/", 1)[1], query=f"?{query}", method="GET"
    )
    assert document.status_code == 200
    metadata = json.loads(document.data)
    assert metadata["authorization_servers"] == [idp.url]
    assert metadata["resource"] == url.replace("/.well-known/oauth-protected-resource", "")


def test_garbage_is_no_token(world: World, arn: str) -> None:
    for garbage in ("garbage", "a.b.c", "e30.e30.", "x" * 5000):
        answer = world.bearer(arn, garbage)
        assert answer.status_code == 403
        assert message(answer) == "OAuth authorization failed: Failed to parse token"
        assert answer.headers["x-amzn-errortype"] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"client_id": "another"}, "Claim 'client_id' value mismatch with configuration."),
        # A Cognito ID token: aud in place of client_id.
        (
            {"client_id": None, "aud": "client", "token_use": "id"},
            "Claim 'client_id' value mismatch with configuration.",
        ),
        ({"iss": "https://idp.example.com"}, "Claim 'iss' value mismatch with configuration."),
        ({"exp": 0}, "Token has expired"),
        ({"exp": None}, "Token has expired"),
        ({"exp": "tomorrow"}, "Token has expired"),
        ({"exp": float("nan")}, "Token has expired"),
        ({"exp": float("inf")}, "Token has expired"),
        ({"nbf": 10**10}, "Token is not yet valid"),
        ({"nbf": float("nan")}, "Token is not yet valid"),
        ({"nbf": "yesterday"}, "Token is not yet valid"),
    ],
    ids=str,
)
def test_a_readable_token_that_is_not_good_enough(
    world: World, idp: IdentityProvider, arn: str, claims: dict[str, Any], said: str
) -> None:
    answer = world.bearer(arn, idp.token(**claims))
    assert answer.status_code == 401
    assert message(answer) == said
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert "resource_metadata=" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(("seconds", "status"), [(60, 401), (62, 200)])
def test_a_token_needs_more_than_a_minute_to_live(
    world: World, idp: IdentityProvider, arn: str, seconds: int, status: int
) -> None:
    assert world.bearer(arn, idp.token(exp=world.clock() + seconds)).status_code == status


def test_a_token_that_was_altered(world: World, idp: IdentityProvider, arn: str) -> None:
    header, body, signature = idp.token().split(".")
    altered = idp.token(client_id="client", extra="more").split(".")[1]
    turned = signature[:20] + signature[20].swapcase() + signature[21:]
    turned = turned if turned != signature else f"{signature[:20]}AA{signature[22:]}"
    for token in (f"{header}.{altered}.{signature}", f"{header}.{body}.{turned}"):
        assert world.bearer(arn, token).status_code == 401


def test_a_token_signed_by_somebody_else(
    world: World, idp: IdentityProvider, arn: str, other_key: rsa.RSAPrivateKey
) -> None:
    assert world.bearer(arn, idp.token(key=other_key)).status_code == 401


def test_algorithms_that_prove_nothing(world: World, idp: IdentityProvider, arn: str) -> None:
    shared = idp.token(key="a secret that is long enough for a hash", algorithm="HS256")
    unsigned = jwt.encode({"iss": idp.url, "client_id": "client"}, "", "none")
    for token in (shared, unsigned):
        assert world.bearer(arn, token).status_code == 401


def test_new_keys_of_the_provider_are_found(
    world: World, idp: IdentityProvider, arn: str, other_key: rsa.RSAPrivateKey
) -> None:
    assert world.bearer(arn, idp.token()).status_code == 200
    idp.key, idp.kid = other_key, "two"
    world.clock.pass_(2)
    assert world.bearer(arn, idp.token()).status_code == 200


def test_documents_are_kept_for_a_minute(world: World, idp: IdentityProvider, arn: str) -> None:
    for _ in range(3):
        assert world.bearer(arn, idp.token()).status_code == 200
    assert idp.asked == [WELL_KNOWN, "/keys"]
    world.clock.pass_(61)
    world.bearer(arn, idp.token())
    assert len(idp.asked) == 4


def test_a_provider_that_cannot_be_reached(world: World, idp: IdentityProvider) -> None:
    nowhere = {
        "customJWTAuthorizer": {
            "discoveryUrl": f"http://127.0.0.1:9{WELL_KNOWN}",
            "allowedClients": ["client"],
        }
    }
    runtime = world.ready(authorizerConfiguration=nowhere)
    answer = world.bearer(runtime["agentRuntimeArn"], idp.token())
    assert answer.status_code == 403
    assert "discovery" in message(answer)


def custom(name: str, kind: str, operator: str, value: Any) -> dict[str, Any]:
    member = "matchValueStringList" if isinstance(value, list) else "matchValueString"
    return {
        "inboundTokenClaimName": name,
        "inboundTokenClaimValueType": kind,
        "authorizingClaimMatchValue": {
            "claimMatchOperator": operator,
            "claimMatchValue": {member: value},
        },
    }


@pytest.mark.parametrize(
    ("constraints", "claims", "status"),
    [
        ({"allowedAudience": ["api"]}, {"aud": "api"}, 200),
        ({"allowedAudience": ["api"]}, {"aud": ["other", "api"]}, 200),
        ({"allowedAudience": ["api"]}, {}, 401),
        ({"allowedAudience": ["api"]}, {"aud": [{"odd": "claim"}]}, 401),
        ({"allowedScopes": ["agents/invoke", "more"]}, {}, 200),
        ({"allowedScopes": ["more"]}, {}, 401),
        ({"allowedScopes": ["more"]}, {"scope": None}, 401),
        ({"allowedClients": ["client"], "allowedAudience": ["api"]}, {}, 401),
        ({"allowedClients": ["client"], "allowedScopes": ["more"]}, {}, 401),
        ({"customClaims": [custom("tier", "STRING", "EQUALS", "gold")]}, {}, 200),
        ({"customClaims": [custom("tier", "STRING", "EQUALS", "iron")]}, {}, 401),
        ({"customClaims": [custom("groups", "STRING_ARRAY", "CONTAINS", "admins")]}, {}, 200),
        ({"customClaims": [custom("groups", "STRING_ARRAY", "CONTAINS", "gods")]}, {}, 401),
        ({"customClaims": [custom("groups", "STRING_ARRAY", "CONTAINS_ANY", ["x", "people"])]},
         {}, 200),
        ({"customClaims": [custom("groups", "STRING_ARRAY", "CONTAINS_ANY", ["x"])]}, {}, 401),
        ({"customClaims": [custom("tier", "STRING_ARRAY", "CONTAINS", "gold")]}, {}, 401),
    ],
    ids=str,
)  # fmt: skip
def test_every_constraint_counts(
    world: World,
    idp: IdentityProvider,
    constraints: dict[str, Any],
    claims: dict[str, Any],
    status: int,
) -> None:
    runtime = world.ready(authorizerConfiguration=authorizer(idp, **constraints))
    assert world.bearer(runtime["agentRuntimeArn"], idp.token(**claims)).status_code == status


@pytest.mark.parametrize(
    "rule",
    [
        custom("groups", "STRING", "CONTAINS", "x"),
        custom("groups", "STRING_ARRAY", "EQUALS", "x"),
        custom("groups", "STRING_ARRAY", "CONTAINS_ANY", "x"),
    ],
)
def test_a_custom_claim_that_makes_no_sense(
    world: World, idp: IdentityProvider, rule: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="goes with"):
        world.ready(authorizerConfiguration=authorizer(idp, customClaims=[rule]))


# --- Cognito, whose host name is looked for in the embedded AWS ---


def test_cognito_access_and_id_tokens(world: World) -> None:
    cognito = world.aws("cognito-idp")
    clients = []
    for name in ("ours", "theirs"):
        pool = cognito.create_user_pool(PoolName=name)["UserPool"]["Id"]
        client = cognito.create_user_pool_client(
            UserPoolId=pool, ClientName=name, ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]["ClientId"]
        cognito.admin_create_user(UserPoolId=pool, Username="user")
        cognito.admin_set_user_password(
            UserPoolId=pool, Username="user", Password="Pass-word-1", Permanent=True
        )
        signed_in = cognito.admin_initiate_auth(
            UserPoolId=pool,
            ClientId=client,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "user", "PASSWORD": "Pass-word-1"},
        )["AuthenticationResult"]
        clients.append((pool, client, signed_in))
    (pool, client, ours), (_, other, theirs) = clients
    url = f"https://cognito-idp.us-west-2.amazonaws.com/{pool}{WELL_KNOWN}"
    # The other pool's client is allowed on purpose: every pool of moto signs with one key.
    allowed = {"discoveryUrl": url, "allowedClients": [client, other]}
    arn = world.ready(authorizerConfiguration={"customJWTAuthorizer": allowed})["agentRuntimeArn"]
    assert world.bearer(arn, ours["AccessToken"]).status_code == 200
    assert world.bearer(arn, ours["IdToken"]).status_code == 401
    answer = world.bearer(arn, theirs["AccessToken"])
    assert (answer.status_code, message(answer)) == (
        401,
        "Claim 'iss' value mismatch with configuration.",
    )


# --- IAM runtimes ---


def test_bearer_on_an_iam_runtime(world: World, idp: IdentityProvider) -> None:
    arn = world.ready()["agentRuntimeArn"]
    answer = world.bearer(arn, idp.token())
    assert answer.status_code == 403
    assert message(answer).startswith("Authorization method mismatch")
    assert "WWW-Authenticate" not in answer.headers


def test_no_signature_on_an_iam_runtime(world: World) -> None:
    arn = world.ready()["agentRuntimeArn"]
    answer = world.bearer(arn, None)
    assert answer.status_code == 403
    assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    document = world.bearer(
        arn, None, path="/invocations/.well-known/oauth-protected-resource", method="GET"
    )
    assert document.status_code == 404


def test_a_wrong_signature_on_an_iam_runtime(world: World) -> None:
    arn = world.ready()["agentRuntimeArn"]
    stranger = world.stranger()
    with pytest.raises(ClientError) as raised:
        stranger.invoke_agent_runtime(agentRuntimeArn=arn, payload=b"{}")
    assert raised.value.response["Error"]["Code"] == "UnrecognizedClientException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


# --- what is not there ---


def test_an_arn_that_is_not_url_encoded(world: World, idp: IdentityProvider, arn: str) -> None:
    from werkzeug.test import Client

    answer = Client(world.core.data).post(
        f"/runtimes/{arn}/invocations", headers={"Authorization": f"Bearer {idp.token()}"}
    )
    assert answer.status_code == 404


def test_an_unknown_runtime_or_endpoint(world: World, idp: IdentityProvider, arn: str) -> None:
    for wrong, query in ((arn[:-1] + "_", ""), (arn, "?qualifier=live")):
        answer = world.bearer(wrong, idp.token(), query=query)
        assert answer.status_code == 404
        assert answer.headers["x-amzn-errortype"] == "ResourceNotFoundException"
        assert message(answer).startswith("No endpoint or agent found with qualifier")


def test_a_runtime_that_is_not_ready_yet_is_not_there(world: World) -> None:
    made = world.control.create_agent_runtime(**world.request())
    with pytest.raises(ClientError) as raised:
        world.invoke(made["agentRuntimeArn"])
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_the_authorizer_of_the_version_that_serves_decides(
    world: World, idp: IdentityProvider, arn: str
) -> None:
    runtime_id = arn.rsplit("/", 1)[1]
    world.update(runtime_id)  # leaves the authorizer out
    assert world.bearer(arn, None).status_code == 401
    world.clock.pass_(world.core.delays.update)
    assert world.bearer(arn, idp.token()).status_code == 403
    assert world.invoke(arn)["body"] == "{}"
