"""Plain values as DynamoDB's attribute values, and back.

boto3 has the same in `boto3.dynamodb.types`, but only with all of boto3, which is a sixth of a cold start.
Source of the types: DynamoDB API reference, AttributeValue.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def to_attribute(value: Any) -> dict[str, Any]:
    """Write a value as an attribute value, such as `{"S": "text"}`.

    Args:
        value: Text, a number, true, false, None, a list, a set of texts, or a dict with texts as keys.

    Raises:
        TypeError: The value is of another type.
    """
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, int | float):
        # DynamoDB has no binary floating point. The decimal text of a float reads back as the same float.
        return {"N": repr(value)}
    if isinstance(value, list):
        return {"L": [to_attribute(item) for item in value]}
    if isinstance(value, dict):
        return {"M": {key: to_attribute(item) for key, item in value.items()}}
    if isinstance(value, set):
        return {"SS": sorted(value)}
    raise TypeError(f"DynamoDB has no type for a {type(value).__name__}")


def from_attribute(attribute: dict[str, Any]) -> Any:
    """Read an attribute value that `to_attribute` wrote, or that DynamoDB made of one.

    Returns:
        The value; a whole number as int, another as float.

    Raises:
        ValueError: It has bytes or a set of numbers, which nothing here writes.
    """
    ((kind, held),) = attribute.items()
    match kind:
        case "NULL":
            return None
        case "BOOL" | "S":
            return held
        case "N":
            number = Decimal(held)
            return int(number) if number == number.to_integral_value() else float(number)
        case "L":
            return [from_attribute(item) for item in held]
        case "M":
            return {key: from_attribute(item) for key, item in held.items()}
        case "SS":
            return set(held)
        case _:
            raise ValueError(f"an attribute of type {kind}")
