"""The functions of the stack, each in its own processes."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.children import Children
from local.edge.credentials import CredentialStore
from local.edge.faults import FUNCTION_KINDS, FaultPlan
from local.services.functions.environment import function_environment
from local.services.functions.fork_server import ForkServer
from local.services.functions.logs import FunctionLogs
from local.services.functions.pool import Pool
from local.services.functions.result import Result, call, killed, limited, timed_out
from local.services.functions.spec import FunctionSpec, plain_name

MAX_PROCESSES = 4
"""The most processes of one function at a time; further events wait. Lambda allows a thousand."""


Callables = Mapping[str, Callable[[Any], Any]]
"""Logical id → the callable that replaces the function's process in tests of a definition."""


class FunctionNotFoundError(Exception):
    """No function has this name."""


class Functions:
    """All functions of the stack.

    Attributes:
        closing: Set when the local AWS stops: nothing is retried after that.

    Args:
        state_dir: The state folder.
        region: Value of `AWS_REGION`.
        endpoint_url: Value of `AWS_ENDPOINT_URL`.
        credentials: Issues each function's access key.
        faults: The faults to inject.
        children: Starts the processes.
        logs: Receives their output.
        callables: Functions that run in this process instead, by logical id.
        max_processes: The most processes of one function at a time.
    """

    def __init__(
        self,
        *,
        state_dir: Path,
        region: str,
        endpoint_url: str,
        credentials: CredentialStore,
        faults: FaultPlan,
        children: Children,
        logs: FunctionLogs,
        callables: Callables | None = None,
        max_processes: int = MAX_PROCESSES,
    ) -> None:
        self._state_dir = state_dir
        self._region = region
        self._endpoint_url = endpoint_url
        self._credentials = credentials
        self._faults = faults
        self._children = children
        self._starter = ForkServer(children)
        self._logs = logs
        self._callables = callables or {}
        self._max_processes = max_processes
        self._pools: dict[str, Pool] = {}
        self.closing = threading.Event()
        self._warmer: threading.Thread | None = None

    def register(self, spec: FunctionSpec) -> None:
        """Add a function, or replace the one with the same name."""
        old = self._pools.pop(spec.name, None)
        if old is not None:
            old.close()
        self._pools[spec.name] = Pool(
            spec,
            function_environment(
                spec,
                region=self._region,
                endpoint_url=self._endpoint_url,
                credentials=self._credentials,
                temporary=self._state_dir / "tmp" / spec.name,
            ),
            self._starter,
            self._children,
            self._logs,
            self._max_processes,
        )

    def specs(self) -> list[FunctionSpec]:
        """Return every function."""
        return [pool.spec for pool in self._pools.values()]

    def find(self, name: str) -> FunctionSpec:
        """Return a function by name, ARN or partial ARN.

        Raises:
            FunctionNotFoundError: There is no such function.
        """
        return self._pool(name).spec

    def _pool(self, name: str) -> Pool:
        pool = self._pools.get(plain_name(name))
        if pool is None:
            raise FunctionNotFoundError(name)
        return pool

    def warm(self, logical_ids: Sequence[str]) -> None:
        """Start the first process of some functions in the background, one after the other.

        Their imports are done before the first call, as with provisioned concurrency in AWS.

        Args:
            logical_ids: The functions, in the order in which they will be needed.
        """
        pools = {pool.spec.logical_id: pool for pool in self._pools.values()}
        wanted = [pools[name] for name in logical_ids if name not in self._callables]
        self._warmer = threading.Thread(target=self._warm, args=(wanted,), name="warm", daemon=True)
        self._warmer.start()

    def wait_warm(self) -> None:
        """Wait until every process that `warm` started is ready."""
        if self._warmer is not None:
            self._warmer.join()

    def _warm(self, pools: list[Pool]) -> None:
        for pool in pools:
            if self.closing.is_set():
                return
            pool.warm(self.closing)

    def invoke(
        self,
        name: str,
        payload: bytes,
        request_id: str | None = None,
        client_context: str | None = None,
    ) -> Result:
        """Run a function and wait for it.

        Args:
            name: Function name, ARN, or partial ARN, with or without qualifier.
            payload: The event, JSON.
            request_id: Id of the invocation; a new one if omitted.
            client_context: What the caller sent along for the handler, JSON. A stand-in does not get it.

        Raises:
            FunctionNotFoundError: There is no such function.
        """
        pool = self._pool(name)
        request_id = request_id or str(uuid.uuid4())
        spec = pool.spec
        fault = self._faults.take("lambda", "Invoke", FUNCTION_KINDS, spec.logical_id)
        if fault is not None and fault.kind == "crashBefore":
            return killed(request_id)
        if fault is not None and fault.kind == "functionTimeout":
            time.sleep(fault.seconds or 0)
            return timed_out(spec, request_id)
        stand_in = self._callables.get(spec.logical_id)
        if stand_in is not None:
            result = call(stand_in, payload, request_id)
            return killed(request_id) if fault is not None else result
        result = pool.run(payload, request_id, keep=fault is None, client_context=client_context)
        return limited(result) if fault is None else killed(request_id, result.log_tail)

    def close(self) -> None:
        """Kill every process."""
        self.closing.set()
        # Each server takes a moment to stop, so they stop in parallel.
        with ThreadPoolExecutor(max_workers=16) as closers:
            for closed in [closers.submit(pool.close) for pool in self._pools.values()]:
                closed.result()
