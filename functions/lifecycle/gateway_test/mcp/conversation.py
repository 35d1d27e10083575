"""Talk to an MCP gateway: every target's tools must be listed, and one tool must answer.

A list proves nothing of the gateway's role: with a wrong trust policy it works, and calls fail
(awslabs/agentcore-samples#1035).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifecycle.smoke_test.conversations import mcp_conversation
from lifecycle.smoke_test.conversations.conversation import Conversation, Line, Opening, Protocol

_SEPARATOR = "___"
_MAY_HEAL = ("tool ", "tools/list has ")
# A role that was made or repaired a moment ago may not be seen by AgentCore yet.
_MOST_CALLS = 8


def protocol_of(tools: Mapping[str, int]) -> Protocol:
    """MCP, as the test of a gateway speaks it.

    Args:
        tools: How many tools each target has at least, by its name.
    """

    def converse(line: Line, prompt: str) -> Conversation:
        tries = 0
        while True:
            tries += 1
            talk = mcp_conversation.converse(
                line.send, prompt, lambda found: missing_tools(tools, found)
            )
            failed = talk.problem is not None and talk.problem.startswith(_MAY_HEAL)
            if not failed or tries >= _MOST_CALLS or not line.wait(tries):
                return talk

    return Protocol(
        port=443,
        paths=("/mcp",),
        openings=lambda _prompt: (Opening(mcp_conversation.opening()),),
        converse=converse,
    )


def missing_tools(wanted: Mapping[str, int], found: list[dict[str, Any]]) -> str | None:
    """Say which target has too few tools in a list; None if none has.

    Args:
        wanted: How many each target has at least, by its name.
        found: The tools, as `tools/list` gives them.
    """
    names = [str(tool.get("name")) for tool in found]
    for target, least in wanted.items():
        seen = sum(name.startswith(f"{target}{_SEPARATOR}") for name in names)
        if seen < least:
            return f"tools/list has {seen} tools of the target {target}, not {least}"
    return None
