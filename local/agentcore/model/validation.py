"""Check a value against a shape of botocore's model: for requests, and for our own answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from local.agentcore.model.errors import FieldError, ServiceError, invalid
from local.agentcore.model.patterns import compile_pattern

_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "character": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (datetime,),
    "blob": (bytes, bytearray),
}


def check_request(shape: Any, value: Mapping[str, Any]) -> None:
    """Validate the members of a request.

    Args:
        shape: The operation's input shape (`botocore.model.StructureShape`).
        value: The members, by name; `None` counts as left out.

    Raises:
        ServiceError: ValidationException with every field that is wrong.
    """
    faults = find_faults(shape, value)
    if faults:
        raise _validation_error(faults)


def find_faults(shape: Any, value: Any, path: str = "") -> list[FieldError]:
    """Return every constraint of the shape that the value fails; an empty list if it is fine."""
    expected = _TYPES.get(shape.type_name)
    if expected is not None and (
        not isinstance(value, expected)
        or (isinstance(value, bool) and shape.type_name != "boolean")
    ):
        return [FieldError(path, f"Member must be of type {shape.type_name}")]
    check = _CHECKS.get(shape.type_name)
    return [] if check is None else check(shape, value, path)


def _structure(shape: Any, value: dict[str, Any], path: str) -> list[FieldError]:
    faults = [
        FieldError(_join(path, name), "Member must not be null")
        for name in shape.required_members
        if value.get(name) is None
    ]
    present = [name for name in shape.members if value.get(name) is not None]
    if getattr(shape, "is_tagged_union", False) and len(present) != 1:
        chosen = ", ".join(present) or "none"
        message = f"Exactly one of {', '.join(shape.members)} must be set, got {chosen}"
        faults.append(FieldError(path, message))
    for name in present:
        faults += find_faults(shape.members[name], value[name], _join(path, name))
    return faults


def _list(shape: Any, value: list[Any], path: str) -> list[FieldError]:
    faults = _length(shape, len(value), path)
    for position, item in enumerate(value, start=1):
        faults += find_faults(shape.member, item, f"{path}.{position}.member")
    return faults


def _map(shape: Any, value: dict[str, Any], path: str) -> list[FieldError]:
    faults = _length(shape, len(value), path)
    for key, item in value.items():
        faults += find_faults(shape.key, key, f"{path}.{key}.key")
        faults += find_faults(shape.value, item, f"{path}.{key}.value")
    return faults


def _string(shape: Any, value: str, path: str) -> list[FieldError]:
    faults = _length(shape, len(value), path)
    enum = shape.metadata.get("enum")
    if enum and value not in enum:
        faults.append(FieldError(path, f"Member must satisfy enum value set: [{', '.join(enum)}]"))
    pattern = shape.metadata.get("pattern")
    if pattern and compile_pattern(pattern).fullmatch(value) is None:
        message = f"Member must satisfy regular expression pattern: {pattern}"
        faults.append(FieldError(path, message))
    return faults


def _number(shape: Any, value: float, path: str) -> list[FieldError]:
    faults: list[FieldError] = []
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        message = f"Member must have value greater than or equal to {low}"
        faults.append(FieldError(path, message))
    if high is not None and value > high:
        faults.append(FieldError(path, f"Member must have value less than or equal to {high}"))
    return faults


def _blob(shape: Any, value: bytes, path: str) -> list[FieldError]:
    return _length(shape, len(value), path)


def _length(shape: Any, length: int, path: str) -> list[FieldError]:
    faults: list[FieldError] = []
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and length < low:
        message = f"Member must have length greater than or equal to {low}"
        faults.append(FieldError(path, message))
    if high is not None and length > high:
        faults.append(FieldError(path, f"Member must have length less than or equal to {high}"))
    return faults


_CHECKS: dict[str, Callable[[Any, Any, str], list[FieldError]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
    "blob": _blob,
}


def _validation_error(faults: list[FieldError]) -> ServiceError:
    many = "error" if len(faults) == 1 else "errors"
    # Values are not repeated: environment variables and descriptions are marked sensitive.
    listed = "; ".join(
        f"Value at '{f.name}' failed to satisfy constraint: {f.message}" for f in faults
    )
    return invalid(f"{len(faults)} validation {many} detected: {listed}", faults)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
