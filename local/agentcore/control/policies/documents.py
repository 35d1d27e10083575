"""What `PutResourcePolicy` takes: the checks of a policy's document.

Source: AgentCore developer guide, "Resource-based policies for Amazon Bedrock AgentCore": policy structure, supported
actions, policy validation errors. The texts of the errors are not documented.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local.agentcore.model.errors import ServiceError, invalid_field
from local.edge.iam.conditions import UnknownOperatorError, holds
from local.edge.iam.statements import several

RUNTIME_ACTIONS = frozenset(
    f"bedrock-agentcore:{name}"
    for name in (
        "InvokeAgentRuntime",
        "InvokeAgentRuntimeForUser",
        "InvokeAgentRuntimeCommand",
        "InvokeAgentRuntimeCommandShell",
        "InvokeAgentRuntimeWithWebSocketStream",
        "InvokeAgentRuntimeWithWebSocketStreamForUser",
        "StopRuntimeSession",
        "GetAgentCard",
    )
)
"""The actions of a runtime and of its endpoints."""
GATEWAY_ACTIONS = frozenset({"bedrock-agentcore:InvokeGateway"})
ACTIONS = RUNTIME_ACTIONS | GATEWAY_ACTIONS
"""What policies can be about."""

RoleSeen = Callable[[str], bool]
"""Says whether AgentCore sees a role, by its ARN."""

_MEMBERS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
_PRINCIPAL = re.compile(
    r"\*|\d{12}|arn:aws[a-z-]*:(iam::\d{12}:(root|(role|user)/[\w+=,.@/-]+)"
    r"|sts::\d{12}:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+)"
)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):role/.+")


def check_policy(text: str, arn: str, actions: frozenset[str], role_seen: RoleSeen) -> None:
    """Check the policy of a resource.

    What the guide does not show is refused: `NotPrincipal`, `NotAction`, `NotResource`, wildcards in actions.

    Args:
        text: The policy.
        arn: The resource that it is for.
        actions: What can be done with a resource of its kind.
        role_seen: Knows the roles of the account. IAM's own policies name no role that is not there.

    Raises:
        ServiceError: ValidationException.
    """
    for problem in _problems(text, arn, actions, role_seen):
        raise _refused(problem)


def _refused(problem: str) -> ServiceError:
    return invalid_field("policy", f"Invalid resource policy: {problem}.")


def _problems(text: str, arn: str, actions: frozenset[str], role_seen: RoleSeen) -> Iterator[str]:
    try:
        document = json.loads(text)
    except ValueError:
        yield "it is not valid JSON"
        return
    if not isinstance(document, dict) or document.keys() - {"Version", "Id", "Statement"}:
        yield "it must be an object with Version and Statement"
        return
    if document.get("Version") not in ("2012-10-17", "2008-10-17"):
        yield "Version is missing or unknown"
    statements = several(document.get("Statement", []))
    if not statements or not all(isinstance(each, dict) for each in statements):
        yield "Statement is missing"
        return
    for statement in statements:
        yield from _of_statement(statement, arn, actions)
        yield from _of_principal(statement.get("Principal"), arn, role_seen)
        yield from _of_conditions(statement.get("Condition", {}))


def _of_statement(statement: Mapping[str, Any], arn: str, actions: frozenset[str]) -> Iterator[str]:
    unknown = sorted(statement.keys() - _MEMBERS)
    if unknown:
        yield f"{unknown[0]} is not supported"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield "Effect must be Allow or Deny"
    named = several(statement.get("Action", []))
    if not named:
        yield "Action is missing"
    for action in named:
        if action not in actions:
            yield f"the action '{action}' is not supported for this resource"
    # The exact ARN; `*` is refused (the same page).
    if several(statement.get("Resource", [])) != [arn]:
        yield f"Resource must be the ARN of the resource, {arn}"


def _of_principal(principal: Any, arn: str, role_seen: RoleSeen) -> Iterator[str]:
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal or principal.keys() - {"AWS", "Service"}:
        yield "Principal is missing or not supported"
        return
    for one in several(principal.get("AWS", [])):
        if not isinstance(one, str) or not _PRINCIPAL.fullmatch(one):
            yield f"the principal '{one}' is not valid"
            continue
        role = _ROLE.fullmatch(one)
        if role is not None and role["account"] == arn.split(":")[4] and not role_seen(one):
            yield f"the principal '{one}' is not valid"


def _of_conditions(conditions: Any) -> Iterator[str]:
    if not isinstance(conditions, dict) or not all(
        isinstance(keys, dict) for keys in conditions.values()
    ):
        yield "Condition must be an object of operators"
        return
    for operator in conditions:
        try:
            holds(operator, "aws:PrincipalArn", [], {}, variables=False)
        except UnknownOperatorError:
            yield f"the condition operator '{operator}' is unknown"
