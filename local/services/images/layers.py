"""The layers of images: what a RUN line made, kept for the next build that runs the same line on the same files.

Docker keeps layers by their content, too ("Build cache", docs.docker.com). A layer is a folder: `root` has the files,
and `layer.json` says where they were made and what they were like. Installed packages, whose content uv's cache and
other images share already, are links; a layer whose files somebody has written to since is not used.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

MOST = 8
"""How many layers are kept; the one that was not used for longest goes first."""
WORTH_SECONDS = 0.5
"""What took less time to make is made again, because keeping it takes time, too."""
_PACKAGES = "site-packages"
_NAME = attrgetter("name")


class _Entry(NamedTuple):
    """A file, link or folder of a tree.

    Attributes:
        name: Its path in the tree.
        status: Of itself, not of what a link leads to.
        shared: Whether it is an installed package's.
    """

    name: str
    status: os.stat_result
    shared: bool


class Layers:
    """The layers of one image store; several builds may use it at once.

    Args:
        folder: Where they are kept.
        worth_seconds: How long a line must have taken for its layer to be kept.
    """

    def __init__(self, folder: Path, worth_seconds: float = WORTH_SECONDS) -> None:
        self._folder = folder
        self._worth_seconds = worth_seconds

    def has(self, key: str) -> bool:
        """Say whether there is a layer.

        Args:
            key: What it is made of, as a digest.
        """
        return (self._folder / key / "layer.json").is_file()

    def take(self, key: str, root: Path) -> bool:
        """Fill a folder with the files of a layer.

        Args:
            key: The layer's.
            root: An empty folder.

        Returns:
            Whether it is filled; else the folder is empty, because the layer is gone or was written to.
        """
        layer = self._folder / key
        try:
            told = json.loads((layer / "layer.json").read_text(encoding="utf-8"))
            whole = _copy(layer / "root", root, told["root"], frozenset(told["led"]))
            os.utime(layer)
        except OSError:  # another build has removed it
            whole = ""
        if whole and whole == told["seal"]:
            return True
        shutil.rmtree(layer, ignore_errors=True)
        shutil.rmtree(root)
        root.mkdir()
        return False

    def keep(self, key: str, root: Path, seconds: float) -> None:
        """Keep the files of a stage as they are now.

        Args:
            key: What they are made of, as a digest.
            root: The stage's folder.
            seconds: How long it took to make them.
        """
        if seconds < self._worth_seconds or self.has(key):
            return
        new = self._folder / f"new-{uuid.uuid4().hex}"
        (new / "root").mkdir(parents=True)
        _copy(root, new / "root")
        told = {
            "root": str(root),
            "led": _naming(new / "root", str(root).encode()),
            "seal": _seal(new / "root"),
        }
        (new / "layer.json").write_text(json.dumps(told), encoding="utf-8")
        try:
            new.rename(self._folder / key)
        except OSError:  # another build was faster
            shutil.rmtree(new)
        self._remove_oldest()

    def _remove_oldest(self) -> None:
        kept = []
        for layer in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if not layer.name.startswith("new-"):
                    kept.append((layer.stat().st_mtime, layer))
        for _, layer in sorted(kept, reverse=True)[MOST:]:
            shutil.rmtree(layer, ignore_errors=True)


def _entries(root: str) -> Iterator[_Entry]:
    """Everything below a folder; a folder comes before what is in it."""
    waiting = [(root, "", False)]
    # `scandir` and not `Path`, and no generator in a generator: an image has ten thousand files.
    while waiting:
        folder, name, shared = waiting.pop()
        for entry in sorted(os.scandir(folder), key=_NAME):
            path, status = f"{name}/{entry.name}", entry.stat(follow_symlinks=False)
            yield _Entry(path, status, shared)
            if stat.S_ISDIR(status.st_mode):
                waiting.append((entry.path, path, shared or entry.name == _PACKAGES))


def _copy(old: Path, new: Path, made_at: str = "", led: frozenset[str] = frozenset()) -> str:
    """Copy a tree; what is shared is linked.

    Args:
        old: The tree.
        new: An empty folder.
        made_at: Where the tree was when its files were made; what names this place is led to the new one.
        led: The files that name it.

    Returns:
        The seal of the old tree.
    """
    stamps, here, usual = list[str](), str(new), new.stat().st_mode
    for entry in _entries(str(old)):
        stamps.append(_stamp(entry))
        source, target = f"{old}{entry.name}", f"{here}{entry.name}"
        mode = entry.status.st_mode
        if stat.S_ISDIR(mode):
            os.mkdir(target)  # noqa: PTH102
            if mode != usual:
                os.chmod(target, mode)  # noqa: PTH101
        elif (
            entry.shared
            and stat.S_ISREG(mode)
            and entry.name not in led
            and _linked(source, target)
        ):
            continue
        elif stat.S_ISLNK(mode):
            place = os.readlink(source)  # noqa: PTH115
            if made_at and place.startswith(made_at):
                place = f"{here}{place[len(made_at) :]}"
            os.symlink(place, target)  # noqa: PTH211
        elif entry.name in led:
            text = Path(source).read_bytes().replace(made_at.encode(), here.encode())
            Path(target).write_bytes(text)
            shutil.copystat(source, target)
        else:
            shutil.copy2(source, target)
    return _sealed(stamps)


def _linked(source: str, target: str) -> bool:
    try:
        os.link(source, target)
    except OSError:  # another disk, or too many links
        return False
    return True


def _naming(root: Path, place: bytes) -> list[str]:
    """The files that name a place: scripts' first lines, settings of environments, and what a RUN line wrote."""
    return [
        entry.name
        for entry in _entries(str(root))
        if stat.S_ISREG(entry.status.st_mode)
        # What others share (the layer's own link is one, the stage's another) came from a cache that knows no stage.
        and not (entry.shared and entry.status.st_nlink > 2)
        and not entry.name.endswith(".pyc")
        and place in Path(f"{root}{entry.name}").read_bytes()
    ]


def _seal(root: Path) -> str:
    return _sealed([_stamp(entry) for entry in _entries(str(root))])


def _sealed(stamps: list[str]) -> str:
    return hashlib.sha256("".join(stamps).encode()).hexdigest()


def _stamp(entry: _Entry) -> str:
    """What changes when somebody writes to a file; folders get new files of their own, such as bytecode."""
    status = entry.status
    if stat.S_ISREG(status.st_mode):
        return f"{entry.name} {status.st_mode} {status.st_size} {status.st_mtime_ns}\n"
    return f"{entry.name} {status.st_mode}\n"
