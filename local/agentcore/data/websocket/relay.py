"""Pass what client and agent say on a WebSocket to the other, until one of them ends it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.protocol import Event
from websockets.server import ServerProtocol
from websockets.sync.connection import Connection

_CLOSE_SECONDS = 1.0


class Caller(Connection):
    """The caller's side of an open WebSocket.

    Args:
        sock: Its socket.
        protocol: The service's side of the protocol, which has sent the answer to the handshake.
        used: Called for each frame, a ping or a pong too.
    """

    def __init__(
        self, sock: socket.socket, protocol: ServerProtocol, used: Callable[[], None]
    ) -> None:
        self._used = used
        super().__init__(sock, protocol, ping_interval=None, close_timeout=_CLOSE_SECONDS)

    def process_event(self, event: Event) -> None:
        """Take one frame."""
        self._used()
        super().process_event(event)


def relay(
    caller: Connection, agent: Connection, used: Callable[[], None], ended: Callable[[], bool]
) -> None:
    """Pass messages on in both directions, fragment by fragment; return when both sides are closed.

    Args:
        caller: The caller's side.
        agent: The agent's side.
        used: Called for each piece of a message from the agent.
        ended: Says whether the session was ended, so that the agent did not break by itself.
    """

    def from_agent() -> None:
        _pass_on(agent, caller, used)
        lost = CloseCode.GOING_AWAY if ended() else CloseCode.INTERNAL_ERROR
        _close_alike(agent, caller, lost)

    answering = threading.Thread(target=from_agent, name="websocket-answer", daemon=True)
    answering.start()
    _pass_on(caller, agent, lambda: None)
    _close_alike(caller, agent, CloseCode.GOING_AWAY)
    answering.join()


def _pass_on(source: Connection, sink: Connection, used: Callable[[], None]) -> None:
    """Pass messages on until one of both sides is closed; a side that is closed has told the other direction."""
    try:
        while True:
            sink.send(_counted(source.recv_streaming(), used))
    except ConnectionClosed:
        return


def _counted(pieces: Iterator[str | bytes], used: Callable[[], None]) -> Iterator[str | bytes]:
    for piece in pieces:
        used()
        yield piece


def _close_alike(source: Connection, sink: Connection, lost: CloseCode) -> None:
    """Close a side as the other was closed.

    Args:
        source: The side that was closed.
        sink: The side to close; nothing happens if it is closed.
        lost: The code when the connection was lost.
    """
    closed = source.protocol.close_exc
    told = closed.rcvd if closed.rcvd_then_sent or closed.sent is None else closed.sent
    if told is None or told.code == CloseCode.ABNORMAL_CLOSURE:
        sink.close(lost)
    elif told.code == CloseCode.NO_STATUS_RCVD:
        sink.close()
    else:
        sink.close(told.code, told.reason)
