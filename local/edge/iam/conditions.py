"""Conditions of a policy's statement: operators, condition keys of a request, policy variables.

Source: IAM user guide, "Condition operators", "Global condition context keys", "Multivalued context keys" and
"Variables and tags".
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Context = Mapping[str, str | tuple[str, ...]]
"""Condition keys of a request with their values; several values make a multivalued key."""

Matcher = Callable[[str, str], bool]
"""Says whether a value of the policy (first) matches a value of the request (second)."""


def like(pattern: str, text: str) -> bool:
    """Say whether a text matches a pattern with `*` and `?`."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"([*?])", pattern)
    wild = {"*": ".*", "?": "."}
    return re.compile(
        "".join(wild.get(part) or re.escape(_plain(part)) for part in parts), re.DOTALL
    )


# What a variable puts into a pattern is never a wildcard: it is written with these until it is matched.
_LITERAL = str.maketrans({"*": "\ue000", "?": "\ue001"})
_BACK = str.maketrans({"\ue000": "*", "\ue001": "?"})


def _plain(text: str) -> str:
    return text.translate(_BACK)


def _arn_like(pattern: str, text: str) -> bool:
    # Each of the six parts is matched by itself.
    wanted, seen = pattern.split(":", 5), text.split(":", 5)
    return len(wanted) == len(seen) and all(map(like, wanted, seen))


def _ignoring_case(wanted: str, seen: str) -> bool:
    return wanted.lower() == seen.lower()


def _number(compare: Callable[[Any, Any], bool]) -> Matcher:
    def matches(wanted: str, seen: str) -> bool:
        try:
            return compare(float(seen), float(wanted))
        except ValueError:
            return False

    return matches


def _date(compare: Callable[[Any, Any], bool]) -> Matcher:
    def matches(wanted: str, seen: str) -> bool:
        try:
            return compare(_moment(seen), _moment(wanted))
        except ValueError:
            return False

    return matches


def _moment(text: str) -> datetime:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return datetime.fromtimestamp(float(text), UTC)
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _in_network(wanted: str, seen: str) -> bool:
    try:
        return ipaddress.ip_address(seen) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _same_bytes(wanted: str, seen: str) -> bool:
    try:
        return base64.b64decode(wanted, validate=True) == base64.b64decode(seen, validate=True)
    except binascii.Error:
        return False


_ORDER = {
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_MATCHERS: dict[str, tuple[Matcher, bool]] = {
    "StringEquals": (operator.eq, False),
    "StringNotEquals": (operator.eq, True),
    "StringEqualsIgnoreCase": (_ignoring_case, False),
    "StringNotEqualsIgnoreCase": (_ignoring_case, True),
    "StringLike": (like, False),
    "StringNotLike": (like, True),
    "ArnEquals": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnLike": (_arn_like, False),
    "ArnNotLike": (_arn_like, True),
    "Bool": (_ignoring_case, False),
    "BinaryEquals": (_same_bytes, False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
    "NumericEquals": (_number(operator.eq), False),
    "NumericNotEquals": (_number(operator.eq), True),
    "DateEquals": (_date(operator.eq), False),
    "DateNotEquals": (_date(operator.eq), True),
    **{f"Numeric{name}": (_number(compare), False) for name, compare in _ORDER.items()},
    **{f"Date{name}": (_date(compare), False) for name, compare in _ORDER.items()},
}
"""The matcher of each operator, and whether the operator negates it."""

_BY_LOWER_CASE = {name.lower(): found for name, found in _MATCHERS.items()}
_OPERATOR = re.compile(
    r"(?:(?P<quantifier>ForAllValues|ForAnyValue):)?(?P<name>[A-Za-z]+?)(?P<if_exists>IfExists)?",
    re.IGNORECASE,
)


class UnknownOperatorError(Exception):
    """IAM has no such condition operator: it refuses the policy itself (`MalformedPolicyDocument`)."""


class UnknownVariableError(Exception):
    """A policy variable has no value in this request, and no default."""


def holds(
    name: str, key: str, values: list[Any], context: Context, *, variables: bool = True
) -> bool:
    """Say whether one key of a condition holds.

    A key that the request does not have does not match, except for the negated operators, `…IfExists`, `ForAllValues`
    and `Null`.

    Args:
        name: The operator, such as `ForAnyValue:StringLikeIfExists`.
        key: The condition key; case does not count.
        values: The policy's values.
        context: The request's keys.
        variables: Whether the policy's version has policy variables (2012-10-17).

    Raises:
        UnknownOperatorError: IAM has no such operator.
        UnknownVariableError: A value has a policy variable without a value.
    """
    found = _OPERATOR.fullmatch(name)
    if found is None:
        raise UnknownOperatorError(name)
    seen = values_of(key, context)
    if found["name"].lower() == "null":
        return any((str(value).lower() == "true") is (seen is None) for value in values)
    known = _BY_LOWER_CASE.get(found["name"].lower())
    if known is None:
        raise UnknownOperatorError(name)
    matches, negated = known
    quantifier = (found["quantifier"] or "").lower()
    if seen is None:
        return (
            bool(found["if_exists"]) or quantifier == "forallvalues" or (negated and not quantifier)
        )
    wanted = [text(value) for value in values]
    if variables:
        wanted = [substituted(each, context) for each in wanted]
    if matches not in (like, _arn_like):
        wanted = [_plain(each) for each in wanted]
    fits = [any(matches(each, item) for each in wanted) is not negated for item in seen]
    return all(fits) if quantifier == "forallvalues" else any(fits)


def text(value: Any) -> str:
    """Write a policy's value as text: JSON's booleans are `true` and `false`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def values_of(key: str, context: Context) -> tuple[str, ...] | None:
    """Return the values of a condition key, or `None` if the request does not have it."""
    for known, value in context.items():
        if known.lower() == key.lower():
            return (value,) if isinstance(value, str) else value
    return None


_VARIABLE = re.compile(r"\$\{(?P<key>[^}',]+?)\s*(?:,\s*'(?P<default>[^']*)')?\}")


def substituted(value: str, context: Context) -> str:
    """Put the request's values in for policy variables such as `${aws:PrincipalAccount}`.

    Returns:
        A pattern for `like`, in which no value that was put in is a wildcard.

    Raises:
        UnknownVariableError: A variable has no value and no default; the statement does not match then.
    """
    if "${" not in value:
        return value

    def value_of(found: re.Match[str]) -> str:
        key = found["key"]
        seen = (key,) if key in ("*", "?", "$") else values_of(key, context)
        value = seen[0] if seen is not None and len(seen) == 1 else found["default"]
        if value is None:
            raise UnknownVariableError(key)
        return value.translate(_LITERAL)

    return _VARIABLE.sub(value_of, value)
