"""Which addresses a provider may have, and that the connection goes to the address that was checked."""

from __future__ import annotations

import random
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lifecycle.provider.addresses import is_public
from lifecycle.provider.transport import AddressRefusedError, CheckedTransport

PUBLIC = "3.5.140.2"


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2600:1f18::1", "2a05:d018::1"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.7", "10.0.0.1", "172.16.0.1", "172.31.255.255"),
        *("192.168.1.1", "169.254.169.254", "169.254.79.129", "169.254.170.2", "100.64.0.1"),
        *("192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
        *(
            "::",
            "::1",
            "::7f00:1",
            "fe80::1",
            "fe80::1%eth0",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
        ),
        *("ff02::1", "100::1", "2001::1", "2001:db8::1", "3fff::1", "4000::1"),
        # What carries an IPv4 address in it.
        *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "2002:7f00:1::1"),
        *("64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1"),
        # What is no address.
        *("", "localhost", "2130706433", "0x7f.1", "127.1", "1.2.3.4.5"),
    ],
)
def test_any_other_address_is_not(address: str) -> None:
    assert not is_public(address)


def test_no_address_of_a_private_network_is_public() -> None:
    chance = random.Random(9)  # noqa: S311 - a test's own
    networks = [(10 << 24, 8), (0xAC100000, 12), (0xC0A80000, 16), (0xA9FE0000, 16), (127 << 24, 8)]
    for _ in range(5000):
        base, bits = chance.choice(networks)
        four = base | chance.getrandbits(32 - bits)
        assert not is_public(str(IPv4Address(four)))
        for prefix in (0xFFFF << 32, 0x64FF9B << 96, 0x2002 << 112 | four << 80):
            assert not is_public(str(IPv6Address(prefix | four)))


class Inner(httpx.BaseTransport):
    """Notes what would be sent, and to which address."""

    def __init__(self, down: tuple[str, ...] = ()) -> None:
        self.sent: list[httpx.Request] = []
        self._down = down

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if request.url.host in self._down:
            raise httpx.ConnectError("no route")
        return httpx.Response(200, text="answer")


def get(transport: CheckedTransport, url: str = "https://idp.example.com/x") -> httpx.Response:
    with httpx.Client(transport=transport, trust_env=False) as client:
        return client.get(url)


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    asked: list[tuple[str, int]] = []
    answers = iter([[PUBLIC], ["127.0.0.1"]])

    def rebinding(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return next(answers)

    inner = Inner()
    assert get(CheckedTransport("public", resolve=rebinding, inner=inner)).text == "answer"
    assert asked == [("idp.example.com", 443)]
    (sent,) = inner.sent
    assert str(sent.url) == f"https://{PUBLIC}/x"
    assert sent.headers["host"] == "idp.example.com"
    assert sent.extensions["sni_hostname"] == "idp.example.com"


@pytest.mark.parametrize(
    "addresses", [[], ["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::ffff:8.8.8.8"], ["169.254.169.254"]]
)
def test_a_host_with_an_address_that_is_not_public_is_not_asked(addresses: list[str]) -> None:
    inner = Inner()
    with pytest.raises(AddressRefusedError):
        get(CheckedTransport("public", resolve=lambda *_: addresses, inner=inner))
    assert inner.sent == []


def test_the_next_address_is_taken_where_one_cannot_be_reached() -> None:
    inner = Inner(down=("2600:1f18::1",))
    found = ["2600:1f18::1", PUBLIC]
    assert get(CheckedTransport("public", resolve=lambda *_: found, inner=inner)).text == "answer"
    assert [request.url.host for request in inner.sent] == found
    many = [f"3.5.140.{number}" for number in range(1, 30)]
    inner = Inner(down=tuple(many))
    with pytest.raises(httpx.ConnectError):
        get(CheckedTransport("public", resolve=lambda *_: many, inner=inner))
    assert len(inner.sent) == 4


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A server with a certificate for `idp.example.com`; gives its port and its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("idp.example.com")]), False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file = tmp_path / "key.pem"
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        # The test closes the listener; a client that does not trust the certificate hangs up.
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with suppress(OSError), context.wrap_socket(connection, server_side=True) as peer:
                    peer.recv(65_536)
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with closing(listener):
        yield listener.getsockname()[1], file


def test_the_certificate_must_be_the_name_s_and_not_the_address_s(
    tls_server: tuple[int, Path],
) -> None:
    port, file = tls_server
    trust = ssl.create_default_context(cafile=str(file))

    def here(*_: object) -> list[str]:
        return ["127.0.0.1"]

    good = CheckedTransport("any", resolve=here, trust=trust)
    assert get(good, f"https://idp.example.com:{port}/").text == "true"
    for transport, host in (
        (CheckedTransport("any", resolve=here, trust=trust), "other.example.com"),
        (CheckedTransport("any", resolve=here), "idp.example.com"),
    ):
        with pytest.raises(httpx.ConnectError):
            get(transport, f"https://{host}:{port}/")
