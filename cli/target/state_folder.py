"""The state folders of local AWSs in the checkout: where they are, and when they are removed."""

from __future__ import annotations

import fcntl
import shlex
import shutil
from contextlib import suppress
from pathlib import Path

STATE_ROOT = Path(__file__).resolve().parents[2] / ".local"
"""Every file that a local AWS writes is below this folder of the project, unless the user names another."""


def state_dir_option(state_dir: Path | None) -> str:
    """Return the option `--state-dir` quoted for a shell, with a leading blank; empty for the default folder."""
    return f" --state-dir {shlex.quote(str(state_dir))}" if state_dir else ""


def remove(state_dir: Path) -> None:
    """Remove a state folder, unless a running local AWS holds its lock."""
    with suppress(FileNotFoundError, BlockingIOError), (state_dir / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(state_dir)
