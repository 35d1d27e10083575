"""What each of the last promotions was provisioned with: items of their own beside an environment's record.

A request has up to 100 KB, and a DynamoDB item at most 400 KB, so the record itself has no room for ten. An
environment has a fixed number of such items, which are used again. They have no state and do not expire, so the
table's index does not have them; a scan of the table reads them and leaves them out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from lifecycle.promotions.entry import SLOTS, Promoted, of_version

_MARK = "#promotion#"


class Provisioned(BaseModel):
    """What a version was provisioned with.

    Attributes:
        request: The request, as a provision.
        identity: The record's section `identity` at that time, as JSON.
        artifact: The record's section `artifact` at that time, as JSON.
    """

    model_config = ConfigDict(extra="ignore", defer_build=True)

    request: dict[str, Any]
    identity: dict[str, Any] | None = None
    artifact: dict[str, Any] | None = None


class PromotionItems:
    """The items.

    Args:
        dynamodb: A boto3 DynamoDB client.
        table_name: The environments table.
    """

    def __init__(self, dynamodb: Any, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table = table_name

    def of_version(
        self, environment: str, promotions: Sequence[Promoted], version: str
    ) -> Provisioned | None:
        """What a version was provisioned with when it was promoted last; None when that is not known."""
        promoted = of_version(promotions, version)
        return self.read(environment, promoted) if promoted else None

    def read(self, environment: str, promoted: Promoted) -> Provisioned | None:
        """Read the item of a promotion, strongly consistent; None when it has gone or is of another promotion."""
        item = self._dynamodb.get_item(
            TableName=self._table, Key=_key(environment, promoted.slot), ConsistentRead=True
        ).get("Item")
        if item is None or item["digest"]["S"] != promoted.digest:
            return None
        return Provisioned.model_validate(json.loads(item["provisioned"]["S"]))

    def write(self, environment: str, promoted: Promoted, provisioned: Provisioned) -> None:
        """Write the item of a promotion. Only who holds the environment's lock may do so."""
        # As one text: its size is that of the JSON, whatever is in it.
        text = json.dumps(provisioned.model_dump(), ensure_ascii=False, separators=(",", ":"))
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(environment, promoted.slot),
            UpdateExpression="SET #d = :digest, #p = :provisioned, #v = :version",
            ExpressionAttributeNames={"#d": "digest", "#p": "provisioned", "#v": "version"},
            ExpressionAttributeValues={
                ":digest": {"S": promoted.digest},
                ":provisioned": {"S": text},
                ":version": {"S": promoted.version},
            },
        )

    def delete(self, environment: str) -> None:
        """Delete every item, listed or not. Only who holds the environment's lock may do so.

        Source: API reference, BatchWriteItem: at most 25 requests; what was not done is in `UnprocessedItems`.
        """
        keys = [_key(environment, slot) for slot in range(SLOTS)]
        wanted = {self._table: [{"DeleteRequest": {"Key": key}} for key in keys]}
        while wanted:
            wanted = self._dynamodb.batch_write_item(RequestItems=wanted).get("UnprocessedItems")


def is_promotion(key: str) -> bool:
    """Tell whether a key of the table is that of a promotion; no environment's name has the mark."""
    return _MARK in key


def _key(environment: str, slot: int) -> dict[str, Any]:
    return {"environment": {"S": f"{environment}{_MARK}{slot}"}}
