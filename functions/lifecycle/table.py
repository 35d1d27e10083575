"""The environments table: one DynamoDB item for each record, and the lock of each environment.

After an execution takes the lock, every write is conditional on still holding it. So an execution whose lock was taken
over can no longer change anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from lifecycle.errors import EnvironmentBusyError, LockLostError
from lifecycle.record import Lock, Record, now

_SERIALIZER = TypeSerializer()
_DESERIALIZER = TypeDeserializer()
_HOLDS_THE_LOCK = "#lock.#execution = :holder"


class Records:
    """The records of all environments, and their locks.

    Args:
        dynamodb: A boto3 DynamoDB client.
        table_name: The table's name.
    """

    def __init__(self, dynamodb: Any, table_name: str) -> None:
        self._table = _Table(dynamodb, table_name)

    def get(self, environment: str) -> Record | None:
        """Read a record, strongly consistent; None when there is none."""
        return self._table.read(environment)

    def all(self) -> Iterator[Record]:
        """Read every record, page by page."""
        return self._table.scan()

    def acquire(
        self,
        environment: str,
        execution: str,
        is_running: Callable[[str], bool],
        changes: dict[str, Any],
        *,
        must_exist: bool = False,
    ) -> Record | None:
        """Take the lock for an execution; take it over from an execution that no longer runs.

        Args:
            environment: Which environment.
            execution: ARN of the execution that takes the lock; taking it twice is fine.
            is_running: Tells whether the execution with an ARN still runs.
            changes: Sections and attributes to write together with the lock.
            must_exist: Do not create a record where there is none.

        Returns:
            The record after the write; None when `must_exist` is set and there is no record.

        Raises:
            EnvironmentBusyError: Another execution holds the lock and still runs.
        """
        stamp = now()
        lock = Lock(execution=execution, acquired_at=stamp)
        while True:
            current = self.get(environment)
            if current is None and must_exist:
                return None
            holder = current.lock.execution if current and current.lock else None
            if holder not in (None, execution) and is_running(str(holder)):
                raise EnvironmentBusyError(
                    f"environment '{environment}' is locked by execution {holder}; wait until it ends, or stop it"
                )
            # The lock is taken only from the holder that was checked. If two executions try, one write fails and
            # that execution reads the record again.
            condition = "attribute_not_exists(#lock)" if holder is None else _HOLDS_THE_LOCK
            if must_exist:
                condition += " AND attribute_exists(environment)"
            try:
                return self._table.write(
                    environment,
                    {**changes, "lock": lock, "updatedAt": stamp},
                    condition,
                    holder=holder,
                    if_missing={"createdBy": execution, "createdAt": stamp},
                )
            except _ConditionFailed:
                continue

    def adopt(self, environment: str, execution: str) -> bool:
        """Create a record, without a lock, for an environment that is known only from its resources' tags.

        The record has already expired, so every sweep selects it until the environment is gone.

        Args:
            environment: Which environment; an existing record is not changed.
            execution: ARN of the execution that found the resources.

        Returns:
            False when a record exists by now, because an execution provisions the environment.
        """
        stamp = now()
        changes = {
            "state": "FAILED",
            "stateReason": "found by its tags, without a record",
            "expiresAt": int(time.time()),
            "createdBy": execution,
            "createdAt": stamp,
            "updatedAt": stamp,
        }
        try:
            self._table.write(environment, changes, "attribute_not_exists(environment)")
        except _ConditionFailed:
            return False
        return True

    def update(self, environment: str, execution: str, **changes: Any) -> Record:
        """Write sections or attributes (None removes one) while holding the lock.

        Args:
            environment: Which environment.
            execution: ARN of the execution that holds the lock.
            **changes: Attribute names of `Record` in snake_case, to models or plain values.

        Returns:
            The record after the write.

        Raises:
            LockLostError: This execution no longer holds the lock.
        """
        values = {to_camel(name): value for name, value in changes.items()}
        try:
            return self._table.write(
                environment, {**values, "updatedAt": now()}, _HOLDS_THE_LOCK, holder=execution
            )
        except _ConditionFailed:
            raise LockLostError(
                f"execution {execution} no longer holds the lock of environment '{environment}': another execution "
                "took it over; look at that execution, and retry"
            ) from None

    def release(self, environment: str, execution: str, **changes: Any) -> bool:
        """Release the lock, with last changes; False when this execution did not hold it, which is not an error."""
        try:
            self.update(environment, execution, lock=None, **changes)
        except LockLostError:
            return False
        return True

    def delete(self, environment: str, execution: str) -> bool:
        """Delete the record and its lock; False when this execution did not hold the lock."""
        try:
            self._table.delete(environment, _HOLDS_THE_LOCK, holder=execution)
        except _ConditionFailed:
            return False
        return True


class _ConditionFailed(Exception):  # noqa: N818 - a signal inside this file
    pass


class _Table:
    """Reads and conditional writes of single items. `Records` decides what the conditions mean."""

    def __init__(self, dynamodb: Any, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._name = table_name

    def read(self, environment: str) -> Record | None:
        answer = self._dynamodb.get_item(
            TableName=self._name, Key=_key(environment), ConsistentRead=True
        )
        return _record(answer["Item"]) if "Item" in answer else None

    def scan(self) -> Iterator[Record]:
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
            raise _ConditionFailed from None
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
