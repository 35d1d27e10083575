"""What counts as a save: what editors do to write a file, and what is no part of a source."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watchdog.observers import Observer

from cli.dev.watcher import Watcher, is_ignored
from cli.errors import CommandError

PATIENCE_SECONDS = 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tools").mkdir()
    (tmp_path / "main.py").write_text("old")
    return tmp_path


@pytest.fixture
def watcher(folder: Path) -> Iterator[Watcher]:
    with Watcher(folder) as watching:
        yield watching


def write(folder: Path) -> None:
    (folder / "main.py").write_text("new")


def vim(folder: Path) -> None:
    """With its defaults: a trial file, the backup, the new file, the backup gone; and the swap file."""
    (folder / ".main.py.swp").write_bytes(b"swap")
    (folder / "4913").touch()
    (folder / "4913").unlink()
    (folder / "main.py").rename(folder / "main.py~")
    (folder / "main.py").write_text("new")
    (folder / "main.py~").unlink()


def jetbrains(folder: Path) -> None:
    """Safe write."""
    (folder / "main.py___jb_tmp___").write_text("new")
    (folder / "main.py").rename(folder / "main.py___jb_old___")
    (folder / "main.py___jb_tmp___").rename(folder / "main.py")
    (folder / "main.py___jb_old___").unlink()


def atomic(folder: Path) -> None:
    """A temporary file that takes the place of the old one, as many programs write."""
    (folder / ".goutputstream-A1B2").write_text("new")
    os.replace(folder / ".goutputstream-A1B2", folder / "main.py")  # noqa: PTH105 - as a C program does


def emacs(folder: Path) -> None:
    (folder / ".#main.py").symlink_to("me@host.1:2")
    (folder / "#main.py#").write_text("new")
    (folder / "main.py").write_text("new")
    (folder / "#main.py#").unlink()
    (folder / ".#main.py").unlink()


@pytest.mark.parametrize("save", [write, vim, jetbrains, atomic, emacs])
def test_a_save_is_told_once(folder: Path, watcher: Watcher, save: Callable[[Path], None]) -> None:
    save(folder)
    saved = watcher.wait(PATIENCE_SECONDS)
    assert saved is not None
    assert saved.names == ("main.py",)
    assert watcher.wait(0) is None


def test_files_that_are_saved_together_are_told_together(folder: Path, watcher: Watcher) -> None:
    (folder / "tools" / "weather.py").write_text("new")
    (folder / "main.py").unlink()
    saved = watcher.wait(PATIENCE_SECONDS)
    assert saved is not None
    assert saved.names == ("main.py", "tools/weather.py")


def test_reading_and_caches_are_no_saves(folder: Path, watcher: Watcher) -> None:
    (folder / "main.py").read_text()
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "main.cpython-313.pyc").write_bytes(b"code")
    (folder / "tools" / ".mypy_cache").mkdir()
    (folder / "tools" / ".mypy_cache" / "x.json").write_text("{}")
    (folder / "tools" / "new.py").write_text("new")
    saved = watcher.wait(PATIENCE_SECONDS)
    assert saved is not None
    assert saved.names == ("tools/new.py",)


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        ("main.py", False),
        ("Dockerfile", False),
        (".dockerignore", False),
        ("prompts/system.txt", False),
        ("swap.py", False),
        ("a/__pycache__/b.py", True),
        ("a/.venv/lib/x.py", True),
        ("main.pyc", True),
        ("main.py~", True),
        (".main.py.swx", True),
        (".git/index", True),
        ("git/index.py", False),
    ],
)
def test_what_is_ignored(name: str, *, ignored: bool) -> None:
    assert is_ignored(name) is ignored


def test_a_folder_that_the_system_does_not_watch_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_observer: Any) -> None:
        raise OSError(errno.ENOSPC, "inotify watch limit reached")

    monkeypatch.setattr(type(Observer()), "start", start)
    with pytest.raises(CommandError, match=r"cannot be watched: .*limit reached; watch a folder"):
        Watcher(tmp_path).__enter__()
