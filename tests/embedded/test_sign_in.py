"""Every way to sign in, as a gate: what each refuses, what it answers, and the switch from one to the other."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.embedded.signing_in import Provider

pytestmark = pytest.mark.embedded
REFUSED = {401, 403}
# What every runtime with a JWT authorizer must refuse.
NO_TOKEN = [
    "SigV4 is refused",
    "A call without an Authorization header is refused",
    "A garbage token is refused",
    "An altered token is refused",
]
ANSWERED = "A valid access token is answered"
MATRICES = {
    "password": [
        *NO_TOKEN,
        "An access token of another client is refused",
        "The ID token of the right user is refused",
        ANSWERED,
    ],
    "clientCredentials": [
        *NO_TOKEN,
        "An access token of another client is refused",
        "An access token with the wrong scope is refused",
        ANSWERED,
    ],
    "jwt": [*NO_TOKEN, ANSWERED],
    "iam": [
        "A call without an Authorization header is refused",
        "A garbage token is refused",
        "SigV4 is answered",
    ],
}


class Caller:
    """Calls a runtime without any help of the product."""

    def __init__(self, aws: Any, output: dict[str, Any]) -> None:
        self._aws = aws
        self._runtime = output["runtime"]

    def bearer(self, token: str | None) -> int:
        headers = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": uuid.uuid4().hex * 2}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        answer = httpx.post(
            self._runtime["invocationUrl"],
            headers=headers,
            json={"prompt": "hello"},
            timeout=30,
            trust_env=False,
        )
        return answer.status_code

    def sigv4(self) -> int:
        data = self._aws.client("bedrock-agentcore")
        try:
            answer = data.invoke_agent_runtime(
                agentRuntimeArn=self._runtime["arn"],
                qualifier=self._runtime["endpoint"],
                payload=b'{"prompt": "hello"}',
            )
        except data.exceptions.ClientError as error:
            return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
        answer["response"].read()
        return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def cognito_token(aws: Any, auth: dict[str, Any]) -> str:
    """An access token, as a caller gets it who was given the output and the secret."""
    value = aws.client("secretsmanager").get_secret_value(SecretId=auth["secretArn"])
    secret = json.loads(value["SecretString"])
    if auth["flow"] == "clientCredentials":
        answer = httpx.post(
            auth["tokenEndpoint"],
            data={"grant_type": "client_credentials", "scope": auth["scope"]},
            auth=(secret["clientId"], secret["clientSecret"]),
            trust_env=False,
        )
        return str(answer.raise_for_status().json()["access_token"])
    answer = aws.client("cognito-idp").admin_initiate_auth(
        UserPoolId=auth["userPoolId"],
        ClientId=auth["clientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": secret["username"], "PASSWORD": secret["password"]},
    )
    return str(answer["AuthenticationResult"]["AccessToken"])


def passed_matrix(run: Any, way: str) -> None:
    """The gate held exactly the probes of this way, and saw what it must."""
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    checks = run.output["smokeTest"]["checks"]
    assert [check["name"] for check in checks] == MATRICES[way]
    for check in checks:
        assert check["passed"] is True
        if check["name"].endswith("refused"):
            assert int(check["seen"][:3]) in REFUSED, check
        else:
            assert check["seen"].startswith("200"), check
            assert "echo of" in run.output["smokeTest"]["answer"]


def request(name: str, tiny: dict[str, Any], auth: dict[str, Any]) -> dict[str, Any]:
    return {
        "environment": name,
        "artifact": tiny,
        "auth": auth,
        "smokeTest": {"expect": "echo of"},
    }


# The way of another provider is the next test's.
@pytest.mark.parametrize("way", ["password", "clientCredentials", "iam"])
def test_a_way_to_sign_in(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    auths: dict[str, dict[str, Any]],
    provider: Provider,
    way: str,
) -> None:
    run = lifecycle.run(request(environment(), tiny, auths[way]))
    passed_matrix(run, way)
    caller, auth = Caller(lifecycle.aws, run.output), run.output["auth"]
    if way == "iam":
        assert caller.sigv4() == 200
        assert caller.bearer(provider.token()) in REFUSED
        assert caller.bearer(None) in REFUSED
        return
    assert caller.bearer(cognito_token(lifecycle.aws, auth)) == 200
    assert caller.bearer(provider.token()) in REFUSED
    assert caller.bearer(None) == 401
    assert caller.sigv4() == 403


def test_a_provider_s_clients_audience_and_scopes_all_count(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    auths: dict[str, dict[str, Any]],
    provider: Provider,
) -> None:
    run = lifecycle.run(request(environment(), tiny, auths["jwt"]))
    passed_matrix(run, "jwt")
    caller = Caller(lifecycle.aws, run.output)
    assert caller.bearer(None) == 401
    assert caller.sigv4() == 403
    assert caller.bearer(provider.token()) == 200
    assert caller.bearer(provider.token("somebody")) == 200
    assert caller.bearer(provider.token(scope="other agents/invoke")) == 200
    for wrong in (
        provider.token("stranger"),
        provider.token(aud="others"),
        provider.token(scope="agents/look"),
        provider.token(exp=int(time.time()) + 30),
        Provider(url=provider.url).token(),  # the same claims, another key
    ):
        assert caller.bearer(wrong) in REFUSED
    auth = run.output["auth"]
    assert (auth["discoveryUrl"], auth["secretArn"]) == (
        provider.discovery_url,
        auths["jwt"]["tokenSecretArn"],
    )
    assert provider.asked[-1]["scope"] == ["agents/invoke"]


def test_a_provider_that_refuses_the_caller_ends_red_and_names_no_secret(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    auths: dict[str, dict[str, Any]],
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = provider.clients["smoke"]
    monkeypatch.setitem(provider.clients, "smoke", "changed since")
    run = lifecycle.run(request(environment(), tiny, auths["jwt"]))
    assert (run.status, run.error) == ("FAILED", "SmokeTestError")
    assert f"expected a token from {provider.url}, seen 401 invalid_client" in run.cause
    assert secret not in json.dumps(run.history, default=str, ensure_ascii=False)


def test_the_way_to_sign_in_is_switched_in_place(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    auths: dict[str, dict[str, Any]],
    provider: Provider,
) -> None:
    name = environment()
    tokens: dict[str, str] = {}
    runtimes, versions = set(), []
    for way in ("password", "iam", "clientCredentials", "jwt", "password"):
        run = lifecycle.run(request(name, tiny, auths[way]))
        passed_matrix(run, way)
        runtimes.add(run.output["runtime"]["id"])
        versions.append(run.output["promotion"]["version"])
        caller = Caller(lifecycle.aws, run.output)
        for old, token in tokens.items():
            if old != way:
                assert caller.bearer(token) in REFUSED, f"{old} after the switch to {way}"
        if way == "iam":
            assert caller.sigv4() == 200
            continue
        assert caller.sigv4() == 403
        fresh = (
            provider.token() if way == "jwt" else cognito_token(lifecycle.aws, run.output["auth"])
        )
        tokens.setdefault(way, fresh)
        assert caller.bearer(fresh) == 200
    assert len(runtimes) == 1
    assert versions == ["1", "2", "3", "4", "5"]
