"""A group of processes that ends with us, even when we are killed.

A watcher leads the group and holds the reading end of a pipe whose writing end only we have: when we close
it, or die in whatever way, the watcher reads the end of the file and kills its whole group.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_WATCHER = "import os, sys; sys.stdin.buffer.read(); os.killpg(0, 9)"


class ProcessGroup:
    """Starts processes that cannot outlive this one. Use it as a context manager."""

    def __init__(self) -> None:
        self._watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _WATCHER],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )

    def __enter__(self) -> ProcessGroup:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(
        self, command: Sequence[str], env: Mapping[str, str], cwd: Path
    ) -> subprocess.Popen[bytes]:
        """Start a process in the group.

        Args:
            command: Program and arguments.
            env: Its whole environment.
            cwd: Its working directory.

        Returns:
            The process; its stdout and stderr come out of one pipe, `stdout`.

        Raises:
            OSError: The program cannot be started, or the group was killed before.
        """
        return subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=self._watcher.pid,
        )

    def kill(self) -> None:
        """Kill every process of the group, at once; again does nothing."""
        if self._watcher.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._watcher.pid, signal.SIGKILL)
            self._watcher.wait()
        if self._watcher.stdin and not self._watcher.stdin.closed:
            self._watcher.stdin.close()
