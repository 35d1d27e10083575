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
from dataclasses import dataclass
from pathlib import Path

MOST = 8
"""How many layers are kept; the one that was not used for longest goes first."""
WORTH_SECONDS = 0.5
"""What took less time to make is made again, because keeping it takes time, too."""
_PACKAGES = "site-packages"


@dataclass(frozen=True)
class _Entry:
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


def _entries(folder: str, name: str = "", *, shared: bool = False) -> Iterator[_Entry]:
    # `scandir` and not `Path`: an image has ten thousand files.
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        path = f"{name}/{entry.name}"
        status = entry.stat(follow_symlinks=False)
        yield _Entry(path, status, shared)
        if stat.S_ISDIR(status.st_mode):
            below = shared or entry.name == _PACKAGES
            yield from _entries(entry.path, path, shared=below)


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
    seal, here = hashlib.sha256(), str(new)
    for entry in _entries(str(old)):
        _stamp(seal, entry)
        source, target = f"{old}{entry.name}", f"{here}{entry.name}"
        if stat.S_ISDIR(entry.status.st_mode):
            os.mkdir(target)  # noqa: PTH102
            os.chmod(target, entry.status.st_mode)  # noqa: PTH101
        elif stat.S_ISLNK(entry.status.st_mode):
            place = os.readlink(source)  # noqa: PTH115
            if made_at and place.startswith(made_at):
                place = f"{here}{place[len(made_at) :]}"
            os.symlink(place, target)  # noqa: PTH211
        elif entry.name in led:
            text = Path(source).read_bytes().replace(made_at.encode(), here.encode())
            Path(target).write_bytes(text)
            shutil.copystat(source, target)
        elif entry.shared and _linked(source, target):
            continue
        else:
            shutil.copy2(source, target)
    return seal.hexdigest()


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
    seal = hashlib.sha256()
    for entry in _entries(str(root)):
        _stamp(seal, entry)
    return seal.hexdigest()


def _stamp(seal: hashlib._Hash, entry: _Entry) -> None:
    """Add what changes when somebody writes to a file; folders get new files of their own, such as bytecode."""
    status = entry.status
    if stat.S_ISREG(status.st_mode):
        seal.update(
            f"{entry.name} {status.st_mode} {status.st_size} {status.st_mtime_ns}\n".encode()
        )
    else:
        seal.update(f"{entry.name} {status.st_mode}\n".encode())
