"""Starts the agent of a new version before anybody calls it, so that the first call does not wait for it.

AgentCore starts an agent at the first call of a session. This does the same work at another time, so that whoever edits
an agent waits less. It is off unless somebody switches it on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from local.agentcore.control.store import Store
from local.agentcore.data.start import START_ERRORS, Begun, Starter
from local.agentcore.data.target import Target, find_target
from local.agentcore.model.errors import ServiceError

log = logging.getLogger(__name__)

LONGEST_SECONDS = 30.0
"""How long an agent waits for its first call; its keys and its time to start count from when it began."""


@dataclass(frozen=True)
class _Waiting:
    target: Target
    begun: Begun


class Ahead:
    """Keeps one agent, the one of the newest version.

    Args:
        store: Tells when DEFAULT of a runtime serves another version.
        starter: Starts agents, and takes the one that waits.
    """

    def __init__(self, store: Store, starter: Starter) -> None:
        self._store, self._starter = store, starter
        store.serves, starter.ahead = self._serves, self.take
        self._on = False
        self._waiting: _Waiting | None = None
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="agent-ahead")

    def switch_on(self) -> None:
        """From now on, start the agent of each new version."""
        self._on = True

    def _serves(self, runtime_id: str) -> None:
        """Note that DEFAULT of a runtime serves another version; returns at once."""
        if self._on:
            self._worker.submit(self._prepare, runtime_id)

    def take(self, target: Target) -> Begun | None:
        """Give the agent that waits, if it is the one for a target; else there is none."""
        with self._lock:
            waiting = self._waiting
            if waiting is None or waiting.target != target:
                return None
            self._waiting = None
        if waiting.begun.age() > LONGEST_SECONDS:
            waiting.begun.process.end()
            return None
        return waiting.begun

    def sweep(self) -> None:
        """End an agent that has waited too long."""
        self._end(lambda waiting: waiting.begun.age() > LONGEST_SECONDS)

    def end_runtime(self, runtime_id: str) -> None:
        """End the agent of a runtime."""
        self._end(lambda waiting: waiting.target.runtime_id == runtime_id)

    def close(self) -> None:
        """End everything."""
        self._on = False
        self._worker.shutdown(cancel_futures=True)
        self._end(lambda _: True)

    def _prepare(self, runtime_id: str) -> None:
        self._end(lambda _: True)
        try:
            # Outside of the lock: it locks the store.
            target = find_target(self._store, runtime_id, None, self._store.account_id)
            with self._lock:
                self._waiting = _Waiting(target, self._starter.begin(target))
        except (ServiceError, *START_ERRORS) as error:
            # Whoever calls it gets the same error, and reads it in the agent's log.
            log.info("no agent was started ahead: %s", error)

    def _end(self, chosen: Callable[[_Waiting], bool]) -> None:
        with self._lock:
            waiting = self._waiting
            if waiting is None or not chosen(waiting):
                return
            self._waiting = None
        waiting.begun.process.end()
