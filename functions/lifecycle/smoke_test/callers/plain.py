"""Send one call as plain HTTPS, within a limit of time and size, and read its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Here and not at the first call: how long an answer took is measured.
import httpx

from lifecycle.clients import Clients
from lifecycle.provider.bounded import TooLateError, read, within
from lifecycle.smoke_test.invocation import (
    JSON_TYPE,
    Answer,
    Message,
    Target,
    code_of,
    media_type,
    no_answer,
    text_of,
)

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
UNREADABLE = (httpx.RequestError, httpx.InvalidURL, UnicodeError)
"""What httpx raises for an answer that it cannot read.

It reads the `Location` of a redirect even where it does not follow it: a wrong one is an `InvalidURL` or a
`UnicodeError`.
"""
_CARD = "invocations/.well-known/agent-card.json"


@dataclass(frozen=True)
class Call:
    """One call, complete.

    Attributes:
        method: The HTTP method.
        url: The URL, with its query.
        headers: Every header, with what authorizes the call.
        body: What is sent; empty for none.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = b""


def way_of(message: Message) -> tuple[str, str]:
    """The method of a message, and its path below the runtime's."""
    return ("GET", _CARD) if message.card else ("POST", "invocations")


def headers_of(message: Message) -> dict[str, str | None]:
    """The headers that say what a message is; None for those that it does not have."""
    return {
        "Content-Type": None if message.card else JSON_TYPE,
        "Accept": message.accept,
        "A2A-Version": message.a2a_version,
        "Mcp-Session-Id": message.mcp_session_id,
        "Mcp-Protocol-Version": message.mcp_version,
        "Mcp-Method": message.mcp_method,
        "Mcp-Name": message.mcp_name,
    }


def with_session(headers: Mapping[str, str | None], target: Target) -> dict[str, str]:
    """The headers of a call before it is authorized: those that have a value, and the session."""
    sent = {key: value for key, value in headers.items() if value is not None}
    # A small compressed body could become a huge one.
    sent["Accept-Encoding"] = "identity"
    sent[SESSION_HEADER] = target.session_id
    return sent


def send(clients: Clients, call: Call, seconds: float) -> Answer:
    """Send a call. Redirects are not followed.

    Args:
        clients: For plain HTTPS.
        call: What to send.
        seconds: How long the whole call may take.

    Returns:
        The answer; one without a status if there was none in time.
    """

    def answered() -> Answer:
        with (
            clients.http(seconds) as http,
            http.stream(
                call.method, call.url, headers=dict(call.headers), content=call.body or None
            ) as response,
        ):
            text = text_of(read(response.iter_raw(), seconds))
        return Answer(
            status=response.status_code,
            code=code_of(response.status_code, response.headers, text),
            body=text,
            content_type=media_type(response.headers.get("content-type")),
            mcp_session_id=response.headers.get("mcp-session-id"),
            challenge=response.headers.get("www-authenticate", ""),
        )

    try:
        return within(seconds, answered)
    except (*UNREADABLE, TooLateError) as error:
        return no_answer(error, seconds)
