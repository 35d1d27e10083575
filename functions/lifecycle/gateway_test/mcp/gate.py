"""The gate of an MCP gateway: the same probes as of a runtime's, in the words of MCP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from lifecycle.agent_log.last_error import AgentLog
from lifecycle.doors.mcp import McpRecord
from lifecycle.gateway_test.mcp.address import ToMcpGateway
from lifecycle.gateway_test.mcp.blame import McpDoor
from lifecycle.gateway_test.mcp.conversation import protocol_of
from lifecycle.request.gateway.section import Gateway
from lifecycle.request.model import Request
from lifecycle.smoke_test.gate import Gate
from lifecycle.smoke_test.patience import Patience


class NoAgentLog(AgentLog):
    """An MCP gateway has no agent of its own whose log could say more."""

    def explain(
        self,
        since: float,
        wait: Callable[[int], bool],
        redact: Callable[[str], str],
        silent: str = "",
    ) -> str:
        """See `AgentLog`."""
        return silent or "AgentCore keeps no log of this gateway for the lifecycle to read"


def mcp_gate(
    target: ToMcpGateway,
    mcp: McpRecord,
    request: Request,
    patience: Patience,
    secrets: tuple[str, ...],
    logs: Any,
) -> Gate:
    """Make the gate.

    Args:
        target: The gateway.
        mcp: The part of the record about its targets and its test.
        request: The request of the execution.
        patience: The time limit of the whole test.
        secrets: Texts that must not appear in any output.
        logs: A boto3 CloudWatch Logs client; nothing is read with it.
    """
    asked = Gateway.model_validate(mcp.asked).test
    if asked is None:
        raise AssertionError("an MCP gateway is recorded with its test")
    prompt = json.dumps({"tool": asked.tool, "arguments": asked.arguments}, ensure_ascii=False)
    smoke_test = request.smoke_test.model_copy(update={"prompt": prompt, "expect": asked.expect})
    runtime = request.runtime.model_copy(update={"protocol": "MCP", "configuration": {}})
    return Gate(
        target,
        request.model_copy(update={"smoke_test": smoke_test, "runtime": runtime}),
        patience,
        secrets,
        NoAgentLog(logs, "none", "none"),
        protocol=protocol_of(mcp.tools),
        door=McpDoor(mcp.role, asked.tool),
    )
