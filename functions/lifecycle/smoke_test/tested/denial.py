"""Whether IAM refused a signed call before anybody asked the runtime's authorizer: such an answer proves nothing."""

from __future__ import annotations

import re
from http import HTTPStatus

from lifecycle.errors import AwsCallError, LifecycleError
from lifecycle.smoke_test.conversations.conversation import Conversation
from lifecycle.smoke_test.door import Door
from lifecycle.smoke_test.invocation import Caller, Target
from lifecycle.smoke_test.probes import Probe
from lifecycle.smoke_test.tested import gateway_role
from lifecycle.smoke_test.tested.gateway_role import is_behind_the_gateway

_IAM_DENIAL = re.compile(r"not authorized to perform: bedrock-agentcore:(\w*)")
# The caller's own policies, or those of its account's organization (IAM user guide, the same page).
_OWN_DENIAL = re.compile(
    r"(identity-based|session|service control|resource control) policy|permissions boundary"
)
_OF_RESOURCE = "explicit deny in a resource-based policy"
# Errors of the signature itself (IAM user guide, "Common errors"): the authorizer was not asked either.
_NOT_SIGNED = frozenset(
    {
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


def is_denied_by_iam(probe: Probe, reply: Conversation) -> bool:
    """Whether IAM itself refused a signed call, so that the runtime's authorizer was not asked.

    The text is that of every IAM denial (IAM user guide, "Troubleshoot access denied error messages"). Of a call that a
    resource policy must deny, only a denial by another policy proves nothing.
    """
    if not probe.caller.signs or _denied_operation(reply) is None:
        return False
    return not probe.direct or _OWN_DENIAL.search(reply.answer.body) is not None


def is_denied_by_resource(reply: Conversation) -> bool:
    """Whether the policy of what was called denied a call, as that of a closed runtime does."""
    return _denied_operation(reply) is not None and _OF_RESOURCE in reply.answer.body


def is_denied_behind_gateway(reply: Conversation, target: Target) -> bool:
    """Whether IAM refused what a gateway does with a role of its own; that role may be young, and the policies, too."""
    return is_behind_the_gateway(_denied_operation(reply), target)


def denied(
    probe: Probe, reply: Conversation, seen: str, target: Target, door: Door
) -> LifecycleError:
    """The error for such a refusal; names the permission that is missing, and the role that lacks it."""
    operation = str(_denied_operation(reply))
    if is_behind_the_gateway(operation, target):
        said = gateway_role.told(operation, reply, target, door.function)
        return door.refused_behind(f"check '{probe.name}': seen {seen}: {said}")
    told = f"IAM refused the smoke test's own role, so check '{probe.name}' proves nothing"
    return _lacking(operation, seen, told, target, door.function)


def refusal_hint(probe: Probe, reply: Conversation, target: Target, door: Door) -> str:
    """Whom a refusal may be about, after which the time was over; empty if only the runtime can have refused."""
    if not (probe.answered and probe.caller.signs):
        return ""
    operation = _denied_operation(reply)
    if operation is not None and is_behind_the_gateway(operation, target):
        return gateway_role.told(operation, reply, target, door.function)
    return gateway_role.told_of_silence(reply, target, door.function) if operation is None else ""


def denied_question(
    caller: Caller, reply: Conversation, seen: str, target: Target, function: str
) -> AwsCallError | None:
    """The error for a question that IAM did not let through, so that the agent never heard it; None for other answers.

    Args:
        caller: Who asked.
        reply: What came back.
        seen: The answer as it may be shown.
        target: What was asked.
        function: The function that asks, as the template names it.
    """
    operation = _denied_operation(reply) if caller.signs else None
    if operation is None:
        return None
    if is_behind_the_gateway(operation, target):
        said = gateway_role.told(operation, reply, target, function)
        return AwsCallError(f"{operation}: {seen}: the agent was not asked: {said}")
    told = "IAM refused the role that asks the cases, so the agent was not asked"
    return _lacking(operation, seen, told, target, function)


def _lacking(operation: str, seen: str, told: str, target: Target, function: str) -> AwsCallError:
    return AwsCallError(
        f"{operation}: {seen}: {told}; allow bedrock-agentcore:{operation} on {target.resource_of(operation)} for the "
        f"role of {function} (a service control policy or the resource policy of what is called can also deny it)"
    )


def _denied_operation(reply: Conversation) -> str | None:
    if reply.answer.status != HTTPStatus.FORBIDDEN:
        return None
    found = _IAM_DENIAL.search(reply.answer.body)
    return found[1] if found else None


def is_not_signed(probe: Probe, reply: Conversation) -> bool:
    """Whether AWS refused the signature of a call itself."""
    return probe.caller.signs and reply.answer.code in _NOT_SIGNED
