"""Open the WebSocket of a runtime with any caller's authorization, send one message, and read the answer.

Source: AgentCore developer guide, "Get started with bidirectional streaming using WebSocket": the URL, the session in a
header, a bearer token or SigV4 for the handshake, and the errors before and after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection

from lifecycle.clients import Clients
from lifecycle.provider.bounded import MAX_BYTES, TooLateError, within
from lifecycle.smoke_test.callers.plain import SESSION_HEADER
from lifecycle.smoke_test.invocation import (
    Answer,
    Caller,
    Message,
    Target,
    code_of,
    media_type,
    no_answer,
    text_of,
)
from lifecycle.smoke_test.websocket.reading import read_until

Matches = Callable[[str, float], bool]
"""Says whether a text is the expected answer, in at most so many seconds."""

OPENED = int(HTTPStatus.SWITCHING_PROTOCOLS)
# What is left for the goodbye, and for the gate's own match.
_LAST_SECONDS = 1.0
_LAST_SHARE = 0.1


class WebSocketCaller:
    """Calls a runtime's WebSocket.

    Args:
        clients: Makes WebSockets.
        caller: Authorizes the handshake, and stops sessions.
        matches: Which answer ends the reading.
    """

    def __init__(self, clients: Clients, caller: Caller, matches: Matches) -> None:
        self._clients = clients
        self._caller = caller
        self._matches = matches

    @property
    def signs(self) -> bool:
        """See `Caller`."""
        return self._caller.signs

    def authorization(self, url: str, headers: Mapping[str, str]) -> dict[str, str]:
        """See `Caller`."""
        return self._caller.authorization(url, headers)

    def stop(self, target: Target, seconds: float) -> Answer:
        """See `Caller`."""
        return self._caller.stop(target, seconds)

    def invoke(self, target: Target, message: Message, seconds: float) -> Answer:
        """See `Caller`. A message without a body only opens the WebSocket, and closes it again.

        Returns:
            The status of a handshake that was refused; 101 with what the agent said; 424 if the agent closed the
            WebSocket with an error, as AgentCore answers for an agent that fails; no status if somebody else may have.
        """
        ends = time.monotonic() + seconds
        url = target.url(str(self._clients.agentcore.meta.endpoint_url), "ws")
        headers = {SESSION_HEADER: target.session_id}

        def call() -> Answer:
            authorized = headers | self.authorization(url, headers)
            opened = "ws" + url.removeprefix("http")
            with self._clients.websocket(opened, authorized, seconds, MAX_BYTES) as socket:
                if not message.body:
                    return Answer(OPENED, code_of(OPENED, {}, ""))
                return self._talk(socket, message, ends - time.monotonic())

        try:
            return within(seconds, call)
        except InvalidStatus as refused:
            return _refusal(refused)
        except (WebSocketException, OSError, TooLateError) as error:
            return no_answer(error, seconds)

    def _talk(self, socket: ClientConnection, message: Message, seconds: float) -> Answer:
        socket.send(text_of(message.body))
        reading = seconds - min(_LAST_SECONDS, seconds * _LAST_SHARE)
        ends = time.monotonic() + reading
        heard = read_until(
            socket, lambda text: self._matches(text, ends - time.monotonic()), reading
        )
        if heard.closed is not None:
            said = f"the WebSocket was closed with {heard.closed}"
            status = None if heard.undecided else int(HTTPStatus.FAILED_DEPENDENCY)
            return Answer(status, said, body=heard.text)
        if not (heard.matched or heard.ended or heard.any):
            return Answer(None, f"no message within {seconds:.1f} s")
        late = None
        if not (heard.matched or heard.ended):
            late = f"no match within {seconds:.1f} s on the WebSocket; it said: {heard.text}"
        return Answer(OPENED, code_of(OPENED, {}, ""), body=heard.text, problem=late)


def _refusal(refused: InvalidStatus) -> Answer:
    response = refused.response
    text = text_of(bytes(response.body or b""))
    headers = {name.lower(): value for name, value in response.headers.raw_items()}
    return Answer(
        status=response.status_code,
        code=code_of(response.status_code, headers, text),
        body=text,
        content_type=media_type(headers.get("content-type")),
    )
