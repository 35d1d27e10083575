"""The sign-in hint against a real server: within its time, bounded, and without following it elsewhere."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from lifecycle.clients import Clients
from lifecycle.errors import SmokeTestError
from lifecycle.gateway_test.address import ThroughGateway
from lifecycle.gateway_test.sign_in_hint import SignInHint
from lifecycle.smoke_test.gate import Check
from lifecycle.smoke_test.invocation import Message
from lifecycle.smoke_test.patience import Patience
from tests.functions.lifecycle.smoke_test.fake_runtime import ARN

ISSUER = "https://idp.example.com"
# How much later than its limit a check may return on a machine that is busy.
MARGIN = 3.0

Document = Callable[[http.server.BaseHTTPRequestHandler], None]


class Gateway:
    """A server that refuses every POST and tells where the document is, which `document` answers."""

    def __init__(self, document: Document) -> None:
        gateway = self
        self.paths: list[str] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                gateway.paths.append(self.path)
                self.send_response(401)
                self.send_header(
                    "WWW-Authenticate", f'Bearer resource_metadata="{gateway.url}/document"'
                )
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                gateway.paths.append(self.path)
                # The client hangs up; that ends this connection.
                with suppress(OSError):
                    document(self)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/gateways/x"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def served() -> Iterator[Callable[[Document], Gateway]]:
    made: list[Gateway] = []

    def serve(document: Document) -> Gateway:
        made.append(Gateway(document))
        return made[-1]

    yield serve
    for gateway in made:
        gateway.server.shutdown()
        gateway.server.server_close()


def checked(gateway: Gateway, clients: Any, seconds: float = 60) -> tuple[float, str]:
    """How long the check took, and what was wrong; empty if it passed."""
    target = ThroughGateway(
        *(ARN, "live", "s" * 33), gateway_arn="arn:gateway", gateway_url=gateway.url
    )
    hint = SignInHint(
        clients=clients,
        target=target,
        gateway_url=gateway.url,
        message=Message(b"{}"),
        discovery_url=f"{ISSUER}/.well-known/openid-configuration",
        patience=Patience(seconds, lambda _: None),
    )
    checks: list[Check] = []
    began = time.monotonic()
    try:
        hint.check(checks)
    except SmokeTestError as error:
        return time.monotonic() - began, str(error)
    return time.monotonic() - began, ""


def answer(body: bytes, status: int = 200, **headers: str) -> Document:
    def document(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return document


@pytest.fixture
def clients(aws_session: Any) -> Any:
    return Clients(aws_session)


def test_a_document_at_the_gateways_own_address(served: Any, clients: Any) -> None:
    documents: list[bytes] = []
    gateway = served(lambda handler: answer(documents[0])(handler))
    documents.append(
        f'{{"resource": "{gateway.url}/", "authorization_servers": ["{ISSUER}/"]}}'.encode()
    )
    assert checked(gateway, clients)[1] == ""
    assert gateway.paths == ["/gateways/x/live/invocations", "/gateways/x/document"]


def test_a_redirect_is_not_followed(served: Any, clients: Any) -> None:
    elsewhere = served(answer(b"{}"))
    gateway = served(answer(b"", 302, Location=f"{elsewhere.url}/document"))
    assert "302 Found" in checked(gateway, clients)[1]
    assert elsewhere.paths == []


def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" ")
        time.sleep(0.02)


def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65_536)


def silent(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)


@pytest.mark.parametrize("document", [drip, endless, silent])
def test_a_document_without_end_keeps_to_the_time(
    served: Any, clients: Any, document: Document
) -> None:
    seconds, said = checked(served(document), clients, 1.0)
    assert seconds < 1.0 + MARGIN
    assert "no answer" in said or "no JSON object" in said
