"""A threaded HTTP server on loopback for a WSGI application."""

from __future__ import annotations

import errno
import socket
import threading
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"

_QUEUE = 128
"""Connections that wait to be accepted."""


class PortError(OSError):
    """The port cannot be listened on, most often because another program does."""


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
        port: Port on 127.0.0.1; 0 picks a free one.
        name: Names the thread.

    Raises:
        PortError: The port cannot be had.
    """

    def __init__(self, app: WSGIApplication, port: int = 0, name: str = "gateway") -> None:
        # werkzeug would print its own words about a port that is taken, and end the process.
        with _listening(port) as listener:
            self._server: BaseWSGIServer = make_server(
                HOST, port, app, threaded=True, request_handler=_Handler, fd=listener.fileno()
            )
        self.port: int = self._server.port
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=name,
            daemon=True,
        )

    def start(self) -> None:
        """Begin to serve, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port; requests that are under way are not waited for."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port), backlog=_QUEUE)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "is in use" if taken else f"cannot be listened on: {error.strerror}"
        raise PortError(f"port {port} of {HOST} {why}") from error
