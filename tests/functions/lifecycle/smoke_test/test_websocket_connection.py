"""A WebSocket over a real socket: a token goes only to the host in the URL, and a stranger's certificate counts not."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from lifecycle.clients import Clients
from lifecycle.smoke_test.callers.bearer import BearerCaller
from lifecycle.smoke_test.invocation import Answer, Message
from lifecycle.smoke_test.websocket.caller import WebSocketCaller
from tests.functions.lifecycle.smoke_test.test_invocation import TARGET


class Listener:
    """Keeps what each connection sends first, and answers it with a text."""

    def __init__(self, answer: bytes, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[bytes] = []
        self._answer = answer
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
                with connection:
                    stream = (
                        self._tls.wrap_socket(connection, server_side=True)
                        if self._tls
                        else connection
                    )
                    self.seen.append(stream.recv(65_536))
                    stream.sendall(self._answer)
            except ssl.SSLError:
                continue
            except OSError:
                return

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def elsewhere() -> Iterator[Listener]:
    """A server that must not be asked anything."""
    listener = Listener(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    yield listener
    listener.close()


def opened(url: str) -> Answer:
    clients = Clients()
    clients.__dict__["agentcore"] = SimpleNamespace(meta=SimpleNamespace(endpoint_url=url))
    caller = BearerCaller(clients, SecretStr("token"))
    return WebSocketCaller(clients, caller, lambda _text, _seconds: True).invoke(
        TARGET, Message(b"{}"), 5.0
    )


def test_a_redirect_is_not_followed(elsewhere: Listener) -> None:
    answer = (
        "HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n"
        f"Location: http://127.0.0.1:{elsewhere.port}/\r\n\r\n"
    )
    first = Listener(answer.encode())
    assert str(opened(f"http://127.0.0.1:{first.port}")) == "307 Temporary Redirect"
    first.close()
    (request,) = first.seen
    assert request.startswith(
        b"GET /runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fname-abcdefghij"
        b"/ws?qualifier=live HTTP/1.1\r\n"
    )
    assert b"Authorization: Bearer token\r\n" in request
    assert b"Sec-WebSocket-Extensions" not in request
    assert elsewhere.seen == []


def test_a_proxy_of_the_environment_is_not_used(
    elsewhere: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{elsewhere.port}")
    assert str(opened("http://127.0.0.1:1")) == "no answer (ConnectionRefusedError)"
    assert elsewhere.seen == []


@pytest.fixture
def own_certificate(tmp_path: Path) -> Path:
    """A key and a certificate for this machine that nobody else has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "own.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


def test_a_certificate_that_only_the_environment_trusts_does_not_count(
    own_certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(own_certificate))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(own_certificate)
    listener = Listener(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", tls)
    url = f"https://localhost:{listener.port}"
    assert str(opened(url)) == "no answer (SSLCertVerificationError)"
    assert listener.seen == []
    # It is the certificate alone: who trusts it is answered.
    trusting = ssl.create_default_context(cafile=own_certificate)
    assert httpx.get(url, verify=trusting, trust_env=False).status_code == 401
    listener.close()
