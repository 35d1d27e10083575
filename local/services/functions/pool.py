"""The processes of one function."""

from __future__ import annotations

import threading
import time

from local.children import Children
from local.services.functions.fork_server import ForkServer
from local.services.functions.logs import FunctionLogs
from local.services.functions.result import Result
from local.services.functions.spec import FunctionSpec
from local.services.functions.worker import Worker

IDLE_SECONDS = 300.0
"""A process that was idle for this long is killed."""


class Pool:
    """The processes of one function: idle ones are reused, and new ones start when needed.

    Args:
        spec: The function.
        environment: The environment of its processes.
        starter: Starts the processes.
        children: Kills them.
        logs: Receives their output.
        limit: The most processes at a time; further events wait.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        environment: dict[str, str],
        starter: ForkServer,
        children: Children,
        logs: FunctionLogs,
        limit: int,
    ) -> None:
        self.spec = spec
        self._environment = environment
        self._starter = starter
        self._children = children
        self._logs = logs
        self._idle: list[tuple[float, Worker]] = []
        self._started = self._closed = False
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(limit)

    def warm(self, give_up: threading.Event) -> None:
        """Start a process if none has started yet, and keep it for the first event.

        Args:
            give_up: Ends the wait for the process when it is set.
        """
        with self._lock:
            if self._started or not self._free.acquire(blocking=False):
                return
        try:
            worker = self._new()
        except OSError:
            self._free.release()
            if give_up.is_set():
                return  # the local AWS stops
            raise
        # An event that arrives meanwhile waits for this process instead of starting another.
        self.give_back(worker, usable=True)
        worker.wait_ready(give_up)

    def _new(self) -> Worker:
        self._started = True
        return Worker(self.spec, self._environment, self._starter, self._children, self._logs)

    def take(self) -> Worker:
        """Return an idle or a new process, and wait while the limit is reached."""
        self._free.acquire()
        try:
            while True:
                with self._lock:
                    worker = self._idle.pop()[1] if self._idle else None
                if worker is None:
                    return self._new()
                if worker.alive:
                    return worker
                worker.kill()
        except BaseException:
            self._free.release()
            raise

    def run(
        self, payload: bytes, request_id: str, *, keep: bool, client_context: str | None = None
    ) -> Result:
        """Run the function in an idle or a new process.

        Args:
            payload: The event, JSON.
            request_id: Id of the invocation.
            keep: Whether the process may serve further events.
            client_context: What the caller sent along for the handler, JSON.
        """
        worker, result = self.take(), None
        try:
            result = worker.invoke(payload, request_id, self.spec.timeout, client_context)
        finally:
            # A process whose invocation failed in the sandbox is dead or about to die.
            self.give_back(worker, usable=result is not None and keep)
        return result

    def give_back(self, worker: Worker, *, usable: bool) -> None:
        """Return a process; one that is not usable is killed."""
        expired: list[Worker] = []
        if usable and worker.alive:
            now = time.monotonic()
            with self._lock:
                every = [*self._idle, (now, worker)]
                expired = [
                    old for since, old in every if self._closed or now - since > IDLE_SECONDS
                ]
                self._idle = [item for item in every if item[1] not in expired]
        else:
            expired = [worker]
        self._free.release()
        for old in expired:
            old.kill()

    def close(self) -> None:
        """Kill every idle process now, and one that works when it is done."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, worker in idle:
            worker.kill()
