"""The environments table: one DynamoDB item for each record, and the lock of each environment.

After an execution takes the lock, every write is conditional on still holding it. So an execution whose lock was taken
over can no longer change anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from pydantic.alias_generators import to_camel

from lifecycle.errors import EnvironmentBusyError, LockLostError
from lifecycle.items import ConditionFailedError, Items
from lifecycle.record import Lock, Record, now

_HOLDS_THE_LOCK = "#lock.#execution = :holder"


class Records:
    """The records of all environments, and their locks.

    Args:
        dynamodb: A boto3 DynamoDB client.
        table_name: The table's name.
    """

    def __init__(self, dynamodb: Any, table_name: str) -> None:
        self._items = Items(dynamodb, table_name)

    def get(self, environment: str) -> Record | None:
        """Read a record, strongly consistent; None when there is none."""
        return self._items.read(environment)

    def all(self) -> Iterator[Record]:
        """Read every record, page by page."""
        return self._items.scan()

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
                return self._items.write(
                    environment,
                    {**changes, "lock": lock, "updatedAt": stamp},
                    condition,
                    holder=holder,
                    if_missing={"createdBy": execution, "createdAt": stamp},
                )
            except ConditionFailedError:
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
            self._items.write(environment, changes, "attribute_not_exists(environment)")
        except ConditionFailedError:
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
            return self._items.write(
                environment, {**values, "updatedAt": now()}, _HOLDS_THE_LOCK, holder=execution
            )
        except ConditionFailedError:
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
            self._items.delete(environment, _HOLDS_THE_LOCK, holder=execution)
        except ConditionFailedError:
            return False
        return True
