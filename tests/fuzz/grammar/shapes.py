"""Values that a shape of botocore's service model allows, with the bounds themselves among them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.fuzz.grammar.schemas import string


def from_shape(shape: Any, without: Collection[str] = (), path: str = "") -> SearchStrategy[Any]:
    """Values of a shape.

    Args:
        shape: A `botocore.model.Shape`.
        without: Members to leave out, by their path.
        path: Where the value stands.
    """
    kind = shape.type_name
    bounds = shape.metadata
    if kind == "structure":
        return _structure(shape, without, path)
    if kind == "list":
        low = bounds.get("min", 0)
        most = min(bounds.get("max", low + 2), low + 2)
        return st.lists(from_shape(shape.member, without, path), min_size=low, max_size=most)
    if kind == "map":
        low = bounds.get("min", 0)
        most = min(bounds.get("max", low + 2), low + 2)
        return st.dictionaries(
            from_shape(shape.key), from_shape(shape.value), min_size=low, max_size=most
        )
    if kind == "string":
        if shape.enum:
            return st.sampled_from(shape.enum)
        return string(bounds.get("pattern"), bounds.get("min", 0), bounds.get("max"))
    if kind == "boolean":
        return st.booleans()
    low, high = bounds.get("min", -(2**40)), bounds.get("max", 2**40)
    return st.one_of(st.sampled_from([low, high]), st.integers(low, high))


def _structure(shape: Any, without: Collection[str], path: str) -> SearchStrategy[Any]:
    parts = {
        name: from_shape(member, without, where)
        for name, member in shape.members.items()
        if (where := f"{path}.{name}".lstrip(".")) not in without
    }
    if getattr(shape, "is_tagged_union", False):
        return st.one_of(*(st.fixed_dictionaries({name: part}) for name, part in parts.items()))
    required = {name for name in shape.required_members if name in parts}
    optional = {name: part for name, part in parts.items() if name not in required}
    return st.fixed_dictionaries(
        {name: parts[name] for name in parts if name in required}, optional=optional
    )
