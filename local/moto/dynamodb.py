"""DynamoDB: how moto writes the values of an item into an answer."""

from __future__ import annotations

from functools import wraps
from typing import Any

from moto.core.serialize import BaseJSONSerializer

_TEXTS, _FLAGS, _SETS = frozenset({"S", "N"}), frozenset({"BOOL", "NULL"}), frozenset({"SS", "NS"})


def write_plain_values() -> None:
    """Write a value such as `{"S": "text"}` as it stands.

    moto looks for each of the ten members of an AttributeValue under up to eight names in every value of every
    item, which was a third of the local AWS's CPU time in a lifecycle. Values with bytes are left to moto.
    Upstream: upstream/attribute-values.md.
    """
    original = BaseJSONSerializer._serialize_type_structure

    @wraps(original)
    def serialize(
        self: BaseJSONSerializer, serialized: Any, value: Any, shape: Any, key: str
    ) -> None:
        if key and shape.name == "AttributeValue" and _is_plain(value):
            self._default_serialize(serialized, value, shape, key)
        else:
            original(self, serialized, value, shape, key)

    BaseJSONSerializer._serialize_type_structure = serialize  # type: ignore[method-assign]


def _is_plain(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((kind, held),) = value.items()
    if kind in _TEXTS:
        return isinstance(held, str)
    if kind in _FLAGS:
        return isinstance(held, bool)
    if kind in _SETS:
        return isinstance(held, list) and all(isinstance(item, str) for item in held)
    if kind == "L":
        return isinstance(held, list) and all(map(_is_plain, held))
    return kind == "M" and isinstance(held, dict) and all(map(_is_plain, held.values()))
