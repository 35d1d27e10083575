"""A provider that does not answer is refused before anything is created, quickly, and by its host."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from lifecycle.clients import Connections
from lifecycle.errors import InvalidRequestError
from lifecycle.provider import reach
from lifecycle.provider.reach import no_answer_of
from lifecycle.request.preparation import PrepareEvent, prepare_request
from tests.functions.lifecycle.provider.listener import listening
from tests.functions.lifecycle.provider.test_attempts import FOR_IDP, IDP

CLIENTS: Any = Connections()


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> Any:
    """Clients whose HTTPS is answered by a function."""
    transport = httpx.MockTransport(answer)
    return SimpleNamespace(http=lambda *_: httpx.Client(transport=transport))


@pytest.mark.parametrize("status", [200, 302, 404, 429, 503])
def test_any_answer_is_one(status: int) -> None:
    """What a document must say is checked when it is used; a provider that is busy may be there in a minute."""
    assert no_answer_of(answering(lambda _: httpx.Response(status)), IDP, "any") is None


def test_nothing_is_sent_but_the_question() -> None:
    with listening() as listener:
        assert no_answer_of(CLIENTS, listener.discovery_url, "any") is None
        (heard,) = listener.heard
    assert heard.startswith("GET /.well-known/openid-configuration ")
    assert "authorization" not in heard.lower()


def test_a_provider_that_starts_anew_is_asked_again_after_a_pause() -> None:
    pauses: list[float] = []

    def starting(_: httpx.Request) -> httpx.Response:
        if not pauses:
            raise httpx.ConnectError("refused")
        return httpx.Response(200)

    assert no_answer_of(answering(starting), IDP, "any", pauses.append) is None
    (pause,) = pauses
    assert 1 <= pause <= 2


def unknown(_host: str, _port: int, **_: Any) -> Any:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def private(_host: str, port: int, **_: Any) -> Any:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", port))]


@pytest.mark.parametrize("lookup", [unknown, private])
def test_an_unknown_name_and_a_private_address_read_the_same(
    monkeypatch: pytest.MonkeyPatch, lookup: Callable[..., Any]
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    said = no_answer_of(CLIENTS, IDP, "public", pauses.append)
    assert said == "no answer in 2 tries"


def test_a_closed_port_is_no_answer() -> None:
    pauses: list[float] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        # Bound, but nobody listens: the connection is refused, and nobody else can take the port.
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/.well-known/openid-configuration"
        assert no_answer_of(CLIENTS, url, "any", pauses.append) == "no answer in 2 tries"


def test_a_name_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ended, pauses = threading.Event(), list[float]()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait())
    monkeypatch.setattr(reach, "_ONE_TRY", 0.05)
    try:
        assert no_answer_of(CLIENTS, IDP, "public", pauses.append) is not None
    finally:
        ended.set()


def test_a_provision_is_refused_by_the_host_and_leaves_nothing(
    smoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    transport = httpx.MockTransport(unreachable)
    monkeypatch.setattr(smoke.clients, "http", lambda *_: httpx.Client(transport=transport))
    arn = smoke.keep_secret("theirs", {"clientId": "a", "clientSecret": "b"}, **FOR_IDP)
    auth = {"type": "jwt", "discoveryUrl": IDP, "allowedClients": ["x"], "tokenSecretArn": arn}
    event = PrepareEvent(
        execution="arn:aws:states:us-east-1:123456789012:execution:lifecycle:second",
        input={"environment": "second", "auth": auth},
    )
    with pytest.raises(
        InvalidRequestError,
        match=r"auth\.discoveryUrl: given 'https://idp\.example\.com/.*', whose host idp\.example\.com gave no answer "
        r"in 2 tries: its name must be known in public DNS.*retry when the provider answers$",
    ):
        prepare_request(event, clients=smoke.clients, sleep=smoke.pauses.append)
    assert len(smoke.pauses) == 1
    assert smoke.world.records.get("second") is None
