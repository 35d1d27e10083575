"""Whom IAM refused when a gateway calls the runtime with a role of its own, as far as the answer says it.

A caller of such a gateway needs no right to the runtime. So what is denied there was denied to the gateway's role; or
to another one, if somebody changed the gateway or a change does not count yet.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from lifecycle.smoke_test.conversations.conversation import Conversation
from lifecycle.smoke_test.invocation import Target
from lifecycle.smoke_test.through import INVOKE_GATEWAY

_PRINCIPAL = re.compile(r"assumed-role/([\w+=,.@-]+)/\S* is not authorized to perform: ")
_ROLE_REPAIRS = "provision again, which repairs the role and the runtime's resource policy"
_SCP = "(a service control policy can also deny it)"
_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def is_behind_the_gateway(operation: str | None, target: Target) -> bool:
    """Whether what IAM denied is no right of the caller, but one to the runtime behind a gateway with its own role.

    Args:
        operation: What IAM denied; None if it denied nothing.
        target: The way to the runtime.
    """
    return bool(target.calling_role) and operation not in (None, INVOKE_GATEWAY)


def told(operation: str, reply: Conversation, target: Target, function: str) -> str:
    """Say whom IAM refused such an operation, and what to do.

    Args:
        operation: What IAM denied.
        reply: What came back.
        target: The way to the runtime.
        function: The function that called, as the template names it.
    """
    own = f"its own role {target.calling_role}"
    refused = f"IAM refused {operation} on {target.resource_of(operation)}"
    named = _PRINCIPAL.search(reply.answer.body)
    if named is None:
        return (
            f"{refused} and does not say whom: the gateway, which calls the runtime with {own}, or the role of "
            f"{function}, if the gateway passed that on; provision again, which repairs the gateway, its role and the "
            f"runtime's resource policy {_SCP}"
        )
    if named[1] != target.calling_role:
        return (
            f"the gateway called the runtime as {named[1]} instead of {own}, and {refused}; provision again, which "
            "repairs the gateway"
        )
    return f"{refused} to the gateway's own role {named[1]}; {_ROLE_REPAIRS} {_SCP}"


def told_of_silence(reply: Conversation, target: Target, function: str) -> str:
    """What to look at after a refusal that does not say what was denied; empty where no such gateway is on the way.

    Args:
        reply: What came back.
        target: The way to the runtime.
        function: The function that called, as the template names it.
    """
    if not target.calling_role or reply.answer.status not in _REFUSALS:
        return ""
    return (
        f"the answer does not say which role was refused: allow bedrock-agentcore:{INVOKE_GATEWAY} on "
        f"{target.resource_of(INVOKE_GATEWAY)} for the role of {function}; or the gateway's own role "
        f"{target.calling_role} may not call the runtime: {_ROLE_REPAIRS}"
    )
