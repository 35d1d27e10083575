"""Starts functions' processes from one that has imported the packages that they all import.

A process that is forked has them at once, in memory that it shares; one that starts by itself spends most of a second
of CPU on them. The functions' own code is not among them: each process imports it, as at a cold start.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.children import Child, Children

MODULES = (
    "aws_lambda_powertools.logging",
    "aws_lambda_powertools.metrics",
    "botocore.client",
    "botocore.httpsession",
    "botocore.session",
    "httpcore",
    "httpx",
    "pydantic.fields",
    "pydantic.main",
)
"""What is imported ahead, with all that it imports: of packages in `functions/requirements.txt`."""
PACKAGES = (
    "annotated_types",
    "anyio",
    "aws_lambda_powertools",
    "botocore",
    "certifi",
    "dateutil",
    "h11",
    "httpcore",
    "httpx",
    "idna",
    "jmespath",
    "pydantic",
    "pydantic_core",
    "six",
    "typing_extensions",
    "typing_inspection",
    "urllib3",
)
"""The packages that they come from. A function that brings one of its own is to find its own."""
_AT_THE_START = ("sitecustomize", "usercustomize")
_PROCESS = Path(__file__).with_name("fork_server_process.py")
_ALWAYS = ("PATH", "LANG", "TZ", "AWS_EXECUTION_ENV")
"""Variables that are the same for every function; Python and Powertools read them early."""
_READ_EARLY = ("PYTHON", "PYDANTIC_", "BOTO_", "POWERTOOLS_DEBUG", "POWERTOOLS_DEV")
"""What the names of variables begin with that Python or a package reads only when it is loaded."""
_MOST_BYTES = 4096
_TRIES = 2


class ForkServerError(OSError):
    """The fork server ends before it starts a process."""


class ForkedProcess:
    """A process that the fork server started, and whose end it reports.

    Attributes:
        pid: Its process id, which is that of its process group, too.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: Future[int] = Future()

    def poll(self) -> int | None:
        """Return its exit status, negative for a signal; None while it runs."""
        return self._status.result() if self._status.done() else None

    def wait(self) -> int:
        """Wait for its end, and return its exit status."""
        return self._status.result()

    def end(self, status: int) -> None:
        """Note its exit status."""
        self._status.set_result(status)


class ForkServer:
    """One fork server. It starts with the first process that is wanted, and again if somebody killed it.

    Args:
        children: Starts its process, and keeps track of those that it forks.
    """

    def __init__(self, children: Children) -> None:
        self._children = children
        self._lock = threading.Lock()
        self._running: _Connection | None = None

    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdout: int, name: str
    ) -> Child:
        """Start `python -m ARGV` in a session of its own: forked, or by itself if that could make a difference.

        Args:
            argv: Module and arguments.
            env: Its whole environment.
            cwd: Its working directory.
            stdout: File descriptor for stdout and stderr.
            name: What `ps -o comm` shows of a forked process, cut to 15 characters; its arguments are the server's.

        Raises:
            ForkServerError: The fork server ended each time.
            OSError: Python cannot be started, or the system has no room for another process.
        """
        if not _can_fork(env):
            command = [sys.executable, "-m", *argv]
            return self._children.start(command, env=env, cwd=cwd, stdout=stdout)
        order = json.dumps(
            {"argv": [*argv], "environment": dict(env), "directory": str(cwd), "name": name}
        )
        for _ in range(_TRIES):
            process = self._connected(env).order(order.encode(), stdout)
            if process is not None:
                self._children.keep(process)
                return process
        raise ForkServerError(
            f"the process from which functions are started ended {_TRIES} times at once; run "
            f"`{sys.executable} -c 'import {', '.join(MODULES)}'` to see why"
        )

    def _connected(self, env: Mapping[str, str]) -> _Connection:
        with self._lock:
            if self._running is None or self._running.ended:
                always = {name: env[name] for name in _ALWAYS if name in env}
                self._running = _Connection(self._children, always)
            return self._running


def _can_fork(env: Mapping[str, str]) -> bool:
    """Tell whether a forked process finds what one that starts by itself finds.

    It does not if the function's code or a layer has a version of its own of a package, or if a variable is read early.
    Elsewhere than on Linux, a process cannot be ended with the server that forked it.
    """
    own = any(
        Path(folder, name).exists() or Path(folder, f"{name}.py").exists()
        for folder in env.get("PYTHONPATH", "").split(os.pathsep)
        for name in (*PACKAGES, *_AT_THE_START)
    )
    early = any(name.startswith(_READ_EARLY) and name != "PYTHONPATH" for name in env)
    return sys.platform == "linux" and not own and not early


class _Connection:
    """The channel to one process of a fork server.

    Attributes:
        ended: Whether the process is gone.
    """

    def __init__(self, children: Children, environment: Mapping[str, str]) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ExitStack() as undo, theirs:
            undo.callback(self._channel.close)
            children.start(
                [sys.executable, "-P", "-s", str(_PROCESS), str(theirs.fileno()), *MODULES],
                env=environment,
                cwd=_PROCESS.parent,
                pass_fds=[theirs.fileno()],
            )
            undo.pop_all()
        self.ended = False
        self._one_order = threading.Lock()
        self._answered = threading.Semaphore(0)
        self._answer: ForkedProcess | OSError | None = None
        self._processes: dict[int, ForkedProcess] = {}
        threading.Thread(target=self._read, name="fork-server", daemon=True).start()

    def order(self, order: bytes, stdout: int) -> ForkedProcess | None:
        """Have a process forked; None if the server has ended."""
        with self._one_order:
            try:
                socket.send_fds(self._channel, [order], [stdout])
            except OSError as error:
                if error.errno == errno.EMSGSIZE:
                    raise
                self.ended = True
                return None
            self._answered.acquire()
            answer, self._answer = self._answer, None
        if isinstance(answer, OSError):
            raise answer
        return answer

    def _read(self) -> None:
        while message := self._message():
            if "started" in message:
                self._answer = process = ForkedProcess(message["started"])
                self._processes[process.pid] = process
                self._answered.release()
            elif "failed" in message:
                self._answer = OSError(message["failed"])
                self._answered.release()
            else:
                status = os.waitstatus_to_exitcode(message["status"])
                self._processes.pop(message["ended"]).end(status)
        self.ended = True
        # The kernel kills them when the server ends.
        for process in self._processes.values():
            process.end(-signal.SIGKILL)
        self._channel.close()
        self._answered.release()

    def _message(self) -> dict[str, Any] | None:
        try:
            text = self._channel.recv(_MOST_BYTES)
        except OSError:
            return None
        message: dict[str, Any] | None = json.loads(text) if text else None
        return message
