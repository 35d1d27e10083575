"""A threaded HTTP server for a WSGI application, on loopback and where else the user wants it."""

from __future__ import annotations

import errno
import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - only if the user asks for it
"""Stands for every address of this machine."""

_QUEUE = 128
"""Connections that wait to be accepted."""


class PortError(OSError):
    """The port cannot be listened on, most often because another program does."""


class AddressError(OSError):
    """The address is none of this machine."""


class _Handler(MotoRequestHandler):
    """moto's handler (it keeps underscores in S3 metadata headers), quiet, with chunked answers."""

    protocol_version = "HTTP/1.1"
    # Headers and body are two small writes; Nagle's algorithm would hold the second back.
    disable_nagle_algorithm = True

    def make_environ(self) -> WSGIEnvironment:
        """Read the request's headers.

        The AgentCore SDK's `generate_ws_connection` returns `Host`, which a client of WebSockets sends by itself. AWS
        takes such a request, so the same host twice is one.
        """
        environ = super().make_environ()
        hosts = self.headers.get_all("Host", [])
        if len(hosts) > 1 and len(set(hosts)) == 1:
            environ["HTTP_HOST"] = hosts[0]
        return environ

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing: the call log says it better."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the call log says it better."""


class Server:
    """Serves one application until it is stopped.

    Args:
        app: The WSGI application.
        port: Port; 0 picks a free one.
        name: Names the threads.
        bind: An IPv4 address to listen on beside 127.0.0.1; 0.0.0.0 stands for every address of this machine.

    Raises:
        PortError: The port cannot be had.
        AddressError: `bind` is no address of this machine.
    """

    def __init__(
        self, app: WSGIApplication, port: int = 0, name: str = "gateway", bind: str = HOST
    ) -> None:
        with ExitStack() as undo:
            self._servers = []
            # Every address includes loopback.
            for host in dict.fromkeys((bind,) if bind == EVERYWHERE else (HOST, bind)):
                server = _serving(app, host, port)
                undo.callback(server.server_close)
                self._servers.append(server)
                port = server.port
            undo.pop_all()
        self.port: int = port
        self._threads = [
            threading.Thread(
                target=server.serve_forever,
                kwargs={"poll_interval": 0.05},
                name=name,
                daemon=True,
            )
            for server in self._servers
        ]

    def start(self) -> None:
        """Begin to serve, in threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Close the port; requests that are under way are not waited for."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()


def _serving(app: WSGIApplication, host: str, port: int) -> BaseWSGIServer:
    # werkzeug would print its own words about a port that is taken, and end the process.
    with _listening(host, port) as listener:
        return make_server(
            host, port, app, threaded=True, request_handler=_Handler, fd=listener.fileno()
        )


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=_QUEUE)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise AddressError(f"{host} is no address of this machine") from error
        taken = error.errno == errno.EADDRINUSE
        why = "is in use" if taken else f"cannot be listened on: {error.strerror}"
        raise PortError(f"port {port} of {host} {why}") from error
