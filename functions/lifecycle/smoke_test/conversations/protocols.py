"""Which conversation belongs to which server protocol of AgentCore.

Source for where each listens: AgentCore developer guide, "HTTP protocol contract" and "MCP protocol contract".
"""

from __future__ import annotations

from lifecycle.smoke_test.conversations import http_conversation, mcp_conversation
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
}
"""The protocols by their names in the input, which are AgentCore's (`serverProtocol`)."""
