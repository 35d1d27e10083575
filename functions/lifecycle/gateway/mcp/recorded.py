"""The part of the record about an MCP gateway, as it must be before its role and its targets are made."""

from __future__ import annotations

from lifecycle.doors.mcp import McpRecord
from lifecycle.gateway.mcp.wanted import McpWanted
from lifecycle.request.gateway.section import Gateway
from lifecycle.roles.wanted import WantedRole


def recorded(
    before: McpRecord | None,
    asked: Gateway,
    wanted: McpWanted,
    role: WantedRole,
    execution: str,
) -> McpRecord:
    """Make it.

    Args:
        before: As the record has it; None if it has none.
        asked: The section of the request.
        wanted: How everything must be.
        role: How the role must be.
        execution: ARN of the execution that makes it so.
    """
    known = before or McpRecord(asked={}, role=role.name)
    # AgentCore may not see at once what this execution writes into the role.
    is_new = before is None or before.policy != role.policy
    written = execution if is_new else known.role_written
    return known.model_copy(
        update={
            "asked": asked.to_json(),
            "role": role.name,
            "tools": {name: one.tools for name, one in wanted.targets.items()},
            # A target has the former one until it is changed.
            "providers": sorted({*known.providers, *wanted.providers}),
            "role_written": written,
            "tries": known.tries if written == known.role_written else {},
        }
    )
