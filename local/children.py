"""Child processes that end with the local AWS, even when it is killed with `kill -9`.

On Linux the kernel ends them (`PR_SET_PDEATHSIG`, see prctl(2)). For other systems, and as a
fallback, each process has a file in the state folder, which the next start reads.
"""

from __future__ import annotations

import contextlib
import os
import platform
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol

_LAUNCHER = """
import os, sys
parent = int(sys.argv[1])
if sys.platform == "linux":
    import ctypes
    PR_SET_PDEATHSIG, SIGKILL = 1, 9
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
if os.getppid() != parent:
    sys.exit("the parent has gone")
os.execvpe(sys.argv[2], sys.argv[2:], os.environ)
"""


class Child(Protocol):
    """A process that leads a process group of its own."""

    @property
    def pid(self) -> int:
        """Its process id, which is that of its group, too."""

    def poll(self) -> int | None:
        """Return its exit status, negative for a signal; None while it runs."""

    def wait(self) -> int:
        """Wait for its end, and return its exit status."""


class Children:
    """Starts child processes and keeps track of them.

    Args:
        pid_dir: Folder in the state folder, with one file for each process.
    """

    def __init__(self, pid_dir: Path) -> None:
        self._pid_dir = pid_dir
        pid_dir.mkdir(parents=True, exist_ok=True)
        self._running: dict[int, Child] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._orders: queue.SimpleQueue[tuple[_Order, Future[subprocess.Popen[bytes]]] | None] = (
            queue.SimpleQueue()
        )
        # The kernel's guarantee is bound to the *thread* that forked (prctl(2)). A request's thread
        # ends with the request, so one thread with our lifetime starts every process.
        self._starter = threading.Thread(target=self._start_all, name="children", daemon=True)
        self._starter.start()

    def start(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        stdout: int | None = None,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Start a process in a session of its own.

        Args:
            command: Program and arguments.
            env: Its whole environment.
            cwd: Its working directory.
            stdout: File descriptor for stdout and stderr; `None` discards them.
            pass_fds: File descriptors that it keeps.

        Raises:
            OSError: If the interpreter that launches it cannot be started, or the local AWS stops.
        """
        started: Future[subprocess.Popen[bytes]] = Future()
        with self._lock:
            if self._closed:
                raise OSError("the local AWS stops: nothing is started any more")
            self._orders.put((_Order(command, env, cwd, stdout, pass_fds), started))
        return started.result()

    def keep(self, process: Child) -> None:
        """Keep track of a process that another process has started."""
        with self._lock:
            self._running[process.pid] = process
        (self._pid_dir / str(process.pid)).write_text(_birth(process.pid), encoding="utf-8")

    def kill(self, process: Child) -> None:
        """Kill a process and all of its group at once, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._forget(process.pid)

    def close(self) -> None:
        """Kill every remaining process; no further one is started."""
        with self._lock:
            self._closed = True
            self._orders.put(None)
        self._starter.join()
        with self._lock:
            left = [*self._running.values()]
        # The newest first: one may have started those after it.
        for process in reversed(left):
            self.kill(process)

    def _start_all(self) -> None:
        while (item := self._orders.get()) is not None:
            order, started = item
            try:
                process = order.run()
            except Exception as error:  # noqa: BLE001 - passed on to the caller of `start`
                started.set_exception(error)
                continue
            self.keep(process)
            started.set_result(process)

    def _forget(self, pid: int) -> None:
        with self._lock:
            self._running.pop(pid, None)
        (self._pid_dir / str(pid)).unlink(missing_ok=True)


class _Order:
    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        stdout: int | None,
        pass_fds: Sequence[int],
    ) -> None:
        self.command, self.env, self.cwd, self.stdout = command, env, cwd, stdout
        self.pass_fds = pass_fds

    def run(self) -> subprocess.Popen[bytes]:
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid())]
        output: Any = subprocess.DEVNULL if self.stdout is None else self.stdout
        return subprocess.Popen(
            [*launcher, *self.command],
            env=dict(self.env),
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output if self.stdout is None else subprocess.STDOUT,
            start_new_session=True,
            pass_fds=self.pass_fds,
        )


def kill_left_over(pid_dir: Path) -> list[int]:
    """Kill the processes that a killed local AWS left running, and delete their files.

    Args:
        pid_dir: The folder that its `Children` had.

    Returns:
        The process ids that were killed. A process id that another process has by now is left alone
        (its start time differs).
    """
    killed = []
    for file in sorted(pid_dir.glob("[0-9]*")):
        pid, birth = int(file.name), file.read_text(encoding="utf-8")
        if birth and _birth(pid) == birth:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
                killed.append(pid)
        file.unlink()
    return killed


def _birth(pid: int) -> str:
    """Return when a process started, as the system reports it; empty if there is none."""
    if platform.system() == "Linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        except OSError:
            return ""
        # proc(5): field 22 is the start time; field 2, in brackets, may hold spaces.
        return stat.rpartition(")")[2].split()[19]
    listed = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip()
