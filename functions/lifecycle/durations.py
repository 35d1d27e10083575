"""How long runs took anywhere in the stack: one item of the environments table, for environments that are new."""

from __future__ import annotations

from typing import Any

from lifecycle.polling.schedule import Learned
from lifecycle.values import from_attribute, to_attribute

STACK_KEY = "_stack"
"""The item's key. No environment can have it, because the name of one begins with a letter."""


class StackDurations:
    """The item. It has one attribute for each kind, so that executions that end together lose nothing but a run.

    Args:
        dynamodb: A boto3 DynamoDB client.
        table_name: The environments table.
    """

    def __init__(self, dynamodb: Any, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table = table_name

    def read(self) -> Learned:
        """Read the item; it only shortens waits, so an older state of it will do."""
        answer = self._dynamodb.get_item(TableName=self._table, Key=_key())
        item = answer.get("Item", {})
        return {name: from_attribute(item[name]) for name in item if name != "environment"}

    def write(self, learned: Learned) -> None:
        """Replace the runs of the kinds that are given."""
        if not learned:
            return
        names = {f"#k{index}": kind for index, kind in enumerate(learned)}
        values = {f":k{index}": to_attribute(spans) for index, spans in enumerate(learned.values())}
        sets = ", ".join(f"#k{index} = :k{index}" for index in range(len(learned)))
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(),
            UpdateExpression=f"SET {sets}",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )


def _key() -> dict[str, Any]:
    return {"environment": {"S": STACK_KEY}}
