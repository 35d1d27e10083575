"""What a second tenant tries, who may only start executions: each attempt, and what refuses it.

Every attempt runs through the stage functions: the request is prepared, and if that does not refuse it, the smoke test
runs. No attempt reads a secret's value, and nothing of a secret reaches a provider.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from lifecycle.errors import InvalidRequestError, LifecycleError, SmokeTestError
from lifecycle.identity.provision import provision_identity
from lifecycle.provider.secret_tags import ENVIRONMENTS_TAG, HOST_TAG, Use, refusal
from lifecycle.request.preparation import PrepareEvent, prepare_request
from lifecycle.sections.identity import IdentityRecord
from tests.functions.lifecycle.provider.test_theft import RealHttp
from tests.functions.lifecycle.smoke_test.fake_runtime import reply
from tests.functions.lifecycle.smoke_test.smoke_environment import run

DOCUMENT = "/.well-known/openid-configuration"
IDP = f"https://idp.example.com{DOCUMENT}"
POOL = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_theirs"
SECRET = "s3cret-of-the-first-tenant"
# An attempt is made for `second`, and then against the record of `dev`.
BOTH = {ENVIRONMENTS_TAG: "stack/second stack/dev"}
FOR_IDP = {HOST_TAG: "idp.example.com", **BOTH}
OWNED = {"agentcore-lifecycle:stack": "stack", "agentcore-lifecycle:environment": "shop"}


@dataclass(frozen=True)
class Attempt:
    """An attempt.

    Attributes:
        name: What is tried.
        refused_by: What the refusal says.
        url: The discovery URL.
        tags: The tags of the secret that is named; None for the own secret of environment `dev`.
        document: The provider's discovery document.
        error: The error; by default the request itself is refused.
        arn: A secret's ARN that is named instead.
    """

    name: str
    refused_by: str
    url: str = IDP
    tags: dict[str, str] | None = field(default_factory=lambda: FOR_IDP)
    document: dict[str, Any] | None = None
    error: type[LifecycleError] = InvalidRequestError
    arn: str | None = None


HOSTS = "allowed: a URL of one of the hosts cognito-idp"
HTTPS = "allowed: a URL that begins with https:// and has no port other than 443"
PLAIN = "allowed: a URL with a host name, without user and password"
ENVIRONMENT_S = "belongs to an environment, and no other environment may use it"
ELSEWHERE = "the secret is sent only to https://"
ANOTHER_ISSUER = "a document of another issuer"


def documented(issuer: str, token_endpoint: str) -> dict[str, Any]:
    return {"issuer": issuer, "token_endpoint": token_endpoint}


ATTEMPTS = [
    # Another's secret.
    Attempt("the own secret of another environment", ENVIRONMENT_S, tags=None),
    Attempt(
        "the own secret of an environment, tagged for a host, too",
        ENVIRONMENT_S,
        tags={**OWNED, **FOR_IDP},
    ),
    Attempt(
        "the secret of an environment of another stack",
        ENVIRONMENT_S,
        tags={**OWNED, "agentcore-lifecycle:stack": "other", **FOR_IDP},
    ),
    Attempt(
        "a secret with one ownership tag left",
        ENVIRONMENT_S,
        tags={"agentcore-lifecycle:environment": "shop", **FOR_IDP},
    ),
    Attempt("a secret of another application", f"has no tag {HOST_TAG}; if the secret", tags={}),
    Attempt(
        "a secret with the former tag",
        "smoke-test=allowed no longer suffices, because it names no host",
        tags={"agentcore-lifecycle:smoke-test": "allowed"},
    ),
    Attempt("a secret with an empty tag", f"has no tag {HOST_TAG}", tags={HOST_TAG: " "}),
    Attempt(
        "a secret for another host",
        "may be used only for auth.example.org, not for idp.example.com",
        tags={HOST_TAG: "auth.example.org"},
    ),
    Attempt(
        "a secret for a longer host",
        "may be used only for a.idp.example.com, not for",
        tags={HOST_TAG: "a.idp.example.com"},
    ),
    Attempt(
        "a secret for every environment of its host, as before",
        f"has no tag {ENVIRONMENTS_TAG}; if the secret",
        tags={HOST_TAG: "idp.example.com"},
    ),
    *(
        Attempt(
            f"a secret for {users}",
            f"has a tag {ENVIRONMENTS_TAG} without stack/",
            tags={HOST_TAG: "idp.example.com", ENVIRONMENTS_TAG: users},
        )
        for users in (
            "stack/shop",
            "other/second other/dev other/...",
            "stack/second-2 stack/dev-2",
            "stack/sec stack/de",
            "stack/second-... stack/dev-...",
            "second dev ... * /second /dev /... stack stack/ stack/*",
            "stack-2/... xstack/...",
            "STACK/...",
            "stack/second/dev",
        )
    ),
    Attempt(
        "a secret that is not there",
        "which Secrets Manager does not have",
        arn="arn:aws:secretsmanager:us-east-1:123456789012:secret:none-AbCdEf",
    ),
    # A provider of the tenant's own.
    Attempt("a provider of the tenant's own", HOSTS, url=f"https://attacker.example{DOCUMENT}"),
    Attempt("a host below an allowed one", HOSTS, url=f"https://x.idp.example.com{DOCUMENT}"),
    Attempt("a host that begins alike", HOSTS, url=f"https://idp.example.com.evil.org{DOCUMENT}"),
    Attempt(
        "a host with a dot at its end", "allowed: a URL", url=f"https://idp.example.com.{DOCUMENT}"
    ),
    Attempt(
        "more labels than the pattern has",
        HOSTS,
        url=f"https://cognito-idp.us.evil.amazonaws.com{DOCUMENT}",
    ),
    Attempt("a user before the host", PLAIN, url=f"https://idp.example.com@evil.org{DOCUMENT}"),
    Attempt("a backslash", PLAIN, url=f"https://idp.example.com\\@evil.org{DOCUMENT}"),
    Attempt("an IPv6 address", PLAIN, url=f"https://[::1]{DOCUMENT}"),
    Attempt("instance metadata", HTTPS, url=f"http://169.254.169.254{DOCUMENT}"),
    Attempt("instance metadata by HTTPS", HOSTS, url=f"https://169.254.169.254{DOCUMENT}"),
    Attempt("this machine", HOSTS, url=f"https://localhost{DOCUMENT}"),
    Attempt("plain HTTP to an allowed host", HTTPS, url=f"http://idp.example.com{DOCUMENT}"),
    Attempt("another port of an allowed host", HTTPS, url=f"https://idp.example.com:22{DOCUMENT}"),
    # A document of the tenant's own at an allowed host.
    Attempt(
        "a token endpoint at another host",
        ELSEWHERE,
        document=documented("https://idp.example.com", "https://attacker.example/token"),
        error=SmokeTestError,
    ),
    Attempt(
        "a token endpoint with plain HTTP",
        ELSEWHERE,
        document=documented("https://idp.example.com", "http://idp.example.com/token"),
        error=SmokeTestError,
    ),
    Attempt(
        "a token endpoint at another port",
        ELSEWHERE,
        document=documented("https://idp.example.com", "https://idp.example.com:8443/token"),
        error=SmokeTestError,
    ),
    Attempt(
        "a token endpoint with a user",
        "whose token_endpoint is no URL",
        document=documented("https://idp.example.com", "https://idp.example.com@evil.org/token"),
        error=SmokeTestError,
    ),
    Attempt(
        "a token endpoint that the secret's tag names, but not the stack",
        ELSEWHERE,
        tags={HOST_TAG: "idp.example.com attacker.example", **BOTH},
        document=documented("https://idp.example.com", "https://attacker.example/token"),
        error=SmokeTestError,
    ),
    Attempt(
        "a Cognito domain for another issuer",
        ELSEWHERE,
        document=documented(
            "https://idp.example.com", "https://evil.auth.us-east-1.amazoncognito.com/token"
        ),
        error=SmokeTestError,
    ),
    Attempt(
        "a document of another issuer",
        ANOTHER_ISSUER,
        document=documented("https://attacker.example", "https://idp.example.com/token"),
        error=SmokeTestError,
    ),
    Attempt(
        "a user pool of the tenant's own with a custom domain",
        ELSEWHERE,
        url=f"{POOL}{DOCUMENT}",
        tags={HOST_TAG: "cognito-idp.us-east-1.amazonaws.com", **BOTH},
        document=documented(POOL, "https://auth.attacker.example/oauth2/token"),
        error=SmokeTestError,
    ),
    Attempt(
        "a Cognito domain of another Region",
        ELSEWHERE,
        url=f"{POOL}{DOCUMENT}",
        tags={HOST_TAG: "cognito-idp.us-east-1.amazonaws.com", **BOTH},
        document=documented(POOL, "https://x.auth.eu-west-1.amazoncognito.com/oauth2/token"),
        error=SmokeTestError,
    ),
]


def asked_for_values(clients: Any) -> list[str]:
    """Note each secret whose value is read from now on."""
    read: list[str] = []
    clients.secrets.meta.events.register(
        "before-call.secrets-manager.GetSecretValue", lambda **_: read.append("value")
    )
    return read


@pytest.fixture
def tenant(smoke: Any) -> Any:
    """The account: environment `dev` of the first tenant, with a client's secret, and its runtime."""
    auth = {"type": "cognito", "flow": "clientCredentials"}
    provision_identity(smoke.world.event(auth=auth), clients=smoke.world.clients)
    smoke.deploy()
    return smoke


def attempt_it(tenant: Any, attempt: Attempt) -> None:
    own = str(tenant.world.identity.secret_arn)
    secret = {"clientId": "first", "clientSecret": SECRET}
    arn = attempt.arn or (
        own if attempt.tags is None else tenant.keep_secret("theirs", secret, **attempt.tags)
    )
    auth = {
        "type": "jwt",
        "discoveryUrl": attempt.url,
        "allowedClients": ["x"],
        "tokenSecretArn": arn,
    }
    if attempt.document is not None:
        tenant.provider.script = [reply(200, attempt.document)] * 20
    event = PrepareEvent(
        execution="arn:aws:states:us-east-1:123456789012:execution:lifecycle:second",
        input={"environment": "second", "auth": auth},
    )
    prepared = prepare_request(event, clients=tenant.clients).request
    tenant.deploy(
        IdentityRecord(
            type="jwt",
            discovery_url=prepared.auth.discovery_url,
            allowed_clients=prepared.auth.allowed_clients,
            token_secret_arn=prepared.auth.token_secret_arn,
        )
    )
    run(tenant)


@pytest.mark.parametrize(
    "users",
    ["stack/second", "other/x  stack/second", "stack/sec...", "stack/second...", "stack/..."],
)
def test_the_owner_of_a_secret_allows_it_by_its_tags(users: str) -> None:
    tags = {HOST_TAG: "idp.example.com", ENVIRONMENTS_TAG: users}
    assert refusal(tags, Use("idp.example.com", "stack", "second")) is None


def test_a_refusal_tells_nothing_of_whom_else_the_secret_is_for() -> None:
    tags = {HOST_TAG: "idp.example.com", ENVIRONMENTS_TAG: "stack/secret-project"}
    said = str(refusal(tags, Use("idp.example.com", "stack", "second")))
    assert "secret-project" not in said
    assert said.endswith(f"the tags {HOST_TAG}=idp.example.com and {ENVIRONMENTS_TAG}=stack/second")


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_an_attempt_is_refused(tenant: Any, attempt: Attempt) -> None:
    values = asked_for_values(tenant.clients)
    with pytest.raises(attempt.error) as caught:
        attempt_it(tenant, attempt)
    assert attempt.refused_by in str(caught.value)
    assert SECRET not in str(caught.value)
    assert values == []
    assert tenant.provider.forms == []
    if attempt.error is InvalidRequestError:
        assert tenant.world.records.get("second") is None


def test_the_same_attempts_against_a_record_are_refused_too(tenant: Any) -> None:
    """The smoke test does not rely on the request's check: the record may be older, or the parameter changed."""
    values = asked_for_values(tenant.clients)
    own = str(tenant.world.identity.secret_arn)
    for number, attempt in enumerate(ATTEMPTS):
        if attempt.error is not InvalidRequestError or attempt.arn:
            continue
        arn = (
            own
            if attempt.tags is None
            else tenant.keep_secret(f"theirs-{number}", {"clientId": "x"}, **attempt.tags)
        )
        tenant.deploy(
            IdentityRecord(
                type="jwt",
                discovery_url=attempt.url,
                allowed_clients=["x"],
                token_secret_arn=arn,
            )
        )
        with pytest.raises(SmokeTestError) as caught:
            run(tenant)
        assert attempt.refused_by.partition(";")[0] in str(caught.value), attempt.name
    assert values == []


def test_an_environment_s_record_cannot_name_the_secret_of_another(tenant: Any) -> None:
    values = asked_for_values(tenant.clients)
    other = tenant.keep_secret(
        "stack/shop/machine", {"clientId": "a", "clientSecret": SECRET}, **OWNED
    )
    arns = {"clientCredentials": other}
    tenant.deploy(tenant.world.identity.model_copy(update={"secret_arns": arns}))
    with pytest.raises(SmokeTestError, match="without the tags of environment 'dev' of stack"):
        run(tenant)
    assert values == []


def test_a_redirect_is_not_followed(tenant: Any) -> None:
    arn = tenant.keep_secret("theirs", {"clientId": "x", "clientSecret": SECRET}, **FOR_IDP)
    tenant.deploy(
        IdentityRecord(type="jwt", discovery_url=IDP, allowed_clients=["x"], token_secret_arn=arn)
    )
    good = reply(200, documented("https://idp.example.com", "https://idp.example.com/token"))
    away = (307, {"location": "https://attacker.example/"}, b"")
    tenant.provider.script = [away]
    with pytest.raises(SmokeTestError, match="seen 307 Temporary Redirect"):
        run(tenant)
    tenant.provider.script = [good, away]
    with pytest.raises(SmokeTestError, match="seen 307 Temporary Redirect"):
        run(tenant)
    assert tenant.provider.script == []
    assert tenant.provider.forms == []


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Each address that is connected to from now on; no connection succeeds."""
    made: list[Any] = []

    def connect(address: Any, *_: Any, **__: Any) -> socket.socket:
        made.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    return made


def resolving(*answers: str | Exception) -> Callable[..., list[Any]]:
    """A resolver that gives one answer after the other, and the last one from then on."""
    left = list(answers)

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answer, port))]

    return getaddrinfo


def test_what_cannot_be_reached_has_one_text_and_no_private_address_is_connected_to(
    tenant: Any, monkeypatch: pytest.MonkeyPatch, connections: list[Any]
) -> None:
    arn = tenant.keep_secret("theirs", {"clientId": "x", "clientSecret": SECRET}, **FOR_IDP)
    tenant.deploy(
        IdentityRecord(type="jwt", discovery_url=IDP, allowed_clients=["x"], token_secret_arn=arn)
    )
    tenant.clients = RealHttp(tenant.clients)
    texts = set()
    for answers in (
        (socket.gaierror("unknown"),),
        ("127.0.0.1",),
        ("169.254.169.254",),
        ("10.1.2.3",),
        # Its connection is refused.
        ("3.5.140.2",),
        # DNS rebinding: another address after the check.
        ("3.5.140.2", "127.0.0.1"),
    ):
        monkeypatch.setattr(socket, "getaddrinfo", resolving(*answers))
        with pytest.raises(SmokeTestError) as caught:
            run(tenant)
        texts.add(str(caught.value))
    (text,) = texts
    assert IDP in text
    assert "no answer" in text
    assert {address for address, _ in connections} == {"3.5.140.2"}
