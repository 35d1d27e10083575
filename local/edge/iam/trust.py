"""Whether a service may assume a role, by the role's trust policy.

Source: IAM user guide, "How to use trust policies with IAM roles" and "The confused deputy problem".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.edge.iam.conditions import (
    Context,
    UnknownOperatorError,
    UnknownVariableError,
    holds,
    like,
)

_ASSUME = "sts:assumerole"


def may_assume(policy: Mapping[str, Any], service: str, context: Context) -> bool:
    """Say whether a trust policy lets a service assume its role.

    Args:
        policy: The policy's document.
        service: The service principal, such as `bedrock-agentcore.amazonaws.com`.
        context: What the service sends: `aws:SourceAccount` and `aws:SourceArn`.
    """
    said = [
        statement["Effect"]
        for statement in _many(policy.get("Statement", []))
        if service in _services(statement)
        and any(like(action.lower(), _ASSUME) for action in _many(statement.get("Action", [])))
        and _conditions_hold(statement, context)
    ]
    return "Allow" in said and "Deny" not in said


def _services(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal", {})
    return [] if isinstance(principal, str) else _many(principal.get("Service", []))


def _conditions_hold(statement: Mapping[str, Any], context: Context) -> bool:
    try:
        return all(
            holds(operator, key, _many(values), context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    except UnknownVariableError:
        return False
    except UnknownOperatorError:
        # IAM takes no such policy: it denies what it was meant to deny, and allows nothing.
        return bool(statement["Effect"] == "Deny")


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
