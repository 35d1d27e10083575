"""The output of a function's process, read line by line."""

from __future__ import annotations

import fcntl
import os
import select
import threading
from collections.abc import Callable

TAIL_BYTES = 4096
"""`X-Amz-Log-Result` has the last 4 KB of the log (Lambda API reference, Invoke)."""


class ProcessOutput:
    """A pipe that takes the output of one process.

    Args:
        write: Receives each line as text, without its line feed.

    Attributes:
        pipe: The end of the pipe for the process; close it here once the process has it.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._tail = bytearray()
        self._partial = b""
        self._lock = threading.Lock()
        self._read, self.pipe = os.pipe()
        fcntl.fcntl(self._read, fcntl.F_SETFL, os.O_NONBLOCK)

    def begin_tail(self) -> None:
        """Start a new tail: an invocation begins."""
        self._tail.clear()

    def tail(self) -> bytes:
        """Return the last lines since `begin_tail`."""
        return bytes(self._tail[-TAIL_BYTES:])

    def wait_until_closed(self) -> None:
        """Read until the process has closed its end of the pipe."""
        open_ = True
        while open_:
            select.select([self._read], [], [])
            open_ = self.drain()

    def close(self) -> None:
        """Close the reading end."""
        os.close(self._read)

    def drain(self) -> bool:
        """Read all output that is there; return false when there will be no more."""
        with self._lock:
            while True:
                try:
                    data = os.read(self._read, 65536)
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
        self._write(line.decode("utf-8", "replace").replace("\r", "\n"))
