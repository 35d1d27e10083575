"""The smoke test ends within its time limit and a small margin, whatever the other side does."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import boto3
import httpx
import pytest

from lifecycle.clients import Clients
from lifecycle.errors import SmokeTestError
from lifecycle.provider.bounded import MAX_BYTES, TooLateError, within
from lifecycle.request.model import parse_request
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.callers.bearer import BearerCaller
from lifecycle.smoke_test.callers.sigv4 import SigV4Caller
from lifecycle.smoke_test.invocation import Message, Target
from lifecycle.smoke_test.pattern import matches
from lifecycle.smoke_test.websocket.caller import WebSocketCaller
from tests.functions.lifecycle.smoke_test.fake_runtime import ARN
from tests.functions.lifecycle.smoke_test.smoke_environment import allowed, run

TARGET = Target(ARN, "DEFAULT", "s" * 33)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
# How much later than its limit a call may return on a machine that is busy.
MARGIN = 3.0

Peer = Callable[[socket.socket], None]


def silent(peer: socket.socket) -> None:
    while peer.recv(65_536):
        pass


def drip_headers(peer: socket.socket) -> None:
    peer.sendall(OK)
    while True:
        peer.sendall(b"x: y\r\n")
        time.sleep(0.02)


def drip_body(peer: socket.socket) -> None:
    peer.sendall(OK + b"\r\n")
    while True:
        peer.sendall(b" ")
        time.sleep(0.02)


def endless_body(peer: socket.socket) -> None:
    peer.sendall(OK + b"\r\n")
    while True:
        peer.sendall(b"1" * 65_536)


def huge_body(peer: socket.socket) -> None:
    peer.sendall(OK + b"Content-Length: 300000000\r\n\r\n")
    for _ in range(300):
        peer.sendall(b"1" * 1_000_000)


def compressed_body(peer: socket.socket) -> None:
    peer.sendall(OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc")


class Server:
    """A TCP server on which each connection is answered by `peer`."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # The client hangs up; that ends this connection.
        with closing(connection), suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65_536)
            self._peer(connection)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Peer], str]]:
    servers: list[Server] = []

    def start(peer: Peer) -> str:
        servers.append(Server(peer))
        return servers[-1].url

    yield start
    for server in servers:
        server.close()


def clients_of(url: str, monkeypatch: pytest.MonkeyPatch) -> Clients:
    """Real clients, whose AgentCore is the server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", url)
    session = boto3.session.Session(
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    return Clients(session)


@pytest.mark.parametrize("caller", ["bearer", "sigv4"])
@pytest.mark.parametrize("peer", [silent, drip_headers, drip_body])
def test_a_call_ends_in_time(
    serve: Any, monkeypatch: pytest.MonkeyPatch, caller: str, peer: Peer
) -> None:
    clients = clients_of(serve(peer), monkeypatch)
    call = BearerCaller(clients, None) if caller == "bearer" else SigV4Caller(clients)
    assert clients.agentcore.meta.endpoint_url
    began = time.monotonic()
    answer = call.invoke(TARGET, Message(b"{}"), 1.0)
    assert str(answer) == "no answer within 1.0 s"
    stopped = call.stop(TARGET, 0.5)
    assert stopped.status is None
    assert time.monotonic() - began < 1.5 + MARGIN


@pytest.mark.parametrize("caller", ["bearer", "sigv4"])
@pytest.mark.parametrize("peer", [endless_body, huge_body])
def test_of_a_huge_answer_only_the_beginning_is_read(
    serve: Any, monkeypatch: pytest.MonkeyPatch, caller: str, peer: Peer
) -> None:
    clients = clients_of(serve(peer), monkeypatch)
    call = BearerCaller(clients, None) if caller == "bearer" else SigV4Caller(clients)
    answer = call.invoke(TARGET, Message(b"{}"), 20.0)
    assert answer.status == 200
    assert len(answer.body) == MAX_BYTES


def test_a_call_without_time_left_is_not_made(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def count(peer: socket.socket) -> None:
        asked.append("call")

    clients = clients_of(serve(count), monkeypatch)
    for call in (BearerCaller(clients, None), SigV4Caller(clients)):
        assert call.invoke(TARGET, Message(b"{}"), 0.0).status is None
    assert asked == []


OPENED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


def drip_handshake(peer: socket.socket) -> None:
    peer.sendall(OPENED)
    while True:
        peer.sendall(b"x")
        time.sleep(0.02)


def huge_refusal(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 300000000\r\n\r\n")
    for _ in range(300):
        peer.sendall(b"1" * 1_000_000)


def no_websocket(peer: socket.socket) -> None:
    peer.sendall(OPENED + b"Sec-WebSocket-Accept: wrong\r\n\r\n")


@pytest.mark.parametrize("caller", ["bearer", "sigv4"])
@pytest.mark.parametrize("peer", [silent, drip_handshake, huge_refusal, no_websocket])
def test_a_handshake_ends_in_time(
    serve: Any, monkeypatch: pytest.MonkeyPatch, caller: str, peer: Peer
) -> None:
    clients = clients_of(serve(peer), monkeypatch)
    call = BearerCaller(clients, None) if caller == "bearer" else SigV4Caller(clients)
    opening = WebSocketCaller(clients, call, lambda _text, _seconds: True)
    began = time.monotonic()
    for message in (Message(b""), Message(b"{}")):
        answer = opening.invoke(TARGET, message, 1.0)
        assert answer.status is None
        assert answer.code.startswith("no answer ")
    assert time.monotonic() - began < 2.0 + MARGIN
    assert opening.invoke(TARGET, Message(b""), 0.0).status is None


class _RealHttp:
    """The fakes, except that plain HTTPS is real."""

    def __init__(self, fakes: Any) -> None:
        self._fakes = fakes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fakes, name)

    def http(self, seconds: float, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        return Clients().http(seconds, transport)


@pytest.mark.parametrize(
    "peer", [silent, drip_headers, drip_body, endless_body, huge_body, compressed_body]
)
@pytest.mark.parametrize("which", ["discovery document", "token endpoint"])
def test_a_provider_cannot_hold_the_smoke_test(
    smoke: Any, serve: Any, peer: Peer, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVIDER_HOSTS", "127.0.0.1")
    monkeypatch.setenv("PROVIDER_NETWORKS", "any")

    def provide(connection: socket.socket) -> None:
        asked.append(which)
        if which == "discovery document" or len(asked) > 1:
            peer(connection)
        body = json.dumps({"issuer": url, "token_endpoint": f"{url}/token"}).encode()
        connection.sendall(OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    asked: list[str] = []
    url = serve(provide)
    arn = smoke.keep_secret(
        "robot",
        {"clientId": "robot", "clientSecret": "client-secret"},
        **allowed("127.0.0.1"),
    )
    smoke.deploy(
        IdentityRecord(
            type="jwt",
            discovery_url=f"{url}/.well-known/openid-configuration",
            allowed_scopes=["run"],
            token_secret_arn=arn,
        )
    )
    smoke.clients = _RealHttp(smoke.clients)
    began = time.monotonic()
    with pytest.raises(SmokeTestError, match="The caller signs in"):
        run(smoke, smokeTest={"timeoutSeconds": 2})
    assert time.monotonic() - began < 2 + MARGIN
    assert asked


def test_aws_cannot_hold_the_smoke_test(password: Any) -> None:
    def late(**_: Any) -> None:
        time.sleep(1.5)

    events = password.clients.secrets.meta.events
    events.register_first("before-call.secrets-manager.GetSecretValue", late)
    try:
        with pytest.raises(SmokeTestError, match="Secrets Manager did not answer in time"):
            run(password, smokeTest={"timeoutSeconds": 1})
    finally:
        events.unregister("before-call.secrets-manager.GetSecretValue", late)


@pytest.mark.parametrize(
    ("pattern", "answer"),
    [
        (r"(\S+)*$x", "a" * 60),
        (r"(\S+\s?)+\.$", "The weather in Tokyo is sunny. It is 27 degrees, and calm"),
        (r"^(a+)+$", "a" * 60 + "!"),
    ],
)
def test_a_pattern_cannot_hold_the_smoke_test(password: Any, pattern: str, answer: str) -> None:
    password.runtime.agent = lambda payload, headers: (
        200,
        {"content-type": "text/plain"},
        answer.encode(),
    )
    began = time.monotonic()
    with pytest.raises(SmokeTestError, match=r"smokeTest\.expect .* took too long") as caught:
        run(password, smokeTest={"expect": pattern, "timeoutSeconds": 3})
    assert time.monotonic() - began < 3 + MARGIN
    assert "nested quantifiers" in str(caught.value)
    assert len(password.runtime.stopped) == 1


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"(?i)TOKYO", "in tokyo", True),
        (r"(?s)a.b", "a\nb", True),
        (r"(?P<n>晴)\s(?P=n)", "晴\u3000晴", True),
        (r"^\d{2}$", "１２", True),
        (r"a{e}", "a{e}", True),
        (r'{"answer": "\w+"}', '{"answer": "晴れ"}', True),
        (r"(?<!\d)5(?=6)", "56", True),
        (r"(?>a+)b", "aab", True),
        (r"a++a", "aaa", False),
        (r"\ud800", "x", False),
        (r"雪", "晴れ", False),
    ],
)
def test_patterns_are_python_s(pattern: str, text: str, found: bool) -> None:
    parse_request({"environment": "dev", "smokeTest": {"expect": pattern}})
    assert matches(pattern, text, 20) is found


def test_a_pattern_cannot_fill_the_memory() -> None:
    # A group in a repeat remembers where it stood for each character.
    with pytest.raises(MemoryError):
        matches(r"(?:(x)|(x))*y", "x" * MAX_BYTES * 4, 60)


def test_what_takes_too_long_is_given_up() -> None:
    assert within(5, lambda: 1) == 1
    with pytest.raises(TooLateError):
        within(0, lambda: 1)
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)
    waiting = threading.Event()
    with pytest.raises(TooLateError):
        within(0.05, waiting.wait)
    waiting.set()
