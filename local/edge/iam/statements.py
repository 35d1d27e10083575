"""Whether a statement of a policy fits a request: its principal, action, resource and conditions.

Source: IAM user guide, "IAM JSON policy elements reference".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from local.edge.iam.conditions import (
    Context,
    UnknownOperatorError,
    UnknownVariableError,
    holds,
    like,
    substituted,
)
from local.edge.iam.permission import BEARER, Permission

_WITH_VARIABLES = "2012-10-17"
"""The version of the policy language that has policy variables; without a version it is 2008-10-17."""

Policy = Mapping[str, Any]
Statements = list[tuple[Mapping[str, Any], bool]]
"""Each statement, and whether policy variables count in it."""


def statements_of(policies: Iterable[Policy]) -> Statements:
    """Return the statements of some policies."""
    return [
        (statement, policy.get("Version") == _WITH_VARIABLES)
        for policy in policies
        for statement in several(policy["Statement"])
    ]


def about(statements: Statements, principal: str) -> Statements:
    """Return the statements of a resource's policy whose `Principal` names a caller.

    Args:
        statements: The statements.
        principal: ARN of the caller's role or of the account's root user; `BEARER` for a caller with a token.
    """
    return [each for each in statements if _names(each[0]["Principal"], principal)]


def look_at_keys(statements: Statements) -> bool:
    """Say whether any statement looks at the request's condition keys."""
    return any("Condition" in each or "${" in str(each) for each, _ in statements)


def effects(statements: Statements, needed: Permission, context: Context) -> set[str]:
    """Return the effects of the statements that fit: `Allow`, `Deny`, both or none."""
    return {
        str(each["Effect"])
        for each, variables in statements
        if _fits(each, needed, context, variables=variables)
    }


def _names(principal: Any, caller: str) -> bool:
    if principal == "*":
        return True
    accounts = several(principal.get("AWS", []))
    if "*" in accounts:
        return True
    if caller == BEARER:
        return False
    # An account stands for everybody in it, and its root user's ARN for the account.
    account = caller.split(":")[4]
    return bool({caller, account, f"arn:aws:iam::{account}:root"} & set(accounts))


def _fits(
    statement: Mapping[str, Any], needed: Permission, context: Context, *, variables: bool
) -> bool:
    action = needed.action.lower()
    if "NotAction" in statement:
        if any(like(item.lower(), action) for item in several(statement["NotAction"])):
            return False
    elif not any(like(item.lower(), action) for item in several(statement["Action"])):
        return False
    try:
        return _meets(statement, needed, context, variables=variables)
    except UnknownVariableError:
        return False
    except UnknownOperatorError:
        # IAM takes no such policy. What it was meant to deny stays denied, what it was meant to allow is not allowed.
        return bool(statement["Effect"] == "Deny")


def _meets(
    statement: Mapping[str, Any], needed: Permission, context: Context, *, variables: bool
) -> bool:
    # What resource is meant is not always known here; then the action decides.
    if needed.resource is not None:
        named, wanted = ("NotResource", False) if "NotResource" in statement else ("Resource", True)
        items = several(statement[named])
        if variables:
            items = [substituted(item, context) for item in items]
        if any(like(item, needed.resource) for item in items) is not wanted:
            return False
    return all(
        holds(operator, key, several(values), context, variables=variables)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def several(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as the only item of one."""
    return value if isinstance(value, list) else [value]
