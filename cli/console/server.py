"""Serves the console on the loopback interface, in a thread, until its block ends."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from cli.console.application import application
from cli.console.security import LOOPBACK, Gate
from cli.errors import StartError, UsageError
from cli.target.deployed import Deployed

DEFAULT_PORT = 4580
_START_SECONDS = 10.0


@contextmanager
def console_served(place: Deployed, port: int | None) -> Iterator[Gate]:
    """Serve the console of a stack.

    Args:
        place: The stack.
        port: The port; 0 for a free one; `None` for the default one, or a free one if it is taken.

    Yields:
        What lets a browser in, with the address to open.

    Raises:
        UsageError: The port is taken, or may not be used.
        StartError: The server does not start.
    """
    bound = _bind(port)
    gate = Gate(bound.getsockname()[1])
    config = uvicorn.Config(
        application(place, gate),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # A page that is being made when the console ends is not waited for.
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [bound]}, name="console", daemon=True
    )
    thread.start()
    try:
        _await(server, thread)
        yield gate
    finally:
        server.should_exit = True
        thread.join()
        bound.close()


def _bind(port: int | None) -> socket.socket:
    try:
        return _bound(DEFAULT_PORT if port is None else port)
    except OSError as error:
        if port is None:
            return _bound(0)
        raise UsageError(
            f"--port {port}: {error.strerror}; use another, or 0 for a free one"
        ) from error


def _bound(port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # A console that has just ended leaves connections that wait; another that listens is still an error.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((LOOPBACK, port))
        found.listen()
    except OSError:
        found.close()
        raise
    return found


def _await(server: uvicorn.Server, thread: threading.Thread) -> None:
    ends = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > ends:
            raise StartError("the console does not start")
        time.sleep(0.01)
