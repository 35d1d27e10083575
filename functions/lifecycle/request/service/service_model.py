"""Checks part of an input against AWS's own service model, as the bundled SDK carries it.

The lifecycle passes on members that it has no field for. Their names, types, patterns and bounds come from botocore's
model of AgentCore's control plane, so a member that a newer SDK brings needs no code here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from lifecycle.request.inputs import is_unicode

SERVICE = "bedrock-agentcore-control"
# What a string may have whose only bound is a pattern, so that matching it takes bounded time.
_LONGEST = 4096

_PYTHON_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "structure": ((dict,), "an object"),
    "map": ((dict,), "an object"),
    "list": ((list,), "a list"),
    "string": ((str,), "a string"),
    "boolean": ((bool,), "true or false"),
    "integer": ((int,), "a whole number"),
    "long": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
}


# What a number without bounds of its own can be (Smithy specification, "Simple types").
_RANGES = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}


class Fault(NamedTuple):
    """One thing that the model does not allow.

    Attributes:
        path: The member below the value that was checked, such as `protocolConfiguration.port`.
        given: What was given; None for a required member that is missing.
        allowed: What is allowed, in words.
    """

    path: str
    given: Any
    allowed: str


@cache
def _model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model(SERVICE, "service-2"), SERVICE)


def input_shape(operation: str) -> Any:
    """The input of an operation of AgentCore's control plane, such as `CreateAgentRuntime` (a `StructureShape`)."""
    return _model().operation_model(operation).input_shape


def jwt_authorizer_shape() -> Any:
    """The shape of `customJWTAuthorizer`, the JWT authorizer of a runtime."""
    authorizer = input_shape("CreateAgentRuntime").members["authorizerConfiguration"]
    return authorizer.members["customJWTAuthorizer"]


def find_faults(
    shape: Any, value: Any, owned: Mapping[str, str] | None = None, path: str = ""
) -> Iterator[Fault]:
    """Compare a value with a shape.

    Args:
        shape: A `botocore.model.Shape`.
        value: JSON, as the caller gave it.
        owned: Members that must not be given, by their path, each with what to use instead. They count as present
            where the model requires them.
        path: Where the value stands; empty for the whole.

    Yields:
        Each unknown, missing, owned or malformed member.
    """
    known = _PYTHON_TYPES.get(shape.type_name)
    if known is None:
        yield Fault(path, value, f"nothing: a {shape.type_name} cannot be written in JSON")
        return
    types, words = known
    if not isinstance(value, types) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield Fault(path, value, words)
        return
    check = _CHECKS.get(shape.type_name)
    if check is not None:
        yield from check(shape, value, owned or {}, path)


def _structure(
    shape: Any, value: dict[str, Any], owned: Mapping[str, str], path: str
) -> Iterator[Fault]:
    offered = [name for name in shape.members if _join(path, name) not in owned]
    for name, item in value.items():
        where = _join(path, name)
        if where in owned:
            yield Fault(where, item, f"nothing here: {owned[where]}")
        elif name not in shape.members:
            import difflib  # only a refused input pays for it

            close = difflib.get_close_matches(name[:100], offered, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            yield Fault(where, item, f"one of {', '.join(offered)}{hint}")
        else:
            yield from find_faults(shape.members[name], item, owned, where)
    for name in shape.required_members:
        where = _join(path, name)
        # A parent of an owned member is completed by the lifecycle, too.
        if name not in value and not any(o == where or o.startswith(f"{where}.") for o in owned):
            yield Fault(where, None, f"required: {_words(shape.members[name])}")
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield Fault(path, sorted(value), f"exactly one of {', '.join(shape.members)}")


def _list(shape: Any, value: list[Any], owned: Mapping[str, str], path: str) -> Iterator[Fault]:
    yield from _length(shape, len(value), "entries", value, path)
    # A list or map beyond its bound is refused by its length; a bounded part of it is enough to look at.
    for index, item in enumerate(value[: shape.metadata.get("max")]):
        yield from find_faults(shape.member, item, owned, f"{path}[{index}]")


def _map(shape: Any, value: dict[str, Any], owned: Mapping[str, str], path: str) -> Iterator[Fault]:
    yield from _length(shape, len(value), "entries", value, path)
    for name, item in list(value.items())[: shape.metadata.get("max")]:
        yield from find_faults(shape.key, name, owned, path)
        yield from find_faults(shape.value, item, owned, _join(path, name))


def _string(shape: Any, value: str, _owned: Mapping[str, str], path: str) -> Iterator[Fault]:
    longest = shape.metadata.get("max", _LONGEST if "pattern" in shape.metadata else None)
    yield from _length(shape, len(value), "characters", value, path, longest)
    if not is_unicode(value):
        yield Fault(path, value, "a string that UTF-8 can carry")
    if shape.enum and value not in shape.enum:
        yield Fault(path, value, f"one of {', '.join(shape.enum)}")
    pattern = shape.metadata.get("pattern")
    if pattern is None or len(value) > shape.metadata.get("max", _LONGEST):
        return
    compiled = _compiled(pattern)
    if compiled is not None and compiled.fullmatch(value) is None:
        yield Fault(path, value, f"a string that matches {pattern}")


def _number(shape: Any, value: float, _owned: Mapping[str, str], path: str) -> Iterator[Fault]:
    least, most = _RANGES.get(shape.type_name, (None, None))
    low, high = shape.metadata.get("min", least), shape.metadata.get("max", most)
    inside = (low is None or value >= low) and (high is None or value <= high)
    if not inside or (isinstance(value, float) and not math.isfinite(value)):
        yield Fault(path, value, f"a number {_bounds(low, high)}")


def _length(
    shape: Any, length: int, unit: str, value: Any, path: str, longest: int | None = None
) -> Iterator[Fault]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max", longest)
    if (low is not None and length < low) or (high is not None and length > high):
        yield Fault(path, value, f"{_bounds(low, high)} {unit}")


def _bounds(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high}"
    if high is None:
        return f"at least {low}"
    return f"from {low} to {high}"


def _words(shape: Shape) -> str:
    known = _PYTHON_TYPES.get(shape.type_name)
    if getattr(shape, "enum", None):
        return f"one of {', '.join(shape.enum)}"
    return known[1] if known else str(shape.type_name)


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile a model's pattern; None for one that Python cannot read: the service itself then judges the value.

    The models are written for engines whose character classes are ASCII, and match the whole value.
    """
    try:
        return re.compile(pattern, re.ASCII)
    except re.error:
        return None


_CHECKS: dict[str, Callable[..., Iterator[Fault]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
