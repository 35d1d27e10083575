"""The environments table: one DynamoDB item for each record, and the lock of each environment.

After an execution takes the lock, every write is conditional on still holding it. So an execution whose lock was taken
over can no longer change anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pydantic.alias_generators import to_camel

from lifecycle.errors import EnvironmentBusyError, EnvironmentSettlingError, LockLostError
from lifecycle.items import Condition, ConditionFailedError, Items
from lifecycle.opening import beside
from lifecycle.promotions.store import PromotionItems
from lifecycle.record import Lock, OpenCall, Record, now, timestamp

_UNLOCKED = Condition("attribute_not_exists(#lock)")
MARGIN_SECONDS = 10
"""How long after its deadline a call may still take effect: clocks differ, and a request may be on its way."""


class Locks:
    """The records of all environments, as far as their locks go.

    Args:
        dynamodb: A boto3 DynamoDB client.
        table_name: The table's name.
    """

    def __init__(self, dynamodb: Any, table_name: str) -> None:
        self._items = Items(dynamodb, table_name)
        self._promotions = PromotionItems(dynamodb, table_name)

    def get(self, environment: str) -> Record | None:
        """Read a record, strongly consistent; None when there is none."""
        return self._items.read(environment)

    def held(self, environment: str, execution: str) -> Record:
        """Read the record of an environment whose lock an execution holds.

        Raises:
            LockLostError: The execution does not hold the lock, or there is no record.
        """
        record = self.get(environment)
        if record is None or record.lock is None or record.lock.execution != execution:
            raise lock_lost(environment, execution)
        return record

    def acquire(
        self,
        environment: str,
        execution: str,
        is_running: Callable[[str], bool],
        changes: dict[str, Any],
        *,
        must_exist: bool = False,
        check: Callable[[Record | None], None] = lambda _: None,
    ) -> Record | None:
        """Take the lock for an execution; take it over from an execution that no longer runs.

        Args:
            environment: Which environment.
            execution: ARN of the execution that takes the lock; taking it twice is fine.
            is_running: Tells whether the execution with an ARN still runs.
            changes: Sections and attributes to write together with the lock.
            must_exist: Do not create a record where there is none.
            check: Raises when the record, as it was read, does not allow what the execution is for.

        Returns:
            The record after the write; None when `must_exist` is set and there is no record.

        Raises:
            EnvironmentBusyError: Another execution holds the lock and still runs.
            EnvironmentSettlingError: The execution that held the lock has ended, but a call of one of its functions
                may still create or delete something.
        """
        stamp = now()
        lock = Lock(execution=execution, acquired_at=stamp)
        while True:
            current = self.get(environment)
            if current is None and must_exist:
                return None
            check(current)
            holder = current.lock.execution if current and current.lock else None
            if holder not in (None, execution) and is_running(str(holder)):
                raise EnvironmentBusyError(
                    f"environment '{environment}' is locked by execution {holder}; wait until it ends, or stop it"
                )
            # The lock is taken only from the holder that was checked. If two executions try, one write fails and
            # that execution reads the record again.
            condition = holds_the_lock(holder) if holder else _UNLOCKED
            changed = {**changes, "lock": lock, "updatedAt": stamp}
            if holder != execution:
                calls = current.open_calls if current else []
                refuse_open(environment, calls)
                condition = condition.and_(_open_are(calls))
                changed["openCalls"] = None
            if must_exist:
                condition = condition.and_(Condition("attribute_exists(#environment)"))
            try:
                return self._items.write(
                    environment,
                    changed,
                    condition,
                    if_missing={"createdBy": execution, "createdAt": stamp},
                )
            except ConditionFailedError:
                continue

    def release(
        self,
        environment: str,
        execution: str,
        copy: dict[str, str] | None = None,
        **changes: Any,
    ) -> Record | None:
        """Release the lock, with last changes.

        Args:
            environment: Which environment.
            execution: ARN of the execution.
            copy: Attribute names of `Record`, to those of attributes whose value they take; they must exist.
            **changes: As for `update`.

        Returns:
            The record before that; None when this execution did not hold the lock, which is not an error.
        """
        values = {to_camel(name): value for name, value in changes.items()}
        copied = {to_camel(name): to_camel(source) for name, source in (copy or {}).items()}
        try:
            return self._items.write(
                environment,
                {**values, "lock": None, "updatedAt": now()},
                holds_the_lock(execution),
                copy=copied,
                before=True,
            )
        except ConditionFailedError:
            return None


class Records(Locks):
    """The records of all environments, and their locks."""

    def all(self) -> Iterator[Record]:
        """Read every record, page by page."""
        return self._items.scan()

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
            self._items.write(environment, changes, Condition("attribute_not_exists(#environment)"))
        except ConditionFailedError:
            return False
        return True

    def update(
        self, environment: str, execution: str, *, last: bool = False, **changes: Any
    ) -> Record:
        """Write sections or attributes (None removes one) while holding the lock.

        Args:
            environment: Which environment.
            execution: ARN of the execution that holds the lock.
            last: The call of a stage changes nothing after this write, so the write also ends what `lifecycle.fence`
                has kept of the call in the record.
            **changes: Attribute names of `Record` in snake_case, to models or plain values.

        Returns:
            The record after the write.

        Raises:
            LockLostError: This execution no longer holds the lock.
        """
        values = {to_camel(name): value for name, value in changes.items()}
        call = beside(environment, last=last)
        condition = holds_the_lock(execution)
        try:
            record = self._items.write(
                environment,
                {**values, "updatedAt": now()},
                condition.and_(call.condition) if call.condition else condition,
                add=call.add,
                take=call.take,
            )
        except ConditionFailedError:
            raise lock_lost(environment, execution) from None
        call.written()
        return record

    def delete(self, environment: str, execution: str) -> bool:
        """Delete the record, its lock and its promotions; False when this execution did not hold the lock.

        Raises:
            EnvironmentSettlingError: A call of a function may still create or delete something. The next execution
                must not begin before that, and only the record tells it so.
        """
        record = self.get(environment)
        calls = record.open_calls if record else []
        refuse_open(environment, calls)
        if record is None or record.lock is None or record.lock.execution != execution:
            return False
        # Before the record: without it nobody would look for them.
        self._promotions.delete(environment)
        try:
            self._items.delete(environment, holds_the_lock(execution).and_(_open_are(calls)))
        except ConditionFailedError:
            return False
        return True


def holds_the_lock(execution: str) -> Condition:
    """The condition that an execution holds the lock."""
    return Condition("#lock.#execution = :holder", {":holder": execution})


def lock_lost(environment: str, execution: str) -> LockLostError:
    """The error for an execution that no longer holds the lock."""
    return LockLostError(
        f"execution {execution} no longer holds the lock of environment '{environment}': another execution took it "
        "over; look at that execution, and retry"
    )


def refuse_open(environment: str, calls: Iterable[OpenCall]) -> None:
    """Refuse to go on while a call may still take effect.

    Raises:
        EnvironmentSettlingError: The message names the call and the moment.
    """
    last = max(calls, key=lambda call: call.deadline, default=None)
    if last is None or time.time() > last.deadline + MARGIN_SECONDS:
        return
    until = timestamp(last.deadline + MARGIN_SECONDS)
    raise EnvironmentSettlingError(
        f"environment '{environment}': a call of {last.handler} (request {last.request_id}) was cut off from its "
        f"execution and may create or delete until {until}; the lifecycle waits for that; if it gave up, start the "
        "execution again after that time"
    )


def _open_are(calls: list[OpenCall]) -> Condition:
    """The condition that the record's open calls are still those that were read."""
    if not calls:
        return Condition("attribute_not_exists(#openCalls)")
    return Condition("#openCalls = :openCalls", {":openCalls": {str(call) for call in calls}})
