"""The server takes the port that it is told to, or says why it cannot."""

from __future__ import annotations

import socket

import httpx
import pytest
from werkzeug import Request, Response

from local.edge.server import HOST, PortError, Server


@Request.application
def hello(_request: Request) -> Response:
    return Response("hello")


def test_a_port_is_chosen_served_and_given_back() -> None:
    server = Server(hello)
    server.start()
    try:
        answer = httpx.get(f"http://{HOST}:{server.port}/", trust_env=False)
    finally:
        server.stop()
    assert answer.text == "hello"
    again = Server(hello, server.port)
    assert again.port == server.port
    again.start()
    again.stop()


def test_a_port_that_another_listens_on_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortError, match=f"port {port} of 127.0.0.1 is in use"):
            Server(hello, port)
    assert capsys.readouterr() == ("", "")
