"""Open the WebSocket of an agent, `/ws` on the port of the service contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.sync.client import reconnect

from local.agentcore.data.process import AgentProcess
from local.agentcore.data.proxy import (
    AgentGoneError,
    AgentTimeoutError,
    agent_failed,
    forwarded_headers,
)
from local.agentcore.data.target import Target
from local.agentcore.model.errors import unparsable

if TYPE_CHECKING:
    from werkzeug import Request

PATH = "/ws"
_DYING_SECONDS = 0.3
_CUSTOM = "x-amzn-bedrock-agentcore-runtime-custom-"


class AgentSocket(reconnect):
    """The WebSocket of an agent: opened on entry, closed on exit; an agent's redirects are not followed.

    Args:
        process: The agent.
        headers: What the agent sees of the handshake.
        seconds: How long it may take to accept.
        frame_bytes: The longest frame that the agent may send.
    """

    def __init__(
        self, process: AgentProcess, headers: dict[str, str], seconds: float, frame_bytes: int
    ) -> None:
        super().__init__(
            f"ws{process.base_url.removeprefix('http')}{PATH}",
            additional_headers=headers,
            user_agent_header=None,
            compression=None,
            proxy=None,
            open_timeout=seconds,
            ping_interval=None,
            close_timeout=1.0,
            max_size=(None, frame_bytes),
        )
        self._process = process

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Say what the handshake ended with, in the terms of the service."""
        if isinstance(exc, InvalidStatus):
            return agent_failed(f"Received error ({exc.response.status_code}) from runtime.")
        if isinstance(exc, TimeoutError):
            return AgentTimeoutError()
        if isinstance(exc, ConnectionRefusedError):
            return AgentGoneError()
        if isinstance(exc, InvalidHandshake | OSError | EOFError):
            # A process that is dying closes its connections first: the next call must find it dead.
            self._process.wait_dead(_DYING_SECONDS)
            return agent_failed("The runtime closed the connection without an answer.")
        return exc


def headers_of(
    request: Request, target: Target, session_id: str, own: dict[str, str]
) -> dict[str, str]:
    """Return the headers that the agent sees; those of the caller's own may stand in the query, too.

    Raises:
        ServiceError: ValidationException for one in the query that is no header.
    """
    headers = forwarded_headers(request, target, session_id, own)
    for name, value in request.args.items():
        if name.lower().startswith(_CUSTOM) and name.lower() in target.allowed_headers:
            if not value.isprintable():
                raise unparsable(f"The query parameter {name} is no value of a header.")
            headers.setdefault(name, value)
    return headers
