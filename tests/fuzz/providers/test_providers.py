"""A provider's documents and token answers end with a token or with SmokeTestError, and the secret stays hidden."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import SecretStr

from lifecycle.clients import Clients
from lifecycle.errors import SmokeTestError
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.token_request import discovered_token_endpoint, request_token
from tests.fuzz.grammar.bodies import bodies, http_headers
from tests.fuzz.grammar.mutation import mutated
from tests.fuzz.grammar.values import values
from tests.fuzz.profile import tries
from tests.fuzz.tally import PROVIDERS, TALLY, LetThrough

DISCOVERY = "https://idp.example.com/.well-known/openid-configuration"
SECRET = "s3cr et+%/of-the-client-0123456789"
DOCUMENT = {
    "issuer": "https://idp.example.com",
    "token_endpoint": "https://idp.example.com/token",
    "jwks_uri": "https://idp.example.com/keys",
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
}
TOKEN = {"access_token": "eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "token_type": "Bearer", "expires_in": 3600}
ERROR = {"error": "invalid_client", "error_description": "no"}


@dataclass
class OneAnswer(Clients):
    """Clients whose plain HTTPS gives one answer to whatever is asked."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def http(self, seconds: float) -> httpx.Client:
        def give(_: httpx.Request) -> httpx.Response:
            # In parts, so that a reader that stops early is seen to stop.
            parts: Iterator[bytes] = (
                self.body[start : start + 65_536] for start in range(0, len(self.body), 65_536)
            )
            return httpx.Response(self.status, headers=self.headers, stream=_Parts(parts))

        return httpx.Client(transport=httpx.MockTransport(give), timeout=seconds)


class _Parts(httpx.SyncByteStream):
    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return self._parts


def check(clients: Clients, act: Callable[[Clients, Patience], Any]) -> None:
    with TALLY.trying(PROVIDERS):
        # The pause before another try is longer than this: each test asks once.
        try:
            act(clients, Patience(0.1, sleep=_no_sleep))
        except SmokeTestError as error:
            check_text(str(error))


def _no_sleep(_: float) -> None:
    """Do not wait."""


def check_text(text: str) -> None:
    """The text is one line of bounded length without a part of the secret."""
    assert len(text) <= 1500
    assert "\n" not in text
    assert text.encode()
    for start in range(len(SECRET) - 8):
        if SECRET[start : start + 8] in text:
            raise LetThrough(f"a part of the secret: {text}")


def discover(clients: Clients, patience: Patience) -> None:
    endpoint, in_body = discovered_token_endpoint(clients, patience, DISCOVERY)
    assert isinstance(endpoint, str)
    assert isinstance(in_body, bool)


def ask_for_a_token(clients: Clients, patience: Patience) -> None:
    token = request_token(
        clients,
        patience,
        "https://idp.example.com/token",
        "robot",
        SecretStr(SECRET),
        {"scope": "run"},
        in_body=True,
    )
    # Sent in a header next: what no header carries must not get so far.
    httpx.Headers({"Authorization": f"Bearer {token.get_secret_value()}"}).raw  # noqa: B018
    assert token.get_secret_value().isascii()


def answers(document: SearchStrategy[Any]) -> SearchStrategy[OneAnswer]:
    statuses = st.sampled_from([200, 200, 200, 200, 201, 204, 301, 400, 401, 404, 429, 500, 599, 999])
    return st.builds(OneAnswer, statuses, http_headers, bodies(document))


def given_once(body: Any, status: int = 200) -> OneAnswer:
    return OneAnswer(status, [], body if isinstance(body, bytes) else json.dumps(body).encode())


@tries(few=100, full=1_500)
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
def test_discovery_documents(answer: OneAnswer) -> None:
    check(answer, discover)


@tries(few=100, full=1_500)
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
    check(answer, ask_for_a_token)


@tries(few=60, full=500)
@given(st.one_of(values, mutated(st.just(DOCUMENT["token_endpoint"]))))
@example("https://[::1")
@example("https://a..b/token")
@example("https://xn--/token")
@example("https://xn--99999999999/token")
@example(f"https://{'a' * 70}.example.com/token")
@example("https://a:99999/token")
@example("ftp://a/token")
@example("https://\u3042.jp/to\nken")
@example(f"https://user:{SECRET}@idp.example.com/token")
@example("\x00")
@example("")
def test_endpoints_that_a_document_names(endpoint: Any) -> None:
    # A document of the provider's decides where the secret is sent.
    def follow(clients: Clients, patience: Patience) -> None:
        named, in_body = discovered_token_endpoint(clients, patience, DISCOVERY)
        request_token(
            given_once(TOKEN),
            patience,
            named,
            "robot",
            SecretStr(SECRET),
            {"audience": None},
            in_body=in_body,
        )

    document = OneAnswer(200, [], json.dumps({**DOCUMENT, "token_endpoint": endpoint}).encode())
    with TALLY.trying(PROVIDERS):
        try:
            follow(document, Patience(0.1, sleep=_no_sleep))
        except SmokeTestError as error:
            message = str(error)
            assert len(message) <= 1500
            assert message.isprintable(), message
