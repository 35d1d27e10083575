"""One call of a runtime: what it is aimed at, what is sent, what comes back, and who can call.

boto3 cannot send a bearer token to InvokeAgentRuntime, so such a call is plain HTTPS to the same URL as boto3's. Paths,
headers and query are those of botocore's model of `bedrock-agentcore`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from lifecycle.provider.bounded import TooLateError
from lifecycle.smoke_test.untrusted import json_value

JSON_TYPE = "application/json"
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True)
class Target:
    """The runtime to call, and the session.

    Attributes:
        arn: The runtime's ARN.
        qualifier: The endpoint's name, `DEFAULT` or `live`.
        session_id: The session, 33 to 256 characters.
        calling_role: The name of the role with which a gateway on the way calls the runtime; empty if the runtime sees
            the caller's own rights.
    """

    arn: str
    qualifier: str
    session_id: str

    calling_role = ""

    def url(self, endpoint: str, path: str) -> str:
        """The URL of a call.

        Args:
            endpoint: The URL of AgentCore's data plane.
            path: The path of the operation below the runtime's, such as `invocations`.
        """
        query = urlencode({"qualifier": self.qualifier})
        return f"{endpoint.rstrip('/')}/runtimes/{quote(self.arn, safe='')}/{path}?{query}"

    def resource_of(self, operation: str) -> str:
        """The ARN of what an operation is allowed on, such as `InvokeAgentRuntime`."""
        return self.arn


@dataclass(frozen=True)
class Message:
    """What to send.

    Attributes:
        body: The payload, JSON.
        accept: The content types that the answer may have.
        card: For A2A: True asks for the agent card (GetAgentCard) and sends no body.
        a2a_version: For A2A from 1.0 on: the protocol version, as a header carries it.
        mcp_session_id: For MCP: the session that the server named, if any.
        mcp_version: For MCP: the protocol version that was agreed on.
        mcp_method: For MCP from 2026-07-28 on: the method of the body.
        mcp_name: For MCP from 2026-07-28 on: the name of the tool that is called, as a header carries it.
    """

    body: bytes
    mcp_session_id: str | None = None
    mcp_version: str | None = None
    mcp_method: str | None = None
    mcp_name: str | None = None
    accept: str = f"{JSON_TYPE}, {EVENT_STREAM}"
    card: bool = False
    a2a_version: str | None = None

    @property
    def operation(self) -> str:
        """AgentCore's name of the operation that sends it."""
        return "GetAgentCard" if self.card else "InvokeAgentRuntime"


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: The HTTP status; None when there was no answer in time.
        code: AgentCore's name of the error, or the status's phrase, or why there is no answer.
        body: The text of the body, at most `MAX_BYTES` of it.
        content_type: Without parameters, lower case.
        mcp_session_id: The session id from an MCP server.
        problem: For a WebSocket: why what came is not the answer, if another try will not help.
        challenge: The header WWW-Authenticate, which says how to sign in.
    """

    status: int | None
    code: str
    body: str = ""
    content_type: str = ""
    mcp_session_id: str | None = field(default=None, repr=False)
    problem: str | None = None
    challenge: str = ""

    def __str__(self) -> str:
        """Status and code on one line, such as `403 AccessDeniedException`."""
        return self.code if self.status is None else f"{self.status} {self.code}"


class Caller(Protocol):
    """Something that can call a runtime and stop its session."""

    @property
    def signs(self) -> bool:
        """Whether it signs with the function's own AWS credentials, so that IAM judges the call first."""

    def authorization(self, url: str, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers that authorize a GET request for a URL that also has the given headers."""

    def invoke(self, target: Target, message: Message, seconds: float) -> Answer:
        """Send a message; returns an answer without status when it takes longer than `seconds`."""

    def stop(self, target: Target, seconds: float) -> Answer:
        """Stop the target's session."""


def text_of(body: bytes) -> str:
    """A body as text; what is no UTF-8 is U+FFFD in it."""
    return body.decode("utf-8", errors="replace")


def code_of(status: int, headers: Mapping[str, str], body: str) -> str:
    """AgentCore's name of an error, from the header or the body; the status's phrase if there is none."""
    named = headers.get("x-amzn-errortype", "").split(":")[0]
    if not named and status >= HTTPStatus.BAD_REQUEST:
        named = _named_in(body)
    if not named:
        try:
            named = HTTPStatus(status).phrase
        except ValueError:
            named = "(no phrase)"
    return named.rpartition("#")[2]


def _named_in(body: str) -> str:
    try:
        value: Any = json_value(body)
    except ValueError:
        return ""
    named = (value.get("__type") or value.get("code") or "") if isinstance(value, dict) else ""
    return named if isinstance(named, str) else ""


def media_type(value: str | None) -> str:
    """A content type without its parameters, in lower case."""
    return (value or "").partition(";")[0].strip().lower()


# Those that name a timeout have a limit of their own, which is shorter than that of the answer.
_NO_CONNECTION = (
    "ConnectError",
    "ConnectTimeout",
    "ConnectTimeoutError",
    "EndpointConnectionError",
    "PoolTimeout",
    "ProxyConnectionError",
    "SSLError",
)
NOT_CONNECTED = frozenset(f"no answer ({name})" for name in _NO_CONNECTION)
"""The codes of answers that there are not because there was no connection to AgentCore."""


def no_answer(error: Exception, seconds: float) -> Answer:
    """The answer of a call that had none: it was too late, or the connection failed."""
    code = f"no answer ({type(error).__name__})"
    is_late = isinstance(error, TooLateError) or "Timeout" in type(error).__name__
    if is_late and code not in NOT_CONNECTED:
        code = f"no answer within {seconds:.1f} s"
    return Answer(None, code)
