"""One process of one function, under the real runtime interface client."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from typing import TYPE_CHECKING

from local.services.functions.output import ProcessOutput
from local.services.functions.result import Result
from local.services.functions.runtime_api import Invocation, RuntimeApi
from local.services.functions.spec import FunctionSpec

if TYPE_CHECKING:
    from local.children import Children
    from local.services.functions.fork_server import ForkServer
    from local.services.functions.logs import FunctionLogs

INIT_SECONDS = 60.0
"""The most seconds that importing the handler may take. Lambda allows 10, on a dedicated machine."""


class Worker:
    """A process that handles one event at a time.

    Args:
        spec: The function.
        environment: The whole environment of the process.
        starter: Starts the process.
        children: Kills the process.
        logs: Receives its output.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        environment: dict[str, str],
        starter: ForkServer,
        children: Children,
        logs: FunctionLogs,
    ) -> None:
        self.spec = spec
        self._children = children
        self._logs = logs
        self._stream = logs.new_stream()
        self._api = RuntimeApi()
        self._output = ProcessOutput(self._log)
        self._current: Invocation | None = None
        env = {**environment, "AWS_LAMBDA_RUNTIME_API": self._api.address}
        env["AWS_LAMBDA_LOG_STREAM_NAME"] = self._stream
        try:
            self._process = starter.start(
                ["awslambdaric", spec.handler],
                env=env,
                cwd=spec.code,
                stdout=self._output.pipe,
                name=spec.logical_id,
            )
        except BaseException:
            self._output.close()
            self._api.close()
            raise
        finally:
            os.close(self._output.pipe)
        self._watcher = threading.Thread(target=self._watch, name=f"watch-{spec.name}", daemon=True)
        self._watcher.start()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def wait_ready(self, give_up: threading.Event) -> None:
        """Wait until the handler is imported, the process has ended, or `give_up` is set."""
        while self.alive and not self._api.ready.wait(0.05) and not give_up.is_set():
            continue

    def invoke(
        self, payload: bytes, request_id: str, timeout: float, client_context: str | None = None
    ) -> Result:
        """Pass an event to the process and wait for its response.

        Args:
            payload: The event, JSON.
            request_id: Id of the invocation.
            timeout: Seconds from the moment the handler begins; then the process is killed.
            client_context: What the handler finds as `context.client_context`, JSON.
        """
        self._output.begin_tail()
        deadline = int((time.time() + timeout) * 1000)
        trace = f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0"
        invocation = Invocation(
            request_id,
            payload,
            {
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": self.spec.arn,
                "Lambda-Runtime-Trace-Id": trace,
                **({"Lambda-Runtime-Client-Context": client_context} if client_context else {}),
            },
        )
        self._platform("start", request_id, f"START RequestId: {request_id} Version: $LATEST")
        started = time.monotonic()
        self._current = invocation
        self._api.give(invocation)
        if not self.alive:
            self._exited(invocation)
        result = self._await(invocation, timeout)
        milliseconds = (time.monotonic() - started) * 1000
        self._current = None
        self._output.drain()
        tail = self._output.tail()
        self._platform(
            "report",
            request_id,
            f"REPORT RequestId: {request_id} Duration: {milliseconds:.2f} ms "
            f"Memory Size: {self.spec.memory_mb} MB",
        )
        return Result(result.payload, result.error, tail)

    def kill(self) -> None:
        """End the process and close its server."""
        self._children.kill(self._process)
        self._watcher.join()
        self._api.close()

    def _await(self, invocation: Invocation, timeout: float) -> Result:
        give_up = time.monotonic() + INIT_SECONDS
        while not (invocation.taken.wait(0.05) or invocation.ended.is_set()):
            if time.monotonic() > give_up:
                break
        if not invocation.ended.wait(timeout):
            self._children.kill(self._process)
            return Result.failure(
                "Sandbox.Timedout",
                f"RequestId: {invocation.request_id} Error: Task timed out after "
                f"{self.spec.timeout:.2f} seconds",
            )
        if invocation.kind == "response":
            return Result(invocation.answer)
        if invocation.kind == "exit":
            return Result.failure(
                "Runtime.ExitError",
                f"RequestId: {invocation.request_id} Error: {invocation.answer.decode()}",
            )
        return Result(invocation.answer, "Unhandled")

    def _watch(self) -> None:
        """Read the output until the process ends, then end the current invocation."""
        self._output.wait_until_closed()
        self._process.wait()
        self._output.close()
        current = self._current
        if current is not None:
            self._exited(current)

    def _exited(self, invocation: Invocation) -> None:
        code = self._process.wait()
        how = f"signal: {_signal_name(-code)}" if code < 0 else f"exit status {code}"
        text = f"Runtime exited with error: {how}" if code else "Runtime exited without a reason"
        invocation.end("exit", text.encode())

    def _log(self, text: str) -> None:
        self._logs.write(self.spec.name, self.spec.log_group, self._stream, text)

    def _platform(self, kind: str, request_id: str, text: str) -> None:
        """Write a line that Lambda writes itself: text, or JSON if the function logs JSON."""
        if self.spec.json_logs:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
            record = {"requestId": request_id, "message": text}
            text = json.dumps({"time": f"{stamp}Z", "type": f"platform.{kind}", "record": record})
        self._log(text)


def _signal_name(number: int) -> str:
    return {9: "killed", 15: "terminated", 11: "segmentation fault", 6: "aborted"}.get(
        number, str(number)
    )
