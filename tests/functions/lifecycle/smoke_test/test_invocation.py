"""A call over a real socket: the URL stays encoded, a drip is cut off, nothing of the environment is used."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from lifecycle.clients import Clients
from lifecycle.smoke_test.callers.bearer import BearerCaller
from lifecycle.smoke_test.invocation import Message, Target
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.probes import alter
from lifecycle.smoke_test.sign_in import SignedIn

ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/name-abcdefghij"
TARGET = Target(ARN, "live", "s" * 33)


class Handler(BaseHTTPRequestHandler):
    paths: ClassVar[list[str]] = []
    drip = False

    def do_POST(self) -> None:
        self.paths.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        for _ in range(100 if self.drip else 1):
            try:
                self.wfile.write(b"drop ")
            except OSError:
                return
            if self.drip:
                time.sleep(0.05)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Handler.paths.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class LocalClients(Clients):
    def __init__(self, port: int) -> None:
        super().__init__()
        meta = SimpleNamespace(endpoint_url=f"http://127.0.0.1:{port}")
        self.agentcore = SimpleNamespace(meta=meta)


def test_the_arn_is_sent_encoded(server: ThreadingHTTPServer) -> None:
    caller = BearerCaller(LocalClients(server.server_port), SecretStr("token"))
    answer = caller.invoke(TARGET, Message(b"{}"), 5)
    assert (answer.status, answer.body) == (200, "drop ")
    assert Handler.paths == [
        "/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fname-abcdefghij"
        "/invocations?qualifier=live"
    ]


def test_a_stream_that_drips_is_cut_off(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handler, "drip", True)
    began = time.monotonic()
    answer = BearerCaller(LocalClients(server.server_port), None).invoke(
        TARGET, Message(b"{}"), 0.3
    )
    assert answer.status is None
    assert str(answer) == "no answer within 0.3 s"
    assert time.monotonic() - began < 2


def test_no_server_is_no_answer(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A proxy of the environment would get the token.
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.server_port}")
    answer = BearerCaller(LocalClients(1), SecretStr("token")).invoke(TARGET, Message(b"{}"), 5)
    assert str(answer) == "no answer (ConnectError)"
    assert Handler.paths == []


def test_an_altered_token_differs_in_one_character_of_its_signature() -> None:
    for token in ("h.p.AAAA", "h.p.BCDE", "h.p.A"):
        altered = alter(token)
        assert altered.rpartition(".")[0] == "h.p"
        assert sum(a != b for a, b in zip(token, altered, strict=True)) == 1


def test_tokens_do_not_show() -> None:
    signed_in = SignedIn(SecretStr("token-1"), (("name", SecretStr("token-2")),))
    assert "token-1" not in repr(signed_in)
    assert "token-2" not in f"{signed_in}"
    assert sorted(signed_in.secrets) == ["token-1", "token-2"]


def test_patience_ends() -> None:
    pauses: list[float] = []
    patience = Patience(0.5, pauses.append)
    assert 0 < patience.for_one_try(30) <= 0.5
    assert patience.for_one_try(0.1) == 0.1
    assert Patience(0, pauses.append).for_one_try() == 0
    assert not Patience(0, pauses.append).wait(1)
    assert pauses == []
    # A second is left, but not for a pause and a try that may take as long as an answer does.
    assert not Patience(1.1, pauses.append).wait(1)
    assert pauses == []
    assert Patience(60, pauses.append).wait(100)
    assert 0 < pauses[0] <= 5
