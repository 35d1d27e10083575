"""Notices that files of a folder were saved, once for each save, whatever the editor does for it."""

from __future__ import annotations

import queue
import time
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Self

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from cli.errors import CommandError

QUIET_SECONDS = 0.1
"""A save is complete when nothing has changed for so long: editors write a file in several steps."""
LONGEST_SECONDS = 2.0
"""A program that never stops writing is not waited for longer than that."""
_WAKE_SECONDS = 0.2

# `opened` and `closed_no_write` are of those who read.
_CHANGES = frozenset({"created", "modified", "moved", "deleted", "closed"})
_FOLDERS = (
    "__pycache__",
    ".venv",
    ".git",
    ".hg",
    ".idea",
    ".vscode",
    ".*_cache",
    "node_modules",
)
_FILES = (
    # Python, and the file that says how macOS shows a folder.
    *("*.pyc", "*.pyo", ".DS_Store"),
    # vim and neovim; `4913` is what vim writes to try a folder.
    *("*~", ".*.sw?", ".*.sw??", "4913"),
    # emacs
    *("#*#", ".#*"),
    # JetBrains
    *("*___jb_tmp___", "*___jb_old___"),
    # gedit, KDE
    *(".goutputstream-*", "*.kate-swp"),
)


@dataclass(frozen=True)
class Saved:
    """Files that were saved together.

    Attributes:
        names: Their paths in the folder, sorted; also of files that are gone.
        at: When the first of them was, in seconds of `time.monotonic`.
    """

    names: tuple[str, ...]
    at: float


def is_ignored(name: str) -> bool:
    """Whether a file is no part of a source: a cache, or a backup or temporary file of an editor.

    Args:
        name: Its path in the folder, with `/`.
    """
    *folders, last = name.split("/")
    return any(_matches(folder, _FOLDERS) for folder in folders) or _matches(last, _FILES)


def _matches(name: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


class Watcher(FileSystemEventHandler):
    """Watches a folder and what is below it. Use it as a context manager; saves count from then on.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._events: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()
        self._observer = Observer()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Note a change; called in watchdog's thread."""
        if event.is_directory or event.event_type not in _CHANGES:
            return
        now = time.monotonic()
        for path in filter(None, (event.src_path, event.dest_path)):
            found = Path(str(path))
            if not found.is_relative_to(self._folder):
                continue
            name = found.relative_to(self._folder).as_posix()
            if not is_ignored(name):
                self._events.put((now, name))

    def wait(self, seconds: float | None = None) -> Saved | None:
        """Wait until files are saved.

        Args:
            seconds: How long at most; `None` for ever.

        Returns:
            What was saved, also before this call; `None` if nothing was in time.
        """
        first = self._next(None if seconds is None else time.monotonic() + seconds)
        if first is None:
            return None
        at, name = first
        names, until = {name}, at + LONGEST_SECONDS
        while time.monotonic() < until:
            more = self._next(time.monotonic() + QUIET_SECONDS)
            if more is None:
                break
            names.add(more[1])
        return Saved(tuple(sorted(names)), at)

    def _next(self, deadline: float | None) -> tuple[float, str] | None:
        """Return the next change; it wakes up often, so that a signal is handled while it waits."""
        while True:
            left = _WAKE_SECONDS if deadline is None else deadline - time.monotonic()
            try:
                return self._events.get(timeout=max(0.0, min(left, _WAKE_SECONDS)))
            except queue.Empty:
                if deadline is not None and time.monotonic() >= deadline:
                    return None

    def __enter__(self) -> Self:
        """Begin to watch.

        Raises:
            CommandError: The system watches no more folders for this user.
        """
        self._observer.schedule(self, str(self._folder), recursive=True)
        try:
            self._observer.start()
        except OSError as error:
            raise CommandError(
                f"{self._folder} cannot be watched: {error}; watch a folder with fewer folders in it, or raise the "
                "system's limit (on Linux fs.inotify.max_user_watches)"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self._observer.stop()
        self._observer.join()
