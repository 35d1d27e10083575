"""The fence: nothing that a function still does outlives the execution's hold on the environment.

StopExecution ends an execution at once, but not the function that it waits for: the function goes on until Lambda's
deadline. So a function that creates or deletes says so in the record before it begins, and only an execution that holds
the lock may begin. Nobody takes an environment over, deletes from it, or deletes its record while such a call of
another may still take effect.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
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

from lifecycle.clients import CLIENTS, Clients
from lifecycle.items import Condition, ConditionFailedError, Items
from lifecycle.record import OpenCall
from lifecycle.settings import Settings
from lifecycle.stages import Effect, effect_of
from lifecycle.table import holds_the_lock, lock_lost, refuse_open

# The request was never sent.
_UNSENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError)
_MAY_CREATE = Condition("attribute_not_exists(#removing) OR #removing <> :holder")

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
        EnvironmentSettlingError: The handler deletes, and an earlier call may still create something.
    """
    effect = effect_of(handler)
    if effect is None or dry_run:
        yield
        return
    environment, execution = whose["environment"], whose["execution"]
    deadline = math.ceil(time.time() + context.get_remaining_time_in_millis() / 1000)
    call = OpenCall(deadline=deadline, handler=handler, request_id=context.aws_request_id)
    items = Items(clients.dynamodb, Settings.load().table_name)
    _open(items, environment, execution, call, effect)
    ended = False
    try:
        yield
        ended = True
    except Exception as error:
        ended = not isinstance(error, HTTPClientError) or isinstance(error, _UNSENT)
        raise
    finally:
        if ended:
            _close(items, environment, call)


def _open(items: Items, environment: str, execution: str, call: OpenCall, effect: Effect) -> None:
    condition = holds_the_lock(execution)
    if effect == "creates":
        condition = condition.and_(_MAY_CREATE)
    changes = {"removing": execution} if effect == "deletes" else {}
    try:
        record = items.write(environment, changes, condition, add={"openCalls": {str(call)}})
    except ConditionFailedError:
        raise lock_lost(environment, execution) from None
    if effect == "deletes":
        others = [
            other
            for other in record.open_calls
            if other != call and effect_of(other.handler) != "deletes"
        ]
        try:
            refuse_open(environment, others)
        except BaseException:
            _close(items, environment, call)
            raise


def _close(items: Items, environment: str, call: OpenCall) -> None:
    try:
        items.write(
            environment,
            {},
            Condition("attribute_exists(#environment)"),
            take={"openCalls": {str(call)}},
        )
    except (BotoCoreError, ClientError, ConditionFailedError) as error:
        # The work is done, and the call counts until its deadline: that is safe, only slower.
        logger.warning("call not closed", extra={"reason": str(error), "call": str(call)})
