"""Say what to look at when an MCP gateway refuses its caller, or lists a tool and cannot call it."""

from __future__ import annotations

from http import HTTPStatus

from lifecycle.smoke_test.conversations.conversation import Conversation
from lifecycle.smoke_test.door import Door

_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class McpDoor(Door):
    """An MCP gateway.

    Args:
        role: The name of its role.
        tool: The tool that the test calls.
    """

    function = "TestGatewayFunction"
    let_through = (
        "the gateway let the call through; take callers off it, check its authorizer (GetGateway) and "
        "provision again"
    )

    def __init__(self, role: str, tool: str) -> None:
        # AgentCore says why only where the gateway's exceptionLevel is DEBUG.
        self.unexpected = (
            f"the gateway let the caller in, but {tool} gave no answer: look at the trust policy of the gateway's role "
            f"{role} and at what it may do (lambda:InvokeFunction, its credentials), at the status of the target "
            "(GetGatewayTarget) and at the log of what is behind it; provision again, which repairs the role and the "
            "targets; and check gateway.test"
        )

    def hint(self, reply: Conversation) -> str:
        """See `Door`."""
        status = reply.answer.status
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return "AgentCore throttled the gateway; retry"
        if status in _REFUSALS:
            return (
                "the gateway refused the caller: compare its authorizer (GetGateway) with auth; provision again, "
                "which repairs it"
            )
        if status == HTTPStatus.NOT_FOUND:
            return "AgentCore has no such gateway at this address; provision again"
        return ""
