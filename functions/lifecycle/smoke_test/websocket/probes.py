"""The probes of a WebSocket, and the protocol that they speak."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lifecycle.clients import Clients
from lifecycle.smoke_test.conversations.conversation import Conversation, Opening, Protocol, Send
from lifecycle.smoke_test.conversations.http_conversation import question
from lifecycle.smoke_test.invocation import Message
from lifecycle.smoke_test.pattern import matches
from lifecycle.smoke_test.probes import Probe
from lifecycle.smoke_test.websocket.caller import OPENED, WebSocketCaller

_NAMED = "a WebSocket"


def over_websocket(probes: Iterable[Probe], clients: Clients, expect: str) -> list[Probe]:
    """The same probes on the runtime's WebSocket: who may not call must not get one either.

    Args:
        probes: The probes of the identity.
        clients: Makes WebSockets.
        expect: The regular expression that ends the reading of the answer.
    """

    def expected(text: str, seconds: float) -> bool:
        return matches(expect, text, seconds)

    return [
        replace(
            probe,
            name=f"{probe.name} on {_NAMED}" if probe.answered else probe.name,
            caller=WebSocketCaller(clients, probe.caller, expected),
        )
        for probe in probes
    ]


def _converse(send: Send, prompt: str) -> Conversation:
    answer = send(question(prompt))
    return Conversation(answer, text=answer.body, problem=answer.problem)


WEBSOCKET = Protocol(
    port=8080,
    paths=("/ws", "/ping"),
    # A handshake without a message: nothing is asked of an agent that a wrong caller may not reach.
    openings=lambda _prompt: (Opening(Message(b""), _NAMED),),
    converse=lambda line, prompt: _converse(line.send, prompt),
    answered=OPENED,
    has_path=False,
)
"""`/ws` of an HTTP agent, which gets the message that `/invocations` gets (AgentCore developer guide, "HTTP protocol
contract": the frames are the agent's own)."""
