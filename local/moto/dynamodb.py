"""DynamoDB: how moto writes the values of an item into an answer, and reads update expressions."""

from __future__ import annotations

from functools import lru_cache, wraps
from typing import Any

from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser  # type: ignore[attr-defined]
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]

_KEPT = 256
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


def keep_update_expressions() -> None:
    """Parse an update expression once, and ask each check once which parts of it are its own.

    moto parses the text twice for each request, and asks each of ten checks again at every node. Nobody changes the
    parsed expression: a validator works on a copy, and the rest of moto only searches it.
    Upstream: upstream/update-expressions.md.
    """
    make = UpdateExpressionParser.make
    nodes = DepthFirstTraverser.nodes_to_be_processed

    def nodes_to_be_processed(self: Any) -> Any:
        if "own_nodes" not in vars(self):
            self.own_nodes = nodes(self)
        return self.own_nodes

    # DynamoDB takes expressions of up to 4 KB.
    UpdateExpressionParser.make = staticmethod(lru_cache(_KEPT)(make))
    DepthFirstTraverser.nodes_to_be_processed = nodes_to_be_processed


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
