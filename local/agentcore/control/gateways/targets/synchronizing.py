"""Reading the tools of an MCP server, which takes as long as the server takes.

Source: AgentCore developer guide, "MCP servers targets": a creation and an update read them, and
SynchronizeGatewayTargets does so again.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.agentcore.control.gateways.openapi.document import DocumentError
from local.agentcore.control.gateways.records import Catalog, Gateway, Target
from local.agentcore.control.gateways.store import GatewayStore
from local.agentcore.control.gateways.targets.schemas import checked_tools
from local.agentcore.control.records import Change

log = logging.getLogger(__name__)

Run = Callable[[Callable[[], None]], object]
"""Does something, now or later."""

Discover = Callable[[Gateway, Target], list[Any]]
"""Asks the server of a target for its tools; raises `ServerError`."""


class ServerError(Exception):
    """An MCP server cannot be used; the message says why."""


class Synchronizer:
    """Reads tools beside the requests.

    Args:
        store: The account's gateways.
        discover: Asks a server.
        run: Does the asking; in a thread of its own if omitted.
    """

    def __init__(self, store: GatewayStore, discover: Discover, run: Run | None = None) -> None:
        self._store = store
        self._discover = discover
        most = store.account.quotas.gateway_target_operations
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="gateway-target")
        self._run = run or self._threads.submit

    def start(
        self,
        gateway: Gateway,
        target: Target,
        operation: str,
        states: tuple[str, str],
        undo: Callable[[], None],
    ) -> None:
        """Start a change that ends when the tools are read. The caller holds `GatewayStore.using()`.

        Args:
            gateway: The gateway.
            target: The target, which has its new members already.
            operation: The operation that starts it.
            states: The state during the change, and after one that failed.
            undo: What a failure does.
        """
        account = self._store.account
        now = account.clock()
        seconds, told = account.outcome(operation, account.delays.gateway)
        change = Change(math.inf, states[1])
        target.start(states[0], now, change)

        def read() -> None:
            tools, reason = self._read(gateway, target)
            with self._store.using() as done:
                if target.change is not change:
                    return
                self._end(target, change, tools, told or reason, undo)
                # The clock may have moved on; a change never ends in the past that others have seen.
                change.until = max(done, now + seconds)

        self._run(read)

    def close(self) -> None:
        """Start nothing more; what is under way ends with its connection."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _read(self, gateway: Gateway, target: Target) -> tuple[tuple[Any, ...], str | None]:
        try:
            return checked_tools(self._discover(gateway, target)), None
        except (ServerError, DocumentError) as error:
            return (), str(error)
        except Exception:
            # A target must not be CREATING for ever; what went wrong stands in our own log.
            log.exception("the tools of the target %s cannot be read", target.name)
            return (), "An internal error occurred."

    @staticmethod
    def _end(
        target: Target,
        change: Change,
        tools: tuple[Any, ...],
        reason: str | None,
        undo: Callable[[], None],
    ) -> None:
        change.failure_reason = reason
        if reason is not None:
            change.effect = undo
            return
        change.status = "READY"

        def take() -> None:
            target.catalog = Catalog(tools=tools)
            target.synchronized_at = change.until

        change.effect = take
