"""Reads the environments table page by page, and of each record only what a list shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from botocore.config import Config

from cli.target.deployed import Deployed

TABLE_OUTPUT = "EnvironmentsTableName"
"""The output of the stack that holds the table's name."""

_SHOWN = (
    "environment",
    "state",
    "lock",
    "expiresAt",
    "runtime.liveVersion",
    "runtime.provenVersion",
    "runtime.failedVersion",
    "runtime.deployment",
)


class EnvironmentsTable:
    """The table of a stack, read with the caller's own credentials.

    Args:
        place: The stack.
        config: Settings of the client; by default those of every command.
    """

    def __init__(self, place: Deployed, config: Config | None = None) -> None:
        self._client = place.client("dynamodb", config)
        self._name = place.output(TABLE_OUTPUT)

    def summaries(self) -> Iterator[dict[str, Any]]:
        """Read what a list shows of each environment, in no order.

        Returns:
            The attributes of each record, such as `environment`, `state` and `runtime`, as plain values.

        Raises:
            DeniedError: The caller may not scan the table.
        """
        return self._scan(_SHOWN)

    def names(self, *, most: int | None = None, prefix: str = "") -> Iterator[str]:
        """Read names of environments, in no order.

        Args:
            most: How many at most; all of them if left out.
            prefix: Only those that begin so.

        Raises:
            DeniedError: The caller may not scan the table.
        """
        found = (str(item["environment"]) for item in self._scan(("environment",)))
        return islice((name for name in found if name.startswith(prefix)), most)

    def _scan(self, paths: Sequence[str]) -> Iterator[dict[str, Any]]:
        # Imported late: completion of a shell must not wait for models that it does not use.
        from lifecycle.values import from_attribute

        names = {f"#{word}": word for path in paths for word in path.split(".")}
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._name,
            ConsistentRead=True,
            ProjectionExpression=", ".join(
                ".".join(f"#{word}" for word in path.split(".")) for path in paths
            ),
            # Only records have a state: the table also holds items of promotions and of the stack itself.
            FilterExpression="attribute_exists(#state)",
            ExpressionAttributeNames={**names, "#state": "state"},
        )
        for page in pages:
            for item in page["Items"]:
                yield {name: from_attribute(value) for name, value in item.items()}
