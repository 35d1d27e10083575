"""The state folders of local AWSs in the checkout: where they are, and when they are removed."""

from __future__ import annotations

import fcntl
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATE_ROOT = Path(__file__).resolve().parents[2] / ".local"
"""Every file that a local AWS writes is below this folder of the project, unless the user names another."""


_KEPT = "kept"
_AFTER_THE_END = {"cache", "lock", "logs"}


def state_dir_option(state_dir: Path | None) -> str:
    """Return the option `--state-dir` quoted for a shell, with a leading blank; empty for the default folder."""
    return f" --state-dir {shlex.quote(str(state_dir))}" if state_dir else ""


def remove(state_dir: Path) -> None:
    """Remove a state folder, unless a running local AWS holds its lock."""
    with _unused(state_dir) as unused:
        if unused:
            shutil.rmtree(state_dir)


def keep(state_dir: Path) -> None:
    """Mark a state folder as kept by the user, so that `remove_dead` leaves it."""
    (state_dir / _KEPT).touch()


def remove_dead() -> None:
    """Remove what killed runs left behind: state folders of single runs that no process uses and no user keeps."""
    from local.services.children import kill_left_over

    for folder in STATE_ROOT.glob("run-*"):
        if (folder / _KEPT).exists():
            continue
        with _unused(folder) as unused:
            if unused:
                for processes in folder.glob("*/processes"):
                    kill_left_over(processes)
                shutil.rmtree(folder)


def empty(state_dir: Path) -> None:
    """Remove from the state folder of a stopped local AWS all that it no longer needs; its logs and cache stay."""
    with _unused(state_dir) as unused:
        for entry in state_dir.iterdir() if unused else ():
            if entry.name in _AFTER_THE_END:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


@contextmanager
def _unused(state_dir: Path) -> Iterator[bool]:
    """Hold the lock of a state folder; the value is `False` if there is no folder or a local AWS holds the lock."""
    try:
        lock = (state_dir / "lock").open("a")
    except FileNotFoundError:
        yield False
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
