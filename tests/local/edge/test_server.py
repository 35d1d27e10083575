"""The server takes the port that it is told to, or says why it cannot."""

from __future__ import annotations

import socket
from http.client import HTTPConnection

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


@Request.application
def host(request: Request) -> Response:
    return Response(request.headers["Host"])


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        (["localhost:1"], "localhost:1"),
        # The AgentCore SDK's client of WebSockets.
        (["localhost:1", "localhost:1"], "localhost:1"),
        (["localhost:1", "example.com"], "localhost:1,example.com"),
    ],
)
def test_a_host_that_is_sent_twice_is_one(sent: list[str], seen: str) -> None:
    server = Server(host)
    server.start()
    try:
        connection = HTTPConnection(HOST, server.port)
        connection.putrequest("GET", "/", skip_host=True)
        for one in sent:
            connection.putheader("Host", one)
        connection.endheaders()
        assert connection.getresponse().read().decode() == seen
        connection.close()
    finally:
        server.stop()
