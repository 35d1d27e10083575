"""The state folders of local AWSs in the checkout: where they are, and when they are removed."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STATE_ROOT = Path(__file__).resolve().parents[2] / ".local"
"""Every file that a local AWS writes is below this folder of the project, unless the user names another."""


_KEPT = "kept"
_LOCK = "lock"
_AFTER_THE_END = {"cache", _LOCK, "logs"}


def state_dir_option(state_dir: Path | None) -> str:
    """Return the option `--state-dir` quoted for a shell, with a leading blank; empty for the default folder."""
    return f" --state-dir {shlex.quote(str(state_dir))}" if state_dir else ""


def folder_of_up(state_dir: Path | None) -> Path:
    """Return the state folder of `local up`: that of the option `--state-dir`, or the default one."""
    return state_dir or STATE_ROOT / "up"


def remove(state_dir: Path) -> None:
    """Remove a state folder, unless a running local AWS holds its lock."""
    with _unused(state_dir) as unused:
        if unused:
            _delete(state_dir)


def keep(state_dir: Path) -> None:
    """Mark a state folder as kept by the user, so that `remove_dead` leaves it."""
    (state_dir / _KEPT).touch()


def remove_dead() -> None:
    """Remove what killed runs left behind: state folders of single runs that no process uses and no user keeps."""
    from local.children import kill_left_over

    for folder in STATE_ROOT.glob("run-*"):
        if (folder / _KEPT).exists():
            continue
        with _unused(folder) as unused:
            if unused:
                for processes in folder.glob("*/processes"):
                    kill_left_over(processes)
                _delete(folder)


def empty(state_dir: Path) -> None:
    """Remove from the state folder of a stopped local AWS all that it no longer needs; its logs and cache stay."""
    with _unused(state_dir) as unused:
        if unused:
            _clear(state_dir, keep=_AFTER_THE_END)


def _clear(state_dir: Path, keep: Collection[str]) -> None:
    for entry in state_dir.iterdir():
        if entry.name in keep:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _delete(state_dir: Path) -> None:
    # The lock goes last: without it another process would take the folder for its own, or for one of the user.
    _clear(state_dir, keep={_LOCK})
    (state_dir / _LOCK).unlink()
    with suppress(OSError):  # a new local AWS has taken the folder since
        state_dir.rmdir()


@contextmanager
def _unused(state_dir: Path) -> Iterator[bool]:
    """Hold the lock of a state folder; `False` if it has none (is no state folder, or is gone) or it is in use."""
    file = state_dir / _LOCK
    try:
        lock = file.open("r+")
    except FileNotFoundError:
        yield False
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another process may have removed the folder between the two calls.
            held = file.exists() and os.path.samestat(os.fstat(lock.fileno()), file.stat())
        except (BlockingIOError, FileNotFoundError):
            held = False
        yield held
