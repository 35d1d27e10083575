"""One call of an agent in its session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from werkzeug import Request, Response

from local.agentcore.data.identity.headers import WorkloadHeaders
from local.agentcore.data.process import AgentProcess
from local.agentcore.data.proxy import MCP_SESSION_HEADER, SESSION_HEADER, AgentGoneError, forward
from local.agentcore.data.sessions import Session, Sessions
from local.agentcore.data.target import Target
from local.agentcore.evaluations.telemetry import MOST_NOTED, Telemetry
from local.agentcore.settings import Quotas


class AgentCalls:
    """Calls agents, each in a session that starts when it is needed.

    Args:
        sessions: The running agents.
        quotas: Limits of time.
        telemetry: Notes the calls of agents that export spans.
        workload_headers: Give the agent its workload access token.
    """

    def __init__(
        self,
        sessions: Sessions,
        quotas: Quotas,
        telemetry: Telemetry,
        workload_headers: WorkloadHeaders,
    ) -> None:
        self._sessions = sessions
        self._quotas = quotas
        self._telemetry = telemetry
        self._workload_headers = workload_headers

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
        authorization = request.headers.get("Authorization", "")
        try:
            response = forward(
                request,
                body,
                session.target,
                path,
                process,
                session.id,
                self._workload_headers(request, session.target, authorization),
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
        if process.is_instrumented and request.method == "POST":
            response.response = _Listened(
                response.response, body, session, process, self._telemetry
            )
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


class _Listened:
    """The body of an answer, which is noted when it has been passed on."""

    def __init__(
        self,
        chunks: Any,
        asked: bytes,
        session: Session,
        process: AgentProcess,
        telemetry: Telemetry,
    ) -> None:
        self._chunks = chunks
        self._asked = asked
        self._session = session
        self._process = process
        self._telemetry = telemetry
        self._answered = b""

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return the next chunk."""
        chunk: bytes = next(self._chunks)
        if len(self._answered) < MOST_NOTED:
            self._answered += chunk
        return chunk

    def close(self) -> None:
        """End the call to the agent, and note it."""
        self._chunks.close()
        target = self._session.target
        group = f"/aws/bedrock-agentcore/runtimes/{target.runtime_id}-{target.endpoint}"
        self._telemetry.note(
            group, self._session.id, self._process.environment, self._asked, self._answered
        )
