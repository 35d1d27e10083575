"""What no client of botocore sends: the certificate authorities are read once, whatever is connected to."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from lifecycle import clients
from lifecycle.clients import Connections
from lifecycle.provider.transport import CheckedTransport


def test_the_certificate_authorities_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = ssl.SSLContext.load_verify_locations

    def counted(self: ssl.SSLContext, cafile: Any = None, *more: Any) -> None:
        read.append(str(cafile))
        original(self, cafile, *more)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    clients.trusted.cache_clear()
    for _ in range(3):
        Connections().http(1.0).close()
        transport = CheckedTransport("any")
        Connections().http(1.0, transport).close()
        Connections().websocket("wss://example.com/ws", {}, 1.0, 1)
    assert len(read) == 1
    assert read[0].endswith("cacert.pem")
    # What is read once is still checked at each connection.
    trusted = clients.trusted()
    assert (trusted.verify_mode, trusted.check_hostname) == (ssl.CERT_REQUIRED, True)
