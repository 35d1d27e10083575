"""Copies and lists the files of images."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path, PurePosixPath

from local.services.images.dockerfile import DockerfileError, IgnoreRules


def matches(base: Path, source: str, where: str) -> list[Path]:
    """Find what one source of COPY names.

    Args:
        base: The context, or another stage's file system.
        source: A path or a pattern, relative to it.
        where: The instruction, for the error.

    Raises:
        DockerfileError: Nothing is there, or it lies outside.
    """
    if source in ("", "."):
        return [base]
    if ".." in PurePosixPath(source).parts:
        raise DockerfileError(f"{where}: {source} lies outside of the context.")
    found = sorted(base.glob(source.rstrip("/")))
    if not found:
        raise DockerfileError(f"{where}: {source} is not in the source.")
    return found


def copy(base: Path, source: Path, target: Path, ignore: IgnoreRules) -> bool:
    """Copy a file, or what is in a folder, as COPY does.

    Args:
        base: What the ignore rules' paths are relative to.
        source: A file or a folder below it.
        target: The file's, or the folder's, new place.
        ignore: What is left out.

    Returns:
        Whether anything was copied.
    """
    copied = source.is_dir() and not any(source.iterdir())
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    for file in files(source):
        if ignore.ignores(PurePosixPath(file.relative_to(base).as_posix())):
            continue
        place = target if file == source else target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink() or place.is_file():
            place.unlink()  # other images and uv's cache may share its content
        shutil.copy2(file, place, follow_symlinks=False)
        copied = True
    return copied


def digest(base: Path, source: Path, ignore: IgnoreRules) -> str:
    """Return a digest of what `copy` would copy: names, modes and contents.

    Args:
        base: What the ignore rules' paths are relative to.
        source: A file or a folder below it.
        ignore: What is left out.
    """
    seen = hashlib.sha256()
    for file in files(source):
        if ignore.ignores(PurePosixPath(file.relative_to(base).as_posix())):
            continue
        content = str(file.readlink()).encode() if file.is_symlink() else file.read_bytes()
        about = f"{file.relative_to(base)} {file.lstat().st_mode:o} {len(content)}\n"
        seen.update(about.encode())
        seen.update(content)
    return seen.hexdigest()


def files(path: Path) -> Iterator[Path]:
    """Give every file and link below a path; a file gives itself."""
    if path.is_symlink() or path.is_file():
        yield path
        return
    for folder, folders, files in os.walk(path):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        yield from (Path(folder, name) for name in sorted([*files, *links]))


def lead_to(new: Path, old_root: Path) -> None:
    """Fix the absolute paths that virtual environments keep (first lines of programs, settings)."""
    old, root = str(old_root).encode(), str(_stage_root(new, old_root)).encode()
    for file in files(new):
        if file.is_symlink() or (file.parent.name != "bin" and file.suffix not in (".cfg", ".pth")):
            continue
        text = file.read_bytes()
        if old in text and b"\0" not in text:
            mode = file.stat().st_mode
            file.write_bytes(text.replace(old, root))
            file.chmod(mode)


def _stage_root(path: Path, sibling: Path) -> Path:
    """Return the stage folder (a sibling of another stage's) that a path lies in."""
    return next(each for each in (path, *path.parents) if each.parent == sibling.parent)


def listing(root: Path) -> tuple[str, int]:
    """Return a digest of all files' names and modes, and of what is in them; and how many bytes they have.

    Installed packages count by their sizes: their versions are in their folders' names. So do
    programs in `bin`, whose first line names the place of the tree. Times do not count.
    """
    seen, place, size = list[str](), str(root).encode(), 0
    waiting = [(str(root), "", False)]
    # `scandir` and not `Path`: an image has ten thousand files, which make a second's difference.
    while waiting:
        folder, name, packages = waiting.pop()
        in_bin = name.endswith("/bin")
        for entry in sorted(os.scandir(folder), key=attrgetter("name")):
            status, path = entry.stat(follow_symlinks=False), f"{name}/{entry.name}"
            mode = status.st_mode
            if stat.S_ISDIR(mode):
                waiting.append((entry.path, path, packages or entry.name == "site-packages"))
                continue
            size += status.st_size
            if stat.S_ISLNK(mode) or in_bin or entry.name == "pyvenv.cfg":
                content = ""
            elif packages:
                content = str(status.st_size)
            else:
                text = Path(entry.path).read_bytes().replace(place, b"")
                content = hashlib.sha256(text).hexdigest()
            seen.append(f"{path} {mode:o} {content}\n")
    return hashlib.sha256("".join(seen).encode()).hexdigest(), size
