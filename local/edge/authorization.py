"""Holds a role's requests against the role's own policies, as IAM does: action, resource and conditions.

Identity-based policies only: there is one account here, without boundaries, session or service control policies.
Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements reference".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from local.edge.permissions import Members, Permission, Place, permissions

Policy = Mapping[str, Any]
PoliciesOf = Callable[[str], Iterable[Policy]]
"""Returns the documents of all policies of a role, by the role's ARN."""
TagsOf = Callable[[str], Mapping[str, str]]
"""Returns the tags of a resource, by its ARN; none where there is no such resource."""


_STRINGS = ("StringEquals", "StringNotEquals")
_PATTERNS = ("StringLike", "StringNotLike", "ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals")


class UnknownOperatorError(Exception):
    """A condition has an operator that is not known here; what it would decide is not guessed."""


class Authorization:
    """Says what a role may not do.

    Args:
        place: Region and account.
        policies_of: Where policies come from.
        tags_of: Where tags for `aws:ResourceTag` come from.
    """

    def __init__(self, place: Place, policies_of: PoliciesOf, tags_of: TagsOf) -> None:
        self._place = place
        self._policies_of = policies_of
        self._tags_of = tags_of

    def refusal(self, role_arn: str, service: str, operation: str, members: Members) -> str | None:
        """Return why a request is refused, in IAM's words; `None` if it is allowed.

        Args:
            role_arn: The caller's role.
            service: botocore's name of the service.
            operation: botocore's name of the operation.
            members: The request's input by its names on the wire.
        """
        try:
            return self._refusal(role_arn, service, operation, members)
        except UnknownOperatorError as unknown:
            return f"the embedded IAM does not know the condition operator {unknown}"

    def _refusal(self, role_arn: str, service: str, operation: str, members: Members) -> str | None:
        statements = [
            statement
            for policy in self._policies_of(role_arn)
            for statement in _several(policy["Statement"])
        ]
        for needed in permissions(service, operation, members, self._place):
            context = dict(needed.context)
            if needed.resource is not None and any("Condition" in each for each in statements):
                tags = self._tags_of(needed.resource)
                context |= {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
            said = [each["Effect"] for each in statements if _fits(each, needed, context)]
            if "Deny" in said or "Allow" not in said:
                name = role_arn.rpartition("/")[2]
                why = (
                    "with an explicit deny in an identity-based policy"
                    if "Deny" in said
                    else f"because no identity-based policy allows the {needed.action} action"
                )
                return (
                    f"User: arn:aws:sts::{self._place.account_id}:assumed-role/{name}/session is not authorized "
                    f"to perform: {needed.action} on resource: {needed.resource or '*'} {why}"
                )
        return None


def _fits(statement: Mapping[str, Any], needed: Permission, context: Mapping[str, str]) -> bool:
    action = needed.action.lower()
    if "NotAction" in statement:
        if any(_like(item.lower(), action) for item in _several(statement["NotAction"])):
            return False
    elif not any(_like(item.lower(), action) for item in _several(statement["Action"])):
        return False
    # What resource is meant is not always known here; then the action decides.
    if needed.resource is not None:
        named, wanted = ("NotResource", False) if "NotResource" in statement else ("Resource", True)
        found = any(_like(item, needed.resource) for item in _several(statement[named]))
        if found is not wanted:
            return False
    return all(
        _holds(operator, key, _several(values), context)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _holds(operator: str, key: str, values: list[Any], context: Mapping[str, str]) -> bool:
    name = operator.removesuffix("IfExists")
    seen = next((text for known, text in context.items() if known.lower() == key.lower()), None)
    if name == "Bool" and key.lower() == "aws:securetransport":
        # Loopback counts as encrypted.
        return "true" in [str(value).lower() for value in values]
    if name not in (*_STRINGS, *_PATTERNS):
        raise UnknownOperatorError(operator)
    negated = name.startswith(("StringNot", "ArnNot"))
    if seen is None:
        return operator.endswith("IfExists") or negated
    same = str.__eq__ if name in _STRINGS else _like
    found = any(same(str(value), seen) for value in values)
    return found is not negated


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _like(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"([*?])", pattern)
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(part) or re.escape(part) for part in parts), re.DOTALL)
