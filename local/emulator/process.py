"""What belongs to the whole process: one local AWS, its state folder, its log, its variables."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.children import kill_left_over

_KEPT = {"cache", "lock"}

_one_at_a_time = threading.Lock()


class AlreadyRunningError(RuntimeError):
    """Another local AWS uses the state folder, or runs in this process."""


@contextmanager
def alone() -> Iterator[None]:
    """Allow one local AWS in this process at a time, because moto keeps its state in the process.

    Raises:
        AlreadyRunningError: This process has one already.
    """
    if not _one_at_a_time.acquire(blocking=False):
        raise AlreadyRunningError("this process already runs a local AWS")
    try:
        yield
    finally:
        _one_at_a_time.release()


@contextmanager
def owned(state_dir: Path) -> Iterator[None]:
    """Lock a state folder, and delete what an earlier local AWS left there, except its cache.

    Raises:
        AlreadyRunningError: Another local AWS uses the folder, or the folder holds other files.
    """
    fresh = not state_dir.exists() or not any(state_dir.iterdir())
    if not fresh and not (state_dir / "lock").exists():
        raise AlreadyRunningError(
            f"{state_dir} is not empty, and is not the state folder of a local AWS"
        )
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "lock").open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(f"a local AWS already runs in {state_dir}") from error
        for pids in state_dir.glob("*/processes"):
            kill_left_over(pids)
        for entry in state_dir.iterdir():
            if entry.name in _KEPT:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        yield


@contextmanager
def logged(file: Path) -> Iterator[None]:
    """Write the logs of moto and the local AWS to a file instead of the terminal."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    loggers = [logging.getLogger(name) for name in ("moto", "local")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.propagate = False
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
            logger.propagate = True
        handler.close()


@contextmanager
def environment_set(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables of this process, which moto reads, and restore them at the end."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
