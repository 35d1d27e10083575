"""Ask the agent one question, in the same words as the smoke test's call that must be answered."""

from __future__ import annotations

from lifecycle.request.case import Case
from lifecycle.smoke_test.conversations import http_conversation
from lifecycle.smoke_test.conversations.conversation import Conversation, Line
from lifecycle.smoke_test.conversations.protocols import PROTOCOLS
from lifecycle.smoke_test.invocation import Answer, Message


def ask(protocol: str, case: Case, line: Line) -> Conversation:
    """Ask the question of a case.

    Args:
        protocol: The runtime's protocol.
        case: The case; a whole payload only for `HTTP`.
        line: The way to the agent.

    Returns:
        How the conversation ended.
    """
    spoken = PROTOCOLS[protocol]

    def send(message: Message) -> Answer:
        return spoken.read(line.send(message))

    if case.payload is not None:
        return http_conversation.send_payload(send, case.payload)
    return spoken.converse(Line(send, line.wait), str(case.prompt))
