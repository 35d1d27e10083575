"""Which conversation belongs to which server protocol of AgentCore.

Source for where each listens: AgentCore developer guide, "HTTP protocol contract", "MCP protocol contract", "A2A
protocol contract" and "AGUI protocol contract".
"""

from __future__ import annotations

from lifecycle.smoke_test.conversations import (
    a2a_conversation,
    a2a_messages,
    agui_conversation,
    http_conversation,
    mcp_conversation,
)
from lifecycle.smoke_test.conversations.conversation import Opening, Protocol

PROTOCOLS = {
    "HTTP": Protocol(
        port=8080,
        paths=("/invocations", "/ping"),
        openings=lambda prompt: (Opening(http_conversation.question(prompt)),),
        converse=lambda line, prompt: http_conversation.converse(line.send, prompt),
    ),
    "MCP": Protocol(
        port=8000,
        paths=("/mcp",),
        openings=lambda _prompt: (Opening(mcp_conversation.opening()),),
        converse=lambda line, prompt: mcp_conversation.converse(line.send, prompt),
    ),
    "A2A": Protocol(
        port=9000,
        paths=("/", "/.well-known/agent-card.json", "/ping"),
        openings=a2a_conversation.openings,
        converse=a2a_conversation.converse,
        read=a2a_messages.read,
    ),
    "AGUI": Protocol(
        port=8080,
        paths=("/invocations", "/ping"),
        openings=lambda prompt: (Opening(agui_conversation.question(prompt)),),
        converse=lambda line, prompt: agui_conversation.converse(line.send, prompt),
        read=agui_conversation.read,
    ),
}
"""The protocols by their names in the input, which are AgentCore's (`serverProtocol`)."""
