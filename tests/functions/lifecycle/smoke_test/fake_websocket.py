"""The WebSocket of a runtime in this process: a real server of the protocol at the other end of a pair of sockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.sync.server import ServerConnection

Talk = Callable[[ServerConnection], None]
Handle = Callable[[str, dict[str, str]], tuple[int, dict[str, str], bytes]]


def cheerful(connection: ServerConnection) -> None:
    """Answers one message, and closes well."""
    asked = json.loads(connection.recv())
    connection.send(json.dumps({"result": f"東京は晴れです: {asked['prompt']}"}))


def serve(handle: Handle, talk: Talk) -> socket.socket:
    """Start a server for one WebSocket.

    Args:
        handle: Answers the handshake, from its URL and headers; 101 opens the WebSocket.
        talk: What the agent does on it; it is closed with 1000 afterwards, or with 1011 if this raises.

    Returns:
        The client's end.
    """
    ours, theirs = socket.socketpair()
    threading.Thread(target=_serve, args=(ours, handle, talk), daemon=True).start()
    return theirs


def _serve(sock: socket.socket, handle: Handle, talk: Talk) -> None:
    server: Any = SimpleNamespace(socket_closed=threading.Event())
    connection = ServerConnection(
        sock, ServerProtocol(), server, ping_interval=None, close_timeout=1.0
    )

    def answer(_connection: ServerConnection, request: Request) -> Response | None:
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        url = f"https://{request.headers['Host']}{request.path}"
        status, answered, body = handle(url, headers)
        if status == HTTPStatus.SWITCHING_PROTOCOLS:
            return None
        with_length = Headers({**answered, "Content-Length": str(len(body)), "Connection": "close"})
        return Response(status, HTTPStatus(status).phrase, with_length, body)

    connection.handshake(answer)
    if connection.response is None or connection.response.status_code != 101:
        connection.close_socket()
        return
    try:
        with connection:
            talk(connection)
    except (ConnectionClosed, RuntimeError):
        return  # closed with 1011, or by the other end
