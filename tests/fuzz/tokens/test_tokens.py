"""The access check of the local AgentCore lets in the issuer's token for an allowed caller, and no other."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from werkzeug import Request, Response
from werkzeug.serving import make_server
from werkzeug.test import EnvironBuilder

from local.agentcore.data.access import Access
from local.agentcore.data.discovery import Discovery
from local.agentcore.data.target import Target
from local.agentcore.data.tokens import TokenChecker
from local.edge.iam.permission import Place
from local.readings import Readings
from tests.fuzz.profile import tries
from tests.fuzz.tally import TALLY, TOKENS, LetThrough
from tests.fuzz.tokens.forgery import KEY_ID, Issuer, forged

ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/name-abcdefghij"


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """A provider that serves its documents."""
    keys = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]

    def app(environ: Any, start_response: Any) -> Any:
        document: dict[str, Any] = {"issuer": url, "jwks_uri": f"{url}/keys"}
        if Request(environ).path == "/keys":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(keys[0].public_key()))
            document = {"keys": [public | {"kid": KEY_ID, "alg": "RS256", "use": "sig"}]}
        return Response(json.dumps(document), mimetype="application/json")(environ, start_response)

    server = make_server("127.0.0.1", 0, app)
    url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Issuer(url, *keys)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def access(issuer: Issuer) -> Iterator[Access]:
    """The access check. Its clock stands still, so that one provider's keys are fetched once."""
    now = time.time()
    discovery = Discovery("http://127.0.0.1:1", lambda: now)
    tokens, place = TokenChecker(discovery, lambda: now), Place("us-west-2", "123456789012")
    yield Access(tokens, Readings(), lambda _, __: None, place)
    discovery.close()


@pytest.fixture(scope="module")
def target(issuer: Issuer) -> Target:
    """A runtime that takes the issuer's tokens of one client, scope and group."""
    claim = {
        "inboundTokenClaimName": "groups",
        "inboundTokenClaimValueType": "STRING_ARRAY",
        "authorizingClaimMatchValue": {
            "claimMatchOperator": "CONTAINS",
            "claimMatchValue": {"matchValueString": "people"},
        },
    }
    authorizer = {
        "discoveryUrl": f"{issuer.url}/.well-known/openid-configuration",
        "allowedClients": ["client"],
        "allowedScopes": ["agents/invoke"],
        "customClaims": [claim],
    }
    configuration = {
        "protocolConfiguration": {"serverProtocol": "HTTP"},
        "authorizerConfiguration": {"customJWTAuthorizer": authorizer},
    }
    return Target("name-abcdefghij", "name", ARN, "DEFAULT", "1", configuration)


@pytest.fixture(scope="module")
def tokens(issuer: Issuer) -> SearchStrategy[str]:
    """The tokens of an attacker; made once, since making the parts takes long."""
    return forged(issuer)


def answer(access: Access, target: Target, token: str, scheme: str = "Bearer") -> Response | None:
    headers = [("Authorization", f"{scheme} {token}")]
    environ = EnvironBuilder(method="POST", path="/", headers=headers).get_environ()
    return access.refusal(Request(environ), target, "InvokeAgentRuntime")


def check(access: Access, target: Target, issuer: Issuer, token: str, scheme: str) -> None:
    with TALLY.trying(TOKENS):
        refusal = answer(access, target, token, scheme)
        if refusal is None:
            if not is_good(token, issuer):
                raise LetThrough(token[:2000])
            return
        assert refusal.status_code in (401, 403)
        assert refusal.headers["x-amzn-errortype"]


@tries(few=120, full=6_000)
@given(st.data())
def test_no_forged_token_is_let_in(
    access: Access,
    target: Target,
    issuer: Issuer,
    tokens: SearchStrategy[str],
    data: st.DataObject,
) -> None:
    token = data.draw(tokens)
    scheme = data.draw(st.sampled_from(["Bearer", "Bearer", "Bearer", "bearer", "BEARER", "Basic"]))
    check(access, target, issuer, token, scheme)


def test_the_good_token_is_let_in(access: Access, target: Target, issuer: Issuer) -> None:
    # Without this, a check that refuses everything would pass.
    token = issuer.sign(issuer.claims())
    assert is_good(token, issuer)
    assert answer(access, target, token) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": "9999999999"},
        {"exp": True},
        {"exp": [9999999999]},
        {"nbf": float("nan")},
        {"nbf": "tomorrow"},
        {"nbf": 1e12},
        {"iss": ["x"]},
        {"client_id": ["client"]},
        {"client_id": {"client": 1}},
        {"scope": {"agents/invoke": 1}},
        {"scope": "agents/invoke2"},
        {"groups": "people"},
        {"groups": {"people": 1}},
    ],
)
def test_odd_claims_are_refused(
    access: Access, target: Target, issuer: Issuer, changed: dict[str, Any]
) -> None:
    check(access, target, issuer, issuer.sign(issuer.claims() | changed), "Bearer")
    assert not is_good(issuer.sign(issuer.claims() | changed), issuer)


def is_good(token: str, issuer: Issuer) -> bool:
    """Whether a token is one that the issuer signed for an allowed caller: told without a JWT library."""
    try:
        header, claims, signature = (
            base64.urlsafe_b64decode(part + "==") for part in token.strip().split(".")
        )
        signed = token.strip().rpartition(".")[0].encode()
        issuer.key.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        head, said = json.loads(header), json.loads(claims)
    except (ValueError, RecursionError, InvalidSignature):
        return False
    return bool(
        head.get("alg") == "RS256"
        and head.get("kid") == KEY_ID
        and said.get("iss") == issuer.url
        and _is_in_time(said)
        and said.get("client_id") == "client"
        and "agents/invoke" in _scopes(said.get("scope"))
        and isinstance(said.get("groups"), list)
        and "people" in said["groups"]
    )


def _is_in_time(claims: dict[str, Any]) -> bool:
    expiry, begin = claims.get("exp"), claims.get("nbf", 0)
    if not (isinstance(expiry, int | float) and isinstance(begin, int | float)):
        return False
    now = time.time()
    # Neither NaN nor infinity is within bounds.
    return now < expiry < float("inf") and float("-inf") < begin <= now


def _scopes(scope: Any) -> list[Any]:
    return scope.split() if isinstance(scope, str) else scope if isinstance(scope, list) else []
