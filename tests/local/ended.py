"""Whether a process that is no child of the tests has ended."""

from __future__ import annotations

import time
from pathlib import Path


def has_ended(pid: int) -> bool:
    """Tell whether a process is gone, or is dead and only waits until its new parent has looked."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Wait for so long at most until a process has ended; returns whether it has."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if has_ended(pid):
            return True
        time.sleep(0.02)
    return False
