"""A provider's documents and token answers end with a token or with SmokeTestError, and the secret stays hidden."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lifecycle.clients import Clients
from lifecycle.errors import SmokeTestError
from lifecycle.provider.secret_tags import ENVIRONMENTS_TAG, HOST_TAG
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.credentials import token_request
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.sign_in import sign_in
from tests.functions.lifecycle.conftest import PROVIDERS as SETTINGS
from tests.fuzz.grammar.bodies import bodies, http_headers
from tests.fuzz.grammar.mutation import mutated
from tests.fuzz.grammar.values import values
from tests.fuzz.profile import tries
from tests.fuzz.tally import PROVIDERS, TALLY, LetThrough

DISCOVERY = "https://idp.example.com/.well-known/openid-configuration"
TAGS = [
    {"Key": HOST_TAG, "Value": "idp.example.com"},
    {"Key": ENVIRONMENTS_TAG, "Value": "stack/dev"},
]
SECRET = "s3cr et+%/of-the-client-0123456789"
DOCUMENT = {
    "issuer": "https://idp.example.com",
    "token_endpoint": "https://idp.example.com/token",
    "jwks_uri": "https://idp.example.com/keys",
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
}
TOKEN = {
    "access_token": "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
    "token_type": "Bearer",
    "expires_in": 3600,
}
ERROR = {"error": "invalid_client", "error_description": "no"}


ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:theirs-abcdef"
IDENTITY = IdentityRecord(
    type="jwt", discovery_url=DISCOVERY, allowed_scopes=["run"], token_secret_arn=ARN
)


@dataclass(frozen=True)
class OneAnswer:
    """An answer of a provider."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def response(self) -> httpx.Response:
        return httpx.Response(self.status, headers=self.headers, stream=_Parts(self.body))


class _Parts(httpx.SyncByteStream):
    """A body that comes in parts."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._body), 65_536):
            yield self._body[start : start + 65_536]


class Provider(Clients):
    """Clients whose plain HTTPS reaches a provider of two answers, and whose secret is allowed for it."""

    def __init__(self, document: OneAnswer, token: OneAnswer) -> None:
        super().__init__()
        self._document, self._token = document, token
        self.sent_to: list[str] = []
        held = json.dumps({"clientId": "robot", "clientSecret": SECRET, "scope": "run"})
        self.__dict__["secrets"] = SimpleNamespace(
            describe_secret=lambda **_: {"ARN": ARN, "Tags": TAGS},
            get_secret_value=lambda **_: {"SecretString": held},
        )

    def http(self, seconds: float, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        def give(request: httpx.Request) -> httpx.Response:
            if request.method == "GET":
                return self._document.response()
            self.sent_to.append(str(request.url))
            return self._token.response()

        return httpx.Client(transport=httpx.MockTransport(give), trust_env=False)


class Once(Patience):
    """Asks once, for as long as a busy machine takes."""

    def __init__(self) -> None:
        super().__init__(60.0)

    def wait(self, tries: int) -> bool:
        """Do not ask again."""
        return False


@pytest.fixture(autouse=True, scope="module")
def function_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"STACK_NAME": "stack", "TABLE_NAME": "table", **SETTINGS}.items():
            patch.setenv(name, value)
        # It reads the system's certificates, a tenth of a second each time; the answers come from no network here.
        patch.setattr(token_request, "CheckedTransport", lambda _: None)
        yield


def check(document: OneAnswer, token: OneAnswer) -> None:
    with TALLY.trying(PROVIDERS):
        provider = Provider(document, token)
        try:
            signed_in = sign_in("dev", IDENTITY, provider, Once())
        except SmokeTestError as error:
            check_text(str(error))
        else:
            # It is sent in a header next, which cannot carry everything.
            assert signed_in.token is not None
            assert re.fullmatch(r"[!-~]+", signed_in.token.get_secret_value())
        for url in provider.sent_to:
            if not url.startswith("https://idp.example.com/"):
                raise LetThrough(f"the secret was sent to {url}")


def check_text(text: str) -> None:
    """The text is one line of bounded length without a part of the secret."""
    assert len(text) <= 1500
    assert text.isprintable(), repr(text)
    for start in range(len(SECRET) - 8):
        if SECRET[start : start + 8] in text:
            raise LetThrough(f"a part of the secret: {text}")


def answers(document: SearchStrategy[Any]) -> SearchStrategy[OneAnswer]:
    statuses = st.sampled_from(
        [200, 200, 200, 200, 201, 204, 301, 400, 401, 404, 429, 500, 599, 999]
    )
    return st.builds(OneAnswer, statuses, http_headers, bodies(document))


def given_once(body: Any, status: int = 200) -> OneAnswer:
    return OneAnswer(status, [], body if isinstance(body, bytes) else json.dumps(body).encode())


@tries(few=40, full=1_500)
@given(answers(st.one_of(mutated(st.just(DOCUMENT)), values)))
@example(given_once({**DOCUMENT, "token_endpoint_auth_methods_supported": None}))
@example(given_once({**DOCUMENT, "token_endpoint_auth_methods_supported": {"a": 1}}))
@example(given_once({**DOCUMENT, "token_endpoint_auth_methods_supported": [[], {}, None]}))
@example(given_once(b'{"a":' * 5000 + b"1" + b"}" * 5000))
@example(given_once(b"[" * 100_000))
@example(given_once(b'{"token_endpoint": "\\ud800"}'))
@example(given_once(b'{"token_endpoint": 1e400}'))
@example(given_once(b"{" + b" " * 3_000_000 + b"}"))
@example(given_once(b"1" * 5000))
@example(OneAnswer(301, [(b"location", b"a:http://internal/")], b""))
@example(OneAnswer(302, [(b"location", b"https://xn--99999999999/")], b""))
def test_discovery_documents(answer: OneAnswer) -> None:
    check(answer, given_once(TOKEN))


@tries(few=40, full=1_500)
@given(answers(st.one_of(mutated(st.sampled_from([TOKEN, ERROR])), values)))
@example(given_once({"error": f"invalid_client robot:{SECRET}"}, 400))
@example(given_once({"error": SECRET}, 401))
@example(given_once({"error": ["invalid_client"]}, 400))
@example(given_once({"access_token": "a\r\nX: y"}))
@example(given_once({"access_token": "\u3042"}))
@example(given_once({"access_token": ""}))
@example(given_once(f'"{SECRET}"'.encode(), 500))
@example(given_once(b'{"access_token": "\\ud800"}'))
@example(given_once(b'{"a":' * 5000 + b"1" + b"}" * 5000))
def test_token_answers(answer: OneAnswer) -> None:
    check(given_once(DOCUMENT), answer)


@tries(few=24, full=600)
@given(st.one_of(values, mutated(st.just(DOCUMENT["token_endpoint"]))).map(json.dumps))
@example(json.dumps("https://[::1"))
@example(json.dumps("https://a..b/token"))
@example(json.dumps("https://xn--/token"))
@example(json.dumps("https://xn--99999999999/token"))
@example(json.dumps(f"https://{'a' * 70}.example.com/token"))
@example(json.dumps("https://idp.example.com:99999/token"))
@example(json.dumps("https://idp.example.com@attacker.example/token"))
@example(json.dumps("https://attacker.example\\@idp.example.com/token"))
@example(json.dumps("https://idp.example.com.attacker.example/token"))
@example(json.dumps("http://idp.example.com/token"))
@example(json.dumps("https://idp.example.com/to\nken"))
@example(json.dumps("https://idp.example.com\r\nHost: a/"))
@example(json.dumps("https://169.254.169.254/latest"))
@example(json.dumps("\x00"))
@example(json.dumps(""))
def test_endpoints_that_a_document_names(text: str) -> None:
    # The document decides where the secret is sent, as far as we let it.
    check(given_once({**DOCUMENT, "token_endpoint": json.loads(text)}), given_once(TOKEN))
