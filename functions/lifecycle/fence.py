"""The fence: nothing that a function still does outlives the execution's hold on the environment.

StopExecution ends an execution at once, but not the function that it waits for: the function goes on until Lambda's
deadline. So a function that creates or deletes says so in the record before it begins, and only an execution that holds
the lock may begin. Nobody takes an environment over, deletes from it, or deletes its record while such a call of
another may still take effect.

A function that deletes says so at its start, because it must also wait for others. One that creates or changes says so
right before the first AWS call that is no read, so that a function which finds nothing to do writes nothing. Whatever
it read before that, it can only act on while its execution still holds the lock.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    SSLError,
)

from lifecycle import opening
from lifecycle.clients import CLIENTS, Clients, watched
from lifecycle.items import Condition, ConditionFailedError, Items
from lifecycle.opening import Opening
from lifecycle.record import OpenCall
from lifecycle.settings import Settings
from lifecycle.stages import effect_of
from lifecycle.table import Records, refuse_open

# The request was never sent.
_UNSENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError)
_MAY_CREATE = Condition("attribute_not_exists(#removing) OR #removing <> :holder")
# What the names of operations that change nothing begin with. Whatever is not known to read counts as a change.
READS = ("AdminGet", "BatchGet", "Describe", "Filter", "Get", "Head", "List", "Query", "Scan")

logger = Logger(service="agentcore-lifecycle")


@contextmanager
def fenced(
    handler: str,
    whose: dict[str, str],
    context: Any,
    *,
    dry_run: bool = False,
    clients: Clients = CLIENTS,
) -> Iterator[None]:
    """Keep one call of a function in the environment's record while it works.

    A call that Lambda ends stays in the record, and so does one that got no answer to a request, because the service
    may still carry the request out. Both count until their deadline.

    Args:
        handler: Which handler, such as `provision_identity`; without an effect (`lifecycle.stages`) nothing is written.
        whose: The `environment`, and the `execution` that holds its lock.
        context: The Lambda context: the request's id and the time that remains.
        dry_run: The call only looks, so nothing is written.
        clients: DynamoDB.

    Raises:
        LockLostError: The execution no longer holds the lock, or it has begun to delete and must not create any more.
            Raised at the start of a handler that deletes, and by the first call that is no read in the others.
        EnvironmentSettlingError: The handler deletes, and an earlier call may still create something.
    """
    effect = effect_of(handler)
    if effect is None or dry_run:
        yield
        return
    deadline = math.ceil(time.time() + context.get_remaining_time_in_millis() / 1000)
    call = OpenCall(deadline=deadline, handler=handler, request_id=context.aws_request_id)
    may = _MAY_CREATE if effect == "creates" else None
    fence = _Fence(clients, Opening(whose["environment"], whose["execution"], call, may))
    ended = False
    try:
        with opening.current(fence.opening), watched(fence.before):
            if effect == "deletes":
                fence.begin_to_delete()
            yield
        ended = True
    except Exception as error:
        ended = not isinstance(error, HTTPClientError) or isinstance(error, _UNSENT)
        raise
    finally:
        if ended:
            fence.close()


class _Fence:
    """The fence around one call."""

    def __init__(self, clients: Clients, opening: Opening) -> None:
        self.opening = opening
        self._table = Settings.load().table_name
        self._items = Items(clients.dynamodb, self._table)
        self._records = Records(clients.dynamodb, self._table)

    def before(self, operation: str, parameters: Mapping[str, Any]) -> None:
        """Write the call into the record before it changes anything; a write of the record does so itself."""
        is_read = operation.startswith(READS)
        if not is_read and parameters.get("TableName") != self._table and not self.opening.is_open:
            self._records.update(self.opening.environment, self.opening.execution)

    def begin_to_delete(self) -> None:
        """Write the call into the record, and that nothing may be created any more; wait for what may still create."""
        mine, execution = self.opening, self.opening.execution
        record = self._records.update(mine.environment, execution, removing=execution)
        refuse_open(
            mine.environment,
            [
                other
                for other in record.open_calls
                if other != mine.call and effect_of(other.handler) != "deletes"
            ],
        )

    def close(self) -> None:
        """Take the call out of the record, unless its last write did."""
        if not self.opening.may_be_open:
            return
        call = str(self.opening.call)
        try:
            self._items.write(
                self.opening.environment,
                {},
                Condition("attribute_exists(#environment)"),
                take={"openCalls": {call}},
            )
        except (BotoCoreError, ClientError, ConditionFailedError) as error:
            # The work is done, and the call counts until its deadline: that is safe, only slower.
            logger.warning("call not closed", extra={"reason": str(error), "call": call})
