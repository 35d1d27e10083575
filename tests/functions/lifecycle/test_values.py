"""Values go into DynamoDB's form and come back as they were; boto3's own serializer agrees."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.values import from_attribute, to_attribute

WHOLE = st.integers(-(10**37), 10**37)
# DynamoDB's numbers: up to 38 digits, 1E-130 to 9.9E+125 (DynamoDB, "Supported data types").
# A whole float beyond 2**53 comes back as the int of its decimal text.
FRACTIONS = st.floats(1e-100, 1e15) | st.just(0.1)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.text() | WHOLE | FRACTIONS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def exact(value: Any) -> Any:
    """With decimals instead of floats, as boto3 wants them."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    return [exact(item) for item in value] if isinstance(value, list) else value


def plain(value: Any) -> Any:
    """With ints and floats instead of decimals."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@given(PLAIN)
def test_what_is_written_is_read(value: Any) -> None:
    assert from_attribute(to_attribute(value)) == value


@given(PLAIN)
def test_boto3_reads_what_is_written(value: Any) -> None:
    assert plain(TypeDeserializer().deserialize(to_attribute(value))) == value


@given(PLAIN)
def test_what_boto3_writes_is_read(value: Any) -> None:
    assert from_attribute(TypeSerializer().serialize(exact(value))) == value


def test_a_set_of_texts() -> None:
    assert to_attribute({"b", "a"}) == {"SS": ["a", "b"]}
    assert from_attribute({"SS": ["a", "b"]}) == {"a", "b"}


@pytest.mark.parametrize("value", [b"bytes", object(), (1,), {1: {2}}.keys()])
def test_a_value_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="DynamoDB has no type for a"):
        to_attribute(value)


@pytest.mark.parametrize("attribute", [{"B": b"bytes"}, {"NS": ["1"]}])
def test_a_type_that_nothing_writes_is_refused(attribute: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="an attribute of type"):
        from_attribute(attribute)
