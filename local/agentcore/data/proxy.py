"""Hand a request to the agent, and its answer back as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

import httpx
from werkzeug import Request, Response

from local.agentcore.data.process import AgentProcess
from local.agentcore.data.target import Target
from local.agentcore.model.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
MCP_SESSION_HEADER = "Mcp-Session-Id"

# botocore's model of InvokeAgentRuntime: the request's header members (but for the session id).
_PASSED = frozenset(
    {
        "content-type",
        "accept",
        "mcp-session-id",
        "mcp-protocol-version",
        "mcp-method",
        "mcp-name",
        "last-event-id",
        "x-amzn-bedrock-agentcore-runtime-user-id",
        "x-amzn-trace-id",
        "traceparent",
        "tracestate",
        "baggage",
    }
)
# A caller cannot give an agent a token of its own choice, whatever the runtime's list names.
_OWN = frozenset({"workloadaccesstoken"})
# The answer's header members in the same model, and what describes the body.
_RETURNED = frozenset(
    {
        "content-type",
        "content-encoding",
        "cache-control",
        "allow",
        "mcp-session-id",
        "mcp-protocol-version",
        "x-amzn-trace-id",
        "traceparent",
        "tracestate",
        "baggage",
    }
)


_DYING_SECONDS = 0.3


class AgentGoneError(Exception):
    """Nobody listens any more where the agent did; the request has not reached it."""


class AgentTimeoutError(Exception):
    """The agent took longer for its answer than a request may."""


def forwarded_headers(
    request: Request, target: Target, session_id: str, own: Mapping[str, str]
) -> dict[str, str]:
    """Return the headers that the agent sees: the protocol's, those on the runtime's list, and the service's own.

    Args:
        request: The caller's request.
        target: The version that serves.
        session_id: The session.
        own: What the service itself tells the agent.
    """
    allowed = (_PASSED | target.allowed_headers) - _OWN
    headers = {name: value for name, value in request.headers.items() if name.lower() in allowed}
    # httpx would ask for compression in the caller's name.
    headers.setdefault("Accept-Encoding", "identity")
    headers.setdefault("Accept", "*/*")
    headers["User-Agent"] = request.headers.get("User-Agent", "")
    headers[SESSION_HEADER] = session_id
    return {**headers, **own}


def forward(
    request: Request,
    body: bytes,
    target: Target,
    path: str,
    process: AgentProcess,
    session_id: str,
    own: Mapping[str, str],
    seconds: float,
    stream_seconds: float,
    done: Callable[[], None],
) -> Response:
    """Call the agent and pass its answer on, chunk by chunk as it comes.

    Args:
        request: The caller's request.
        body: Its body.
        target: The version that serves.
        path: The agent's path that is called.
        process: Its process.
        session_id: The session.
        own: Headers that the service itself adds.
        seconds: How long the agent may be silent.
        stream_seconds: How long its answer may last.
        done: Called once when the answer has been passed on, or the caller has hung up; not
            called when this raises.

    Returns:
        The answer; closing it ends the call to the agent.

    Raises:
        ServiceError: RuntimeClientError when the agent fails.
        AgentGoneError: When it does not listen any more.
        AgentTimeoutError: When it is silent for too long.
    """
    upstream = process.http.build_request(
        request.method,
        f"{process.base_url}{path}",
        content=body or None,
        headers=forwarded_headers(request, target, session_id, own),
        timeout=httpx.Timeout(seconds, connect=5.0),
    )
    try:
        answer = process.http.send(upstream, stream=True)
    except httpx.ConnectError as error:
        raise AgentGoneError from error
    except httpx.TimeoutException as error:
        raise AgentTimeoutError from error
    except (httpx.HTTPError, RuntimeError) as error:
        # RuntimeError: the session was ended and its client closed while the request was on its way.
        # A process that is dying closes its connections first: the next call must find it dead.
        process.wait_dead(_DYING_SECONDS)
        raise agent_failed("The runtime closed the connection without an answer.") from error
    # An MCP client needs to see what its server refuses (404: no such session; 405: no stream).
    tolerated = 500 if target.protocol == "MCP" else 300
    if answer.status_code >= tolerated:
        answer.close()
        raise agent_failed(f"Received error ({answer.status_code}) from runtime.")
    return _passed_on(answer, stream_seconds, done)


def _passed_on(answer: httpx.Response, seconds: float, done: Callable[[], None]) -> Response:
    headers: Mapping[str, str] = answer.headers
    kept = {name: value for name, value in headers.items() if name.lower() in _RETURNED}
    if "content-length" in headers:
        kept["Content-Length"] = headers["content-length"]
    stream = _Stream(answer, seconds, done)
    response = Response(stream, answer.status_code, direct_passthrough=True)
    del response.headers["Content-Type"]
    response.headers.update(kept)
    return response


class _Stream:
    """The body of an answer, as WSGI requires it: chunks, and a `close` that is always called."""

    def __init__(self, answer: httpx.Response, seconds: float, done: Callable[[], None]) -> None:
        self._answer = answer
        # An empty chunk first: the server sends the headers with the first one, and they are not to wait for a body
        # that may take long to begin, such as an MCP server's stream of events.
        self._chunks = chain([b""], answer.iter_raw())
        self._deadline = time.monotonic() + seconds
        self._done: Callable[[], None] | None = done

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return the next chunk.

        Raises:
            ConnectionAbortedError: When the agent breaks off, or goes on for too long: the
                caller's connection is cut too, so that half an answer does not look whole.
        """
        if time.monotonic() > self._deadline:
            raise ConnectionAbortedError("the stream lasts longer than a stream may")
        try:
            return next(self._chunks)
        except httpx.HTTPError as error:
            raise ConnectionAbortedError(f"the agent broke off: {type(error).__name__}") from error

    def close(self) -> None:
        """End the call to the agent; the caller has everything, or has hung up."""
        self._answer.close()
        done, self._done = self._done, None
        if done is not None:
            done()


def agent_failed(what: str) -> ServiceError:
    """Return the RuntimeClientError for an agent that failed."""
    return ServiceError(
        "RuntimeClientError",
        f"{what} Please check your CloudWatch logs for more information.",
    )
