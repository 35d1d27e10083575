"""`lambda:Invoke`: each function of the template runs in processes of its own."""

from __future__ import annotations

import base64
import json
import logging
import os
import shutil
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from werkzeug import Request, Response

from local.children import Children
from local.edge.credentials import CredentialStore, Principal
from local.edge.errors import ServiceError, respond
from local.edge.faults import FUNCTION_KINDS, Fault, FaultPlan
from local.edge.operations import Operations
from local.services.functions.async_invocation import invoke_later
from local.services.functions.logs import FunctionLogs
from local.services.functions.worker import FunctionSpec, Result, Worker

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from local.edge.calls import Call

log = logging.getLogger(__name__)

MAX_PROCESSES = 4
"""Processes of one function at a time; further events wait. Lambda would start a thousand."""

IDLE_SECONDS = 300.0
"""A process that had nothing to do for so long is ended."""

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""Limit of a synchronous request and of its answer (Lambda quotas)."""

Callables = Mapping[str, Callable[[Any], Any]]
"""Logical id → what stands in for the function's process, for tests of a definition alone."""


def _no_client(service: str) -> Any:
    raise NotImplementedError(f"no client of {service} was given")


class FunctionNotFoundError(Exception):
    """No function has this name."""


class Functions:
    """All functions of the stack.

    Args:
        state_dir: The state folder.
        region: Goes into `AWS_REGION`.
        endpoint_url: Goes into `AWS_ENDPOINT_URL`.
        credentials: Issues each function's keys.
        faults: What is to go wrong.
        children: Starts the processes.
        logs: Takes their output.
        callables: Functions that run in this process instead, by logical id.
        client: Makes a boto3 client, for dead-letter queues.
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
        client: Callable[[str], Any] = _no_client,
        max_processes: int = MAX_PROCESSES,
    ) -> None:
        self._client = client
        self._closing = threading.Event()
        self._state_dir = state_dir
        self._region = region
        self._endpoint_url = endpoint_url
        self._credentials = credentials
        self._faults = faults
        self._children = children
        self._logs = logs
        self._callables = callables or {}
        self._max_processes = max_processes
        self._pools: dict[str, _Pool] = {}
        self._operations = Operations()
        self._closing = threading.Event()
        self._warmer: threading.Thread | None = None

    def register(self, spec: FunctionSpec) -> None:
        """Make a function known; one of the same name is replaced."""
        old = self._pools.pop(spec.name, None)
        if old is not None:
            old.close()
        self._pools[spec.name] = _Pool(
            spec, self._environment(spec), self._children, self._logs, self._max_processes
        )

    def specs(self) -> list[FunctionSpec]:
        """Return every function that is known."""
        return [pool.spec for pool in self._pools.values()]

    def warm(self, logical_ids: Sequence[str]) -> None:
        """Start a first process of some functions in the background, one after the other.

        Their imports are then done when they are called; AWS does the same under the name of
        provisioned concurrency.

        Args:
            logical_ids: Which, in the order in which they will be needed.
        """
        pools = {pool.spec.logical_id: pool for pool in self._pools.values()}
        wanted = [pools[name] for name in logical_ids if name not in self._callables]
        self._warmer = threading.Thread(target=self._warm, args=(wanted,), name="warm", daemon=True)
        self._warmer.start()

    def wait_warm(self) -> None:
        """Wait until all that `warm` started is ready."""
        if self._warmer is not None:
            self._warmer.join()

    def _warm(self, pools: list[_Pool]) -> None:
        for pool in pools:
            if self._closing.is_set():
                return
            pool.warm(self._closing)

    def invoke(self, name: str, payload: bytes, request_id: str | None = None) -> Result:
        """Run a function and wait for it.

        Args:
            name: Function name, ARN, or partial ARN, with or without qualifier.
            payload: The event, JSON.
            request_id: Id of the invocation; a new one if left out.

        Raises:
            FunctionNotFoundError: If there is no such function.
        """
        pool = self._pools.get(plain_name(name))
        if pool is None:
            raise FunctionNotFoundError(name)
        request_id = request_id or str(uuid.uuid4())
        spec = pool.spec
        fault = self._faults.take("lambda", "Invoke", FUNCTION_KINDS, spec.logical_id)
        if fault is not None and fault.kind == "crashBefore":
            return _killed(request_id)
        if fault is not None and fault.kind == "functionTimeout":
            time.sleep(fault.seconds or 0)
            return _timed_out(spec, request_id)
        stand_in = self._callables.get(spec.logical_id)
        if stand_in is not None:
            result = _call(stand_in, payload, request_id)
            return _killed(request_id) if fault is not None else result
        return self._run(pool, payload, request_id, fault)

    def close(self) -> None:
        """Kill every process."""
        self._closing.set()
        # Each server needs a moment to see that it is to end; they need not wait for each other.
        with ThreadPoolExecutor(max_workers=16) as closers:
            for closed in [closers.submit(pool.close) for pool in self._pools.values()]:
                closed.result()

    def _run(self, pool: _Pool, payload: bytes, request_id: str, fault: Fault | None) -> Result:
        worker = pool.take()
        result = None
        try:
            result = worker.invoke(payload, request_id, pool.spec.timeout)
        finally:
            # A process whose invocation failed in the sandbox is dead or about to die.
            pool.give_back(worker, usable=result is not None and fault is None)
        if fault is not None:
            return _killed(request_id, result.log_tail)
        if len(result.payload) > MAX_PAYLOAD_BYTES:
            return Result.failure(
                "Function.ResponseSizeTooLarge",
                "Response payload size exceeded maximum allowed payload size "
                f"({MAX_PAYLOAD_BYTES} bytes).",
                result.log_tail,
            )
        return result

    def _environment(self, spec: FunctionSpec) -> dict[str, str]:
        """Return what Lambda puts into a function's environment ("Lambda environment variables").

        X-Ray is off, as `sam local` has it: there is no daemon to send segments to.
        """
        role = Principal(spec.logical_id, spec.role_arn, "function")
        temporary = self._state_dir / "tmp" / spec.name
        temporary.mkdir(parents=True, exist_ok=True)
        variables = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "TZ": ":UTC",
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            "PYTHONPATH": os.pathsep.join(_import_path(spec)),
            "LAMBDA_TASK_ROOT": str(spec.code),
            "LAMBDA_RUNTIME_DIR": str(spec.code),
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_FUNCTION_NAME": spec.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
            "AWS_LAMBDA_LOG_FORMAT": "JSON" if spec.json_logs else "Text",
            "_HANDLER": spec.handler,
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_ENDPOINT_URL": self._endpoint_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_XRAY_SDK_ENABLED": "false",
            "POWERTOOLS_TRACE_DISABLED": "true",
            "NO_PROXY": "localhost,127.0.0.1",
            **self._credentials.issue(role).environment(),
        }
        if spec.log_level:
            variables["AWS_LAMBDA_LOG_LEVEL"] = spec.log_level
        for name, value in spec.environment.items():
            variables[name] = under_opt(value, spec.opt)
        return variables

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve `Invoke`."""
        request = Request(environ)
        call: Call = environ["local.call"]
        return self._respond(request, call)(environ, start_response)

    def _respond(self, request: Request, call: Call) -> Response:
        name = unquote(request.path.split("/")[3])
        payload = request.get_data() or b"{}"
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        error = self._refusal(name, payload, kind)
        if error is not None:
            return respond(error, self._operations.service("lambda"), call.request_id, request)
        headers = {"X-Amz-Executed-Version": "$LATEST", "x-amzn-RequestId": call.request_id}
        if kind == "DryRun":
            return Response(status=204, headers=headers)
        if kind == "Event":
            invoke_later(
                self._pools[plain_name(name)].spec,
                payload,
                call.request_id,
                invoke=lambda: self.invoke(name, payload, call.request_id),
                client=self._client,
                closing=self._closing,
            )
            return Response(status=202, headers=headers)
        result = self.invoke(name, payload, call.request_id)
        if result.error:
            headers["X-Amz-Function-Error"] = result.error
        if request.headers.get("X-Amz-Log-Type") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(result.log_tail).decode()
        return Response(result.payload, 200, headers, content_type="application/json")

    def _refusal(self, name: str, payload: bytes, kind: str) -> ServiceError | None:
        if plain_name(name) not in self._pools:
            return ServiceError(
                "ResourceNotFoundException", f"Function not found: {plain_name(name)}", 404
            )
        if kind not in ("RequestResponse", "Event", "DryRun"):
            return ServiceError("InvalidParameterValueException", f"Unknown type {kind}", 400)
        if len(payload) > MAX_PAYLOAD_BYTES:
            return ServiceError(
                "RequestTooLargeException",
                f"{len(payload)} byte payload is too large (limit {MAX_PAYLOAD_BYTES} bytes)",
                413,
            )
        try:
            json.loads(payload)
        except ValueError as error:
            return ServiceError(
                "InvalidRequestContentException", f"Could not parse request body: {error}", 400
            )
        return None


class _Pool:
    """The processes of one function: idle ones are used again, new ones made when needed."""

    def __init__(
        self,
        spec: FunctionSpec,
        environment: dict[str, str],
        children: Children,
        logs: FunctionLogs,
        limit: int,
    ) -> None:
        self.spec = spec
        self._environment = environment
        self._children = children
        self._logs = logs
        self._idle: list[tuple[float, Worker]] = []
        self._started = False
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(limit)

    def warm(self, give_up: threading.Event) -> None:
        """Start a process if there is none yet, and keep it for the first event."""
        with self._lock:
            if self._started or not self._free.acquire(blocking=False):
                return
        worker = self._new()
        # An event that comes while it starts waits for this process, instead of starting another.
        self.give_back(worker, usable=True)
        worker.wait_ready(give_up)

    def _new(self) -> Worker:
        self._started = True
        return Worker(self.spec, self._environment, self._children, self._logs)

    def take(self) -> Worker:
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

    def give_back(self, worker: Worker, *, usable: bool) -> None:
        expired: list[Worker] = []
        if usable and worker.alive:
            now = time.monotonic()
            with self._lock:
                expired = [old for since, old in self._idle if now - since > IDLE_SECONDS]
                kept = [item for item in self._idle if now - item[0] <= IDLE_SECONDS]
                self._idle = [*kept, (now, worker)]
        else:
            expired = [worker]
        self._free.release()
        for old in expired:
            old.kill()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for _, worker in idle:
            worker.kill()


def plain_name(name: str) -> str:
    """Return the function's name out of a name, an ARN or a partial ARN.

    The forms are those of `FunctionName` in the Lambda API reference.
    """
    parts = name.split(":")
    if "function" in parts:
        return parts[parts.index("function") + 1]
    return parts[0]


def _import_path(spec: FunctionSpec) -> list[str]:
    """Return where Lambda's Python looks: the function's code, then `/opt/python`."""
    return [str(spec.code)] + ([str(spec.opt / "python")] if spec.opt else [])


def lay_out_layers(layers: Iterable[Path], target: Path) -> Path:
    """Copy layers over each other, as Lambda does below `/opt`, and return the folder."""
    for layer in layers:
        shutil.copytree(layer, target, dirs_exist_ok=True, ignore=_NOT_CODE)
    return target


def under_opt(value: str, opt: Path | None) -> str:
    """Rewrite a value that starts with `/opt`: that folder is not ours to write."""
    if opt is not None and (value == "/opt" or value.startswith("/opt/")):
        return str(opt) + value.removeprefix("/opt")
    return value


_NOT_CODE = shutil.ignore_patterns("__pycache__", "*.pyc", ".venv", ".git")


def copy_code(source: Path, target: Path) -> Path:
    """Copy a function's code, so that what runs is what was deployed, and return the copy.

    Functions with the same code share a copy.
    """
    if not target.exists():
        shutil.copytree(source, target, ignore=_NOT_CODE)
    return target


def _killed(request_id: str, tail: bytes = b"") -> Result:
    message = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
    return Result.failure("Runtime.ExitError", message, tail)


def _timed_out(spec: FunctionSpec, request_id: str) -> Result:
    message = f"RequestId: {request_id} Error: Task timed out after {spec.timeout:.2f} seconds"
    return Result.failure("Sandbox.Timedout", message)


def _call(function: Callable[[Any], Any], payload: bytes, request_id: str) -> Result:
    """Run a stand-in as awslambdaric would run a handler: any exception becomes an error object."""
    try:
        return Result(json.dumps(function(json.loads(payload)), ensure_ascii=False).encode())
    except Exception as error:  # noqa: BLE001 - the runtime's own contract
        return Result(
            json.dumps(
                {
                    "errorMessage": str(error),
                    "errorType": type(error).__name__,
                    "requestId": request_id,
                    "stackTrace": traceback.format_tb(error.__traceback__),
                }
            ).encode(),
            "Unhandled",
        )
