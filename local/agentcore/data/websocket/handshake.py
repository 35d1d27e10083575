"""The handshake of a WebSocket: who asks for it, in which session, and whether it is one at all.

Source: AgentCore developer guide, "Get started with bidirectional streaming using WebSocket"; RFC 6455, section 4.2.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING

from websockets.http11 import Request as HandshakeRequest
from websockets.http11 import Response as HandshakeResponse
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from local.agentcore.data.proxy import SESSION_HEADER
from local.agentcore.model.errors import invalid_field, unparsable

if TYPE_CHECKING:
    from werkzeug import Request

BEARER = Subprotocol("base64UrlBearerAuthorization")
"""The one subprotocol; a browser, which cannot set headers, sends its token beside it."""

# botocore's model of InvokeAgentRuntime: SessionType. That of the WebSocket is in no model.
_SHORTEST_SESSION, _LONGEST_SESSION = 33, 256
_OWN = ("Connection", "Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key")
_OPENED = 101


def authorization_of(request: Request) -> str:
    """Return what a handshake is authorized with: the header, or the token between the subprotocols as a header.

    Args:
        request: The handshake.

    Returns:
        The value of `Authorization`; empty without either.
    """
    header = str(request.headers.get("Authorization", ""))
    if header:
        return header
    offered = _subprotocols(request)
    tokens = [one.partition(".")[2] for one in offered if one.startswith(f"{BEARER}.")]
    if BEARER not in offered or not tokens:
        return ""
    encoded = tokens[0]
    try:
        padded = encoded + "=" * (-len(encoded) % 4)
        return f"Bearer {base64.b64decode(padded, b'-_', validate=True).decode()}"
    except (binascii.Error, UnicodeDecodeError, ValueError):
        # No token, so the authorizer refuses it as it stands.
        return f"Bearer {encoded}"


def session_of(request: Request) -> str | None:
    """Return the session that a handshake names, in the header or in the query; `None` without one.

    Raises:
        ServiceError: ValidationException for an id that no session can have.
    """
    found = request.headers.get(SESSION_HEADER) or request.args.get(SESSION_HEADER)
    if found is not None and not _SHORTEST_SESSION <= len(found) <= _LONGEST_SESSION:
        message = f"Member must have length between {_SHORTEST_SESSION} and {_LONGEST_SESSION}"
        raise invalid_field("runtimeSessionId", message)
    return found


def accept(request: Request, frame_bytes: int) -> tuple[ServerProtocol, HandshakeResponse]:
    """Check a handshake.

    Args:
        request: The handshake.
        frame_bytes: The longest frame that may follow; a longer one closes the WebSocket with 1009.

    Returns:
        The service's side of the protocol, and the answer that opens the WebSocket.

    Raises:
        ServiceError: ValidationException for a request that asks for no WebSocket.
    """
    protocol = ServerProtocol(max_size=(None, frame_bytes), select_subprotocol=_select)
    protocol.receive_data(_written(request))
    read = next(iter(protocol.events_received()), None)
    response = protocol.accept(read) if isinstance(read, HandshakeRequest) else None
    if response is None or response.status_code != _OPENED:
        raise unparsable("Not a WebSocket Upgrade Request")
    return protocol, response


def _written(request: Request) -> bytes:
    """Write the handshake down again, since the HTTP server has read it already.

    The AgentCore SDK's `generate_ws_connection` returns headers that a client of WebSockets sends by itself, so they
    arrive twice. AWS's own examples work that way; the first one counts.
    """
    lines = [f"{request.method} /ws {request.environ['SERVER_PROTOCOL']}"]
    for name in _OWN:
        value = str(request.headers.get(name, ""))
        if value:
            lines.append(
                f"{name}: {value if name == 'Connection' else value.split(',')[0].strip()}"
            )
    offered = _subprotocols(request)
    if offered:
        lines.append(f"Sec-WebSocket-Protocol: {', '.join(offered)}")
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1", "replace")


def _subprotocols(request: Request) -> list[str]:
    listed = str(request.headers.get("Sec-WebSocket-Protocol", ""))
    return [name.strip() for name in listed.split(",") if name.strip()]


def _select(_protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Choose the only subprotocol that the service supports; a browser closes the WebSocket without a choice."""
    return BEARER if BEARER in offered else None
