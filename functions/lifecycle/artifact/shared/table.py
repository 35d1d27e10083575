"""The artifacts table: one DynamoDB item for each content that the stack's environments use.

The environments of one content write to one item without a lock, so each write is conditional on what its writer read.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any, Literal

from botocore.exceptions import ClientError
from pydantic.alias_generators import to_camel

from lifecycle.artifact.shared.item import SharedArtifact
from lifecycle.errors import LockLostError
from lifecycle.record import now
from lifecycle.values import from_attribute


class SharedArtifacts:
    """The artifacts of all environments.

    Args:
        dynamodb: A boto3 DynamoDB client.
        table_name: The table's name.
    """

    def __init__(self, dynamodb: Any, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._name = table_name
        self._items = _Items(dynamodb, table_name)

    def get(self, content_hash: str) -> SharedArtifact | None:
        """Read an item, strongly consistent; None when there is none."""
        answer = self._dynamodb.get_item(
            TableName=self._name, Key=_key(content_hash), ConsistentRead=True
        )
        return _item(answer["Item"]) if "Item" in answer else None

    def again(self, item: SharedArtifact) -> SharedArtifact:
        """Read an item that another execution has changed.

        Raises:
            LockLostError: It was removed, which only a teardown of every environment that uses it does.
        """
        there = self.get(item.content_hash)
        if there is None or there.generation != item.generation:
            raise LockLostError(
                f"the artifact {item.content_hash} was removed while it was published, because another execution tears "
                "its environment down; retry after it"
            )
        return there

    def all(self) -> Iterator[SharedArtifact]:
        """Read every item, page by page."""
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._name, ConsistentRead=True
        )
        for page in pages:
            yield from (_item(item) for item in page["Items"])

    def used_by(self, environment: str) -> list[SharedArtifact]:
        """Find the artifacts that an environment uses, in the order of their hashes."""
        found = (item for item in self.all() if environment in item.used_by)
        return sorted(found, key=lambda item: item.content_hash)

    def join(
        self, content_hash: str, kind: Literal["container", "code"], environment: str
    ) -> tuple[SharedArtifact, bool]:
        """Make an environment a user of an artifact. From now on nobody removes it but by the environment's teardown.

        Returns:
            The item, and whether this call made it.
        """
        generation, stamp = new_generation(), now()
        answer = self._dynamodb.update_item(
            TableName=self._name,
            Key=_key(content_hash),
            UpdateExpression=(
                "ADD usedBy :users SET generation = if_not_exists(generation, :generation), kind = :kind, "
                "createdAt = if_not_exists(createdAt, :now), updatedAt = :now"
            ),
            ExpressionAttributeValues={
                ":users": {"SS": [environment]},
                ":generation": {"S": generation},
                ":kind": {"S": kind},
                ":now": {"S": stamp},
            },
            ReturnValues="ALL_NEW",
        )
        item = _item(answer["Attributes"])
        return item, item.generation == generation

    def note_build(
        self, item: SharedArtifact, build_id: str, execution: str
    ) -> SharedArtifact | None:
        """Say which build makes the artifact; None when the item has changed since it was read."""
        expected = {"build_id": None, "failed_build_id": item.failed_build_id}
        return self._items.change(item, expected, build_id=build_id, build_execution=execution)

    def forget_build(self, item: SharedArtifact) -> SharedArtifact | None:
        """Say that a build has no result, or that its result is gone; None when the item has changed since."""
        return self._items.change(
            item,
            {"build_id": item.build_id},
            build_id=None,
            build_execution=None,
            failed_build_id=item.build_id,
            image_digest=None,
            version_id=None,
            sha256=None,
        )

    def pin(self, item: SharedArtifact, **result: str) -> SharedArtifact | None:
        """Pin the result of the item's build; None when the item has changed since it was read."""
        expected = {
            "build_id": item.build_id,
            "image_digest": item.image_digest,
            "version_id": item.version_id,
        }
        return self._items.change(item, expected, **result)

    def abandon_build(self, item: SharedArtifact, environment: str) -> bool:
        """Forget a build that still runs, unless another environment waits for it; False when one does."""
        changes = {"build_id": None, "build_execution": None, "failed_build_id": item.build_id}
        expected = {"build_id": item.build_id}
        return self._items.change(item, expected, only_user=environment, **changes) is not None

    def release(self, item: SharedArtifact, environment: str) -> None:
        """Take an environment out of an artifact's users, and remove the item with its last user.

        Who needs the content after that gets a new item of another generation, and builds it again. So when the item of
        a generation is gone, what lies in ECR and S3 under its names is nobody's, for good.
        """
        while not self._items.remove(item, environment) and not self._items.leave(
            item, environment
        ):
            # Between the two, another environment came or went.
            there = self.get(item.content_hash)
            if there is None or there.generation != item.generation:
                return


class _Items:
    """Conditional writes of single items. `SharedArtifacts` decides what they mean."""

    def __init__(self, dynamodb: Any, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._name = table_name

    def leave(self, item: SharedArtifact, environment: str) -> bool:
        """Take an environment out of the users; False when it is the only one."""
        return self._if_met(
            self._dynamodb.update_item,
            item,
            environment,
            "generation = :generation AND usedBy <> :users",
            UpdateExpression="DELETE usedBy :users",
        )

    def remove(self, item: SharedArtifact, environment: str) -> bool:
        """Remove the item; False when it has another user."""
        return self._if_met(
            self._dynamodb.delete_item,
            item,
            environment,
            "generation = :generation AND usedBy = :users",
        )

    def _if_met(
        self,
        call: Callable[..., Any],
        item: SharedArtifact,
        environment: str,
        condition: str,
        **more: str,
    ) -> bool:
        try:
            call(
                TableName=self._name,
                Key=_key(item.content_hash),
                ConditionExpression=condition,
                ExpressionAttributeValues={
                    ":users": {"SS": [environment]},
                    ":generation": {"S": item.generation},
                },
                **more,
            )
        except ClientError as error:
            return _condition_failed(error)
        return True

    def change(
        self,
        item: SharedArtifact,
        expected: dict[str, str | None],
        *,
        only_user: str | None = None,
        **changes: str | None,
    ) -> SharedArtifact | None:
        """Write attributes (None removes one) if the item still has those that are expected."""
        values: dict[str, Any] = {":now": {"S": now()}, ":generation": {"S": item.generation}}
        conditions = ["generation = :generation"]
        for name, value in expected.items():
            if value is None:
                conditions.append(f"attribute_not_exists({to_camel(name)})")
            else:
                values[f":old_{name}"] = {"S": value}
                conditions.append(f"{to_camel(name)} = :old_{name}")
        if only_user is not None:
            values[":users"] = {"SS": [only_user]}
            conditions.append("usedBy = :users")
        sets, removes = ["updatedAt = :now"], []
        for name, value in changes.items():
            if value is None:
                removes.append(to_camel(name))
            else:
                values[f":new_{name}"] = {"S": value}
                sets.append(f"{to_camel(name)} = :new_{name}")
        try:
            answer = self._dynamodb.update_item(
                TableName=self._name,
                Key=_key(item.content_hash),
                UpdateExpression=f"SET {', '.join(sets)}"
                + (f" REMOVE {', '.join(removes)}" if removes else ""),
                ConditionExpression=" AND ".join(conditions),
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            _condition_failed(error)
            return None
        return _item(answer["Attributes"])


def new_generation() -> str:
    """What tells an item from all before and after it of the same content."""
    return uuid.uuid4().hex[:12]


def _condition_failed(error: ClientError) -> Literal[False]:
    """Let nothing pass but a condition that was not met."""
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
    return False


def _key(content_hash: str) -> dict[str, Any]:
    return {"contentHash": {"S": content_hash}}


def _item(attributes: dict[str, Any]) -> SharedArtifact:
    return SharedArtifact.model_validate(
        {name: from_attribute(value) for name, value in attributes.items()}
    )
