"""One call of an agent in its session."""

from __future__ import annotations

from werkzeug import Request, Response

from local.agentcore.data.proxy import MCP_SESSION_HEADER, SESSION_HEADER, AgentGoneError, forward
from local.agentcore.data.sessions import Session, Sessions
from local.agentcore.data.target import Target
from local.agentcore.settings import Quotas


class AgentCalls:
    """Calls agents, each in a session that starts when it is needed.

    Args:
        sessions: The running agents.
        quotas: Limits of time.
    """

    def __init__(self, sessions: Sessions, quotas: Quotas) -> None:
        self._sessions = sessions
        self._quotas = quotas

    def call(
        self, request: Request, body: bytes, target: Target, session_id: str, path: str
    ) -> Response:
        """Pass a request on to the agent of a session.

        Args:
            request: The request.
            body: Its body.
            target: Where a new session starts.
            session_id: The session's id.
            path: The path on the agent.

        Raises:
            AgentGoneError: The agent ended, and so did the one that took its place.
            AgentTimeoutError: The agent did not answer in time.
            ServiceError: The session cannot start.
        """
        try:
            return self._once(request, body, target, session_id, path)
        except AgentGoneError:
            # It died between two calls, as nobody could see yet: a new process takes its place.
            return self._once(request, body, target, session_id, path)

    def _once(
        self, request: Request, body: bytes, target: Target, session_id: str, path: str
    ) -> Response:
        """Call the agent of a session once."""
        session, process = self._sessions.enter(target, session_id)
        try:
            response = forward(
                request,
                body,
                session.target,
                path,
                process,
                session.id,
                self._quotas.request_seconds,
                self._quotas.stream_seconds,
                lambda: self._sessions.leave(session),
            )
        except AgentGoneError:
            self._sessions.leave(session)
            self._sessions.discard(session)
            raise
        except BaseException:
            self._sessions.leave(session)
            raise
        self._name_session(response, session)
        return response

    def _name_session(self, response: Response, session: Session) -> None:
        """Tell the caller which session it was in, in the header of its protocol."""
        response.headers[SESSION_HEADER] = session.id
        if session.target.protocol != "MCP":
            return
        own = response.headers.get(MCP_SESSION_HEADER)
        if own is None:
            # A stateless server knows no sessions: the service keeps its callers together.
            response.headers[MCP_SESSION_HEADER] = session.id
        elif own != session.id:
            self._sessions.also_known_as(session, own)
