"""Single items of the environments table: strongly consistent reads, and conditional writes.

`lifecycle.table` decides what the conditions mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from pydantic import BaseModel

from lifecycle.record import Record

_SERIALIZER = TypeSerializer()
_DESERIALIZER = TypeDeserializer()


class ConditionFailedError(Exception):
    """The condition of a write was not true, so nothing was written."""


class Items:
    """The items of the table, one for each environment.

    Args:
        dynamodb: A boto3 DynamoDB client.
        table_name: The table's name.
    """

    def __init__(self, dynamodb: Any, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._name = table_name

    def read(self, environment: str) -> Record | None:
        """Read an item, strongly consistent; None when there is none."""
        answer = self._dynamodb.get_item(
            TableName=self._name, Key=_key(environment), ConsistentRead=True
        )
        return _record(answer["Item"]) if "Item" in answer else None

    def scan(self) -> Iterator[Record]:
        """Read every item, page by page."""
        for page in self._dynamodb.get_paginator("scan").paginate(
            TableName=self._name, ConsistentRead=True
        ):
            yield from (_record(item) for item in page["Items"])

    def write(
        self,
        environment: str,
        changes: dict[str, Any],
        condition: str,
        *,
        holder: str | None = None,
        if_missing: dict[str, Any] | None = None,
    ) -> Record:
        """Change attributes (None removes one); `if_missing` only sets attributes that the item does not have."""
        expression, names, values = _update_expression(changes, if_missing or {})
        lock_names, lock_values = _lock_expression(condition, holder)
        answer = _conditionally(
            self._dynamodb.update_item,
            TableName=self._name,
            Key=_key(environment),
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeNames=names | lock_names,
            ExpressionAttributeValues=values | lock_values,
            ReturnValues="ALL_NEW",
        )
        return _record(answer["Attributes"])

    def delete(self, environment: str, condition: str, *, holder: str) -> None:
        """Delete an item."""
        names, values = _lock_expression(condition, holder)
        _conditionally(
            self._dynamodb.delete_item,
            TableName=self._name,
            Key=_key(environment),
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )


def _conditionally(call: Callable[..., Any], **arguments: Any) -> Any:
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            raise ConditionFailedError from None
        raise


def _update_expression(
    changes: dict[str, Any], if_missing: dict[str, Any]
) -> tuple[str, dict[str, str], dict[str, Any]]:
    """The update expression, its attribute names and its attribute values."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    sets: list[str] = []
    removes: list[str] = []
    for index, (name, value) in enumerate(changes.items()):
        names[f"#c{index}"] = name
        if value is None:
            removes.append(f"#c{index}")
        else:
            values[f":c{index}"] = _serialize(value)
            sets.append(f"#c{index} = :c{index}")
    for index, (name, value) in enumerate(if_missing.items()):
        names[f"#f{index}"] = name
        values[f":f{index}"] = _serialize(value)
        sets.append(f"#f{index} = if_not_exists(#f{index}, :f{index})")
    clauses = [f"SET {', '.join(sets)}"] if sets else []
    clauses += [f"REMOVE {', '.join(removes)}"] if removes else []
    return " ".join(clauses), names, values


def _lock_expression(condition: str, holder: str | None) -> tuple[dict[str, str], dict[str, Any]]:
    """The attribute names and values of a condition; DynamoDB refuses names that an expression does not use."""
    names = {"#lock": "lock", "#execution": "execution"}
    used = {name: attribute for name, attribute in names.items() if name in condition}
    return used, {":holder": {"S": holder}} if holder else {}


def _key(environment: str) -> dict[str, Any]:
    return {"environment": {"S": environment}}


def _record(item: dict[str, Any]) -> Record:
    return Record.model_validate(
        {name: _deep(_DESERIALIZER.deserialize(value), _number) for name, value in item.items()}
    )


def _serialize(value: Any) -> Any:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return _SERIALIZER.serialize(_deep(value, _decimal))


def _deep(value: Any, convert: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _deep(item, convert) for key, item in value.items()}
    if isinstance(value, list):
        return [_deep(item, convert) for item in value]
    return convert(value)


def _decimal(value: Any) -> Any:
    # DynamoDB has no binary floating point. The decimal text of a float reads back as the same float.
    return Decimal(repr(value)) if isinstance(value, float) else value


def _number(value: Any) -> Any:
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == value.to_integral_value() else float(value)
