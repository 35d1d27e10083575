"""The WebSockets of runtimes: each in a session, which starts when it is needed."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from websockets.http11 import Response as HandshakeResponse
from websockets.server import ServerProtocol
from websockets.sync.client import ClientConnection
from werkzeug import Request, Response

from local.agentcore.data.identity.headers import WorkloadHeaders
from local.agentcore.data.proxy import AgentGoneError
from local.agentcore.data.sessions import Session, Sessions
from local.agentcore.data.target import Target
from local.agentcore.data.websocket.agent import AgentSocket, headers_of
from local.agentcore.data.websocket.handshake import accept, authorization_of, session_of
from local.agentcore.data.websocket.relay import Caller, relay
from local.agentcore.model.app import unknown_operation
from local.agentcore.model.errors import invalid
from local.agentcore.settings import Quotas
from local.readings import Readings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_SERVED = ("HTTP", "AGUI")
_FRAME_BYTES = {"32-kb": 32 * 1024, "64-kb": 64 * 1024}


class WebSocketCalls:
    """Opens WebSockets to agents.

    Args:
        sessions: The running agents.
        quotas: Limits of time.
        readings: How large a frame may be.
        workload_headers: Give the agent its workload access token.
    """

    def __init__(
        self,
        sessions: Sessions,
        quotas: Quotas,
        readings: Readings,
        workload_headers: WorkloadHeaders,
    ) -> None:
        self._sessions = sessions
        self._quotas = quotas
        self._readings = readings
        self._workload_headers = workload_headers

    def call(self, request: Request, target: Target) -> Response:
        """Open a WebSocket to the agent of a session.

        Args:
            request: The handshake of a caller who may call.
            target: Where a new session starts.

        Returns:
            The answer that opens it; the WebSocket lives while its body is read.

        Raises:
            AgentGoneError: The agent ended, and so did the one that took its place.
            AgentTimeoutError: The agent did not accept in time.
            ServiceError: It is no handshake, the protocol has no WebSocket, the agent accepts none, or the session
                cannot start.
        """
        if request.method != "GET":
            return unknown_operation()
        if target.protocol not in _SERVED:
            raise invalid(f"The runtime's protocol is {target.protocol}: it has no WebSocket.")
        frame_bytes = _FRAME_BYTES[self._readings["websocket-frame"]]
        protocol, response = accept(request, frame_bytes)
        session_id = session_of(request) or str(uuid.uuid4())
        try:
            open_socket = self._open(request, target, session_id, frame_bytes)
        except AgentGoneError:
            # It died between two calls, as nobody could see yet: a new process takes its place.
            open_socket = self._open(request, target, session_id, frame_bytes)
        return Upgraded(*open_socket, protocol, response)

    def _open(
        self, request: Request, target: Target, session_id: str, frame_bytes: int
    ) -> tuple[Session, ClientConnection, ExitStack]:
        session, process = self._sessions.enter(target, session_id)
        held = ExitStack()
        try:
            own = self._workload_headers(request, session.target, authorization_of(request))
            headers = headers_of(request, session.target, session.id, own)
            seconds = self._quotas.request_seconds
            agent = held.enter_context(AgentSocket(process, headers, seconds, frame_bytes))
        except AgentGoneError:
            self._sessions.discard(session)
            raise
        finally:
            # An open WebSocket does not keep a session: what is said on it does.
            self._sessions.leave(session)
        return session, agent, held


class Upgraded(Response):
    """The answer that opens a WebSocket. It is written to the socket itself, since no HTTP follows it.

    Args:
        session: The session.
        agent: The agent's side, which is open.
        held: Closes the agent's side.
        protocol: The service's side for the caller.
        response: The answer to the caller's handshake.
    """

    def __init__(
        self,
        session: Session,
        agent: ClientConnection,
        held: ExitStack,
        protocol: ServerProtocol,
        response: HandshakeResponse,
    ) -> None:
        super().__init__(status=response.status_code)
        self._session = session
        self._agent = agent
        self._held = held
        self._protocol = protocol
        self._response = response

    def get_app_iter(self, environ: WSGIEnvironment) -> _Relayed:
        """Return what relays the messages while it is iterated, and then hangs up."""
        return _Relayed(lambda: self._talk(environ), self._held)

    def _talk(self, environ: WSGIEnvironment) -> None:
        for name, value in self.headers.items():
            if name.lower() == "x-amzn-requestid":
                self._response.headers[name] = value
        # A second handle: the HTTP server closes its own.
        with environ["werkzeug.socket"].dup() as connection:
            self._relay(connection)

    def _relay(self, connection: socket.socket) -> None:
        connection.settimeout(None)
        self._protocol.send_response(self._response)
        for data in self._protocol.data_to_send():
            connection.sendall(data)
        session = self._session
        caller = Caller(connection, self._protocol, session.touch)
        try:
            relay(caller, self._agent, session.touch, lambda: session.ended)
        finally:
            caller.close_socket()


class _Relayed:
    """The body, as WSGI requires it, with a `close` that is always called."""

    def __init__(self, talk: Callable[[], None], held: ExitStack) -> None:
        self._talk = talk
        self._held = held

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Relay until the WebSocket has ended.

        Raises:
            ConnectionAbortedError: Always: the server would write an HTTP answer, if this ended as an answer does.
        """
        self._talk()
        raise ConnectionAbortedError("the WebSocket has ended")

    def close(self) -> None:
        """Close the agent's side, if it is open."""
        self._held.close()
