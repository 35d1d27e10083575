"""Single items of the environments table: strongly consistent reads, and conditional writes.

`lifecycle.table` decides what the conditions mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, get_args

from botocore.exceptions import ClientError
from pydantic import BaseModel

from lifecycle.durations import STACK_KEY
from lifecycle.promotions.store import is_promotion
from lifecycle.record import Record, State
from lifecycle.values import from_attribute, to_attribute

EXPIRY_INDEX = "expiry"
"""The table's index with the keys `state` and `expiresAt`. Every item has a state, so no attribute is only for it."""

_READ_AT_ONCE = 100


class ConditionFailedError(Exception):
    """The condition of a write was not true, so nothing was written."""


@dataclass(frozen=True)
class Condition:
    """The condition of a write.

    Attributes:
        text: DynamoDB's condition expression; `#word` is the attribute `word`.
        values: The value of each `:word` in it.
    """

    text: str
    values: dict[str, Any] = field(default_factory=dict)

    def and_(self, other: Condition) -> Condition:
        """Both conditions."""
        return Condition(f"{self.text} AND ({other.text})", self.values | other.values)

    def expression(self) -> dict[str, Any]:
        """The arguments of a conditional write."""
        names = {f"#{word}": word for word in re.findall(r"#(\w+)", self.text)}
        return {
            "ConditionExpression": self.text,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": {
                name: _serialize(value) for name, value in self.values.items()
            },
        }


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
        """Read the item of every environment, page by page."""
        for page in self._dynamodb.get_paginator("scan").paginate(
            TableName=self._name, ConsistentRead=True
        ):
            yield from (
                _record(item) for item in page["Items"] if _is_record(item["environment"]["S"])
            )

    def read_many(self, environments: Iterable[str]) -> Iterator[Record]:
        """Read items, strongly consistent, a hundred at a time; an item that is not there is left out.

        Source: API reference, BatchGetItem: at most 100 keys and 16 MB; what does not fit is in `UnprocessedKeys`, and
        an answer with nothing in it is an error, so each round has less to read.
        """
        names = iter(environments)
        while keys := [_key(name) for name in islice(names, _READ_AT_ONCE)]:
            wanted = {self._name: {"Keys": keys, "ConsistentRead": True}}
            while wanted:
                answer = self._dynamodb.batch_get_item(RequestItems=wanted)
                yield from (_record(item) for item in answer["Responses"].get(self._name, []))
                wanted = answer.get("UnprocessedKeys") or {}

    def expired(self, moment: float) -> Iterator[str]:
        """Ask the index of expiries which items expired up to a moment (seconds since the epoch).

        The index has only items that expire. It is eventually consistent: it may name an item that has changed or gone
        since, or name one twice.
        """
        for state in get_args(State):
            pages = self._dynamodb.get_paginator("query").paginate(
                TableName=self._name,
                IndexName=EXPIRY_INDEX,
                KeyConditionExpression="#state = :state AND #expiresAt <= :moment",
                ExpressionAttributeNames={"#state": "state", "#expiresAt": "expiresAt"},
                ExpressionAttributeValues={
                    ":state": to_attribute(state),
                    ":moment": to_attribute(int(moment)),
                },
            )
            for page in pages:
                yield from (item["environment"]["S"] for item in page["Items"])

    def write(
        self,
        environment: str,
        changes: dict[str, Any],
        condition: Condition,
        *,
        if_missing: dict[str, Any] | None = None,
        copy: dict[str, str] | None = None,
        add: dict[str, set[str]] | None = None,
        take: dict[str, set[str]] | None = None,
        before: bool = False,
    ) -> Record:
        """Change attributes of an item.

        Args:
            environment: Which item.
            changes: Attributes to set; None removes one.
            condition: Nothing is written unless it is true.
            if_missing: Attributes to set only where the item does not have them.
            copy: Attributes to set to the value of another attribute, which must exist.
            add: Elements to add to sets; a missing set is created.
            take: Elements to take out of sets; an empty set disappears.
            before: Return the item as it was before the write.

        Returns:
            The item after the write, or before it.

        Raises:
            ConditionFailedError: The condition is not true.
        """
        expression, names, values = _update_expression(
            changes, if_missing or {}, copy or {}, add or {}, take or {}
        )
        arguments = condition.expression()
        arguments["ExpressionAttributeNames"] |= names
        arguments["ExpressionAttributeValues"] |= values
        answer = _conditionally(
            self._dynamodb.update_item,
            TableName=self._name,
            Key=_key(environment),
            UpdateExpression=expression,
            ReturnValues="ALL_OLD" if before else "ALL_NEW",
            **_without_nothing(arguments),
        )
        return _record(answer["Attributes"])

    def delete(self, environment: str, condition: Condition) -> None:
        """Delete an item, if the condition is true."""
        _conditionally(
            self._dynamodb.delete_item,
            TableName=self._name,
            Key=_key(environment),
            **_without_nothing(condition.expression()),
        )


def _without_nothing(arguments: dict[str, Any]) -> dict[str, Any]:
    # DynamoDB refuses an empty map of names or values.
    return {name: value for name, value in arguments.items() if value}


def _conditionally(call: Callable[..., Any], **arguments: Any) -> Any:
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            raise ConditionFailedError from None
        raise


def _update_expression(
    changes: dict[str, Any],
    if_missing: dict[str, Any],
    copy: dict[str, str],
    add: dict[str, set[str]],
    take: dict[str, set[str]],
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
    for index, (name, source) in enumerate(copy.items()):
        names[f"#t{index}"], names[f"#s{index}"] = name, source
        sets.append(f"#t{index} = #s{index}")
    clauses = [f"SET {', '.join(sets)}"] if sets else []
    clauses += [f"REMOVE {', '.join(removes)}"] if removes else []
    for verb, mark, elements in (("ADD", "a", add), ("DELETE", "d", take)):
        for index, (name, value) in enumerate(elements.items()):
            names[f"#{mark}{index}"], values[f":{mark}{index}"] = name, _serialize(value)
        pairs = [f"#{mark}{index} :{mark}{index}" for index in range(len(elements))]
        clauses += [f"{verb} {', '.join(pairs)}"] if pairs else []
    return " ".join(clauses), names, values


def _is_record(key: str) -> bool:
    return key != STACK_KEY and not is_promotion(key)


def _key(environment: str) -> dict[str, Any]:
    return {"environment": {"S": environment}}


def _record(item: dict[str, Any]) -> Record:
    return Record.model_validate({name: from_attribute(value) for name, value in item.items()})


def _serialize(value: Any) -> Any:
    return to_attribute(
        [_plain(item) for item in value] if isinstance(value, list) else _plain(value)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return value
