"""One process of one function, under the real runtime interface client."""

from __future__ import annotations

import fcntl
import json
import os
import select
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from local.services.functions.runtime_api import Invocation, RuntimeApi

if TYPE_CHECKING:
    from local.children import Children
    from local.services.functions.logs import FunctionLogs

INIT_SECONDS = 60.0
"""How long importing the handler may take. Lambda allows 10 s, on a machine of its own."""

TAIL_BYTES = 4096
"""`X-Amz-Log-Result` has the last 4 KB of the log (Lambda API reference, Invoke)."""


@dataclass(frozen=True)
class FunctionSpec:
    """A function as its template describes it.

    Attributes:
        logical_id: Its name in the template, and the name of its principal.
        name: `FunctionName`.
        arn: Its ARN, unqualified.
        handler: `module.function`.
        code: The folder with its code, laid out as in `/var/task`.
        role_arn: The role it acts in.
        environment: Variables of the template, resolved.
        timeout: Seconds.
        memory_mb: Told to the function, not enforced.
        log_group: CloudWatch Logs group.
        json_logs: Whether `LoggingConfig.LogFormat` is JSON.
        log_level: `LoggingConfig.ApplicationLogLevel`, if set.
        opt: The folder that stands for `/opt` (its layers laid over each other), if any.
        dead_letter_arn: The queue for events that it failed on, if any.
    """

    logical_id: str
    name: str
    arn: str
    handler: str
    code: Path
    role_arn: str
    environment: dict[str, str] = field(default_factory=dict)
    timeout: float = 3.0
    memory_mb: int = 128
    log_group: str = ""
    json_logs: bool = False
    log_level: str | None = None
    opt: Path | None = None
    dead_letter_arn: str | None = None


@dataclass(frozen=True)
class Result:
    """How an invocation ended.

    Attributes:
        payload: The handler's JSON, or the error object.
        error: What `X-Amz-Function-Error` says; `None` after a success.
        log_tail: The last lines of the log.
    """

    payload: bytes
    error: str | None = None
    log_tail: bytes = b""

    @classmethod
    def failure(cls, error_type: str, message: str, tail: bytes = b"") -> Result:
        """Return an error that Lambda itself reports, not the function's own code."""
        payload = json.dumps({"errorType": error_type, "errorMessage": message})
        return cls(payload.encode(), "Unhandled", tail)


class Worker:
    """A process that handles one event at a time.

    Args:
        spec: The function.
        environment: The whole environment of the process.
        children: Starts the process.
        logs: Takes its output.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        environment: dict[str, str],
        children: Children,
        logs: FunctionLogs,
    ) -> None:
        self.spec = spec
        self._children = children
        self._logs = logs
        self._stream = logs.new_stream()
        self._api = RuntimeApi()
        self._tail = bytearray()
        self._partial = b""
        self._output_lock = threading.Lock()
        self._current: Invocation | None = None
        read, write = os.pipe()
        self._output = read
        fcntl.fcntl(read, fcntl.F_SETFL, os.O_NONBLOCK)
        self._process = children.start(
            [sys.executable, "-m", "awslambdaric", spec.handler],
            env={
                **environment,
                "AWS_LAMBDA_RUNTIME_API": self._api.address,
                "AWS_LAMBDA_LOG_STREAM_NAME": self._stream,
            },
            cwd=spec.code,
            stdout=write,
        )
        os.close(write)
        self._watcher = threading.Thread(target=self._watch, name=f"watch-{spec.name}", daemon=True)
        self._watcher.start()

    @property
    def alive(self) -> bool:
        """Say whether the process runs."""
        return self._process.poll() is None

    def wait_ready(self, give_up: threading.Event) -> None:
        """Wait until the handler is imported, the process has ended, or `give_up` is set."""
        while self.alive and not self._api.ready.wait(0.05) and not give_up.is_set():
            continue

    def invoke(self, payload: bytes, request_id: str, timeout: float) -> Result:
        """Hand an event to the process and wait for its answer.

        Args:
            payload: The event, JSON.
            request_id: Id of the invocation.
            timeout: Seconds from the moment the handler begins; then the process is killed.
        """
        self._tail.clear()
        deadline = int((time.time() + timeout) * 1000)
        trace = f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0"
        invocation = Invocation(
            request_id,
            payload,
            {
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": self.spec.arn,
                "Lambda-Runtime-Trace-Id": trace,
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
        self._drain()
        tail = bytes(self._tail[-TAIL_BYTES:])
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
        """Read the output until the process ends, then say so to whoever waits for it."""
        open_ = True
        while open_:
            select.select([self._output], [], [])
            open_ = self._drain()
        self._process.wait()
        os.close(self._output)
        current = self._current
        if current is not None:
            self._exited(current)

    def _exited(self, invocation: Invocation) -> None:
        code = self._process.wait()
        how = f"signal: {_signal_name(-code)}" if code < 0 else f"exit status {code}"
        text = f"Runtime exited with error: {how}" if code else "Runtime exited without a reason"
        invocation.end("exit", text.encode())

    def _drain(self) -> bool:
        """Take all output that is there; false when there will be no more."""
        with self._output_lock:
            while True:
                try:
                    data = os.read(self._output, 65536)
                except BlockingIOError:
                    return True
                except OSError:
                    return False
                if not data:
                    if self._partial:
                        self._line(self._partial)
                        self._partial = b""
                    return False
                *lines, self._partial = (self._partial + data).split(b"\n")
                for line in lines:
                    self._line(line)

    def _line(self, line: bytes) -> None:
        self._tail += line + b"\n"
        text = line.decode("utf-8", "replace").replace("\r", "\n")
        self._logs.write(self.spec.name, self.spec.log_group, self._stream, text)

    def _platform(self, kind: str, request_id: str, text: str) -> None:
        """Write what Lambda itself writes: text, or JSON if the function logs JSON."""
        if self.spec.json_logs:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
            record = {"requestId": request_id, "message": text}
            text = json.dumps({"time": f"{stamp}Z", "type": f"platform.{kind}", "record": record})
        self._logs.write(self.spec.name, self.spec.log_group, self._stream, text)


def _signal_name(number: int) -> str:
    return {9: "killed", 15: "terminated", 11: "segmentation fault", 6: "aborted"}.get(
        number, str(number)
    )
