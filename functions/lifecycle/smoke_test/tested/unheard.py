"""Where an agent must listen: said only if what came back of a call fits an agent that does not listen there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from lifecycle.smoke_test.conversations.conversation import Conversation, Protocol
from lifecycle.smoke_test.conversations.protocols import PROTOCOLS

# What AgentCore says of an agent (seen in public reports; no document lists these texts).
_NOT_READY = re.compile(r"initialization time exceeded", re.IGNORECASE)
_AGENTS_STATUS = re.compile(r"Received error \((\d{3})\)")
_NOT_SILENT = re.compile(r"closed the connection|when starting the runtime", re.IGNORECASE)
_NO_SUCH_PATH = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
# In A2A's errors every fault but that of the agent is a 500.
_PERHAPS_NOT_THERE = (HTTPStatus.FAILED_DEPENDENCY, HTTPStatus.INTERNAL_SERVER_ERROR)
_TIMEOUT = "no answer within"


class Unheard:
    """Collects what the tries of one call say of where the agent listens.

    Args:
        protocol: How the smoke test speaks with the agent.
        configuration: The input's `runtime.configuration`, which may name another port and path.
    """

    def __init__(self, protocol: Protocol, configuration: Mapping[str, Any]) -> None:
        self._protocol = protocol
        self._listens = protocol.listens(configuration)
        self._is_http = protocol is PROTOCOLS["HTTP"]
        self._hint = ""

    def note(self, reply: Conversation) -> None:
        """Look at the answer of one try. A try that only had no time left says less than one before it."""
        said = self._said(reply)
        cut_short = reply.answer.status is None
        if not (cut_short and self._hint):
            self._hint = said

    @property
    def hint(self) -> str:
        """Where the agent must listen, and what it was seen to do instead; empty if nothing seen speaks of that."""
        return self._hint

    def _said(self, reply: Conversation) -> str:
        status, text = reply.answer.status, f"{reply.text} {reply.answer.body}"
        if _NOT_READY.search(text):
            return f"the agent was not ready in time: the agent must listen on {self._listens}"
        agents = _AGENTS_STATUS.search(text)
        code = int(agents[1]) if agents else self._own_status(reply)
        if code in _NO_SUCH_PATH:
            return f"the agent answered {code} to what it was asked: the agent must listen on {self._listens}"
        if agents or _NOT_SILENT.search(text):
            return ""
        if status == HTTPStatus.GATEWAY_TIMEOUT or (status is None and self._timed_out(reply)):
            return (
                "no answer came in time: it takes longer than smokeTest.timeoutSeconds allows, or it does not listen: "
                f"the agent must listen on {self._listens}"
            )
        if not self._is_http and status in _PERHAPS_NOT_THERE:
            return f"the agent must listen on {self._listens}"
        return ""

    def _own_status(self, reply: Conversation) -> int | None:
        """The status of an MCP server's own, which AgentCore passes on; its own errors have a name."""
        answer = reply.answer
        own = self._protocol is PROTOCOLS["MCP"] and not answer.code.endswith("Exception")
        return answer.status if own else None

    @staticmethod
    def _timed_out(reply: Conversation) -> bool:
        return reply.answer.code.startswith(_TIMEOUT)
