"""Reading a zip from a stranger: bounded memory, and every oddity refused by name."""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, cast

from lifecycle.artifact.zips.contents import listed, shown
from lifecycle.errors import ArtifactBuildError

# The directory of a zip is read at once. 100,000 files with names of 80 characters need about 15 MiB.
DIRECTORY_BYTES = 16 * 1024 * 1024
_LONGEST_PART = 255  # bytes of one part of a path (Linux, NAME_MAX)
_LONGEST_PATH = 1024
_SHOWN_REASON = 200
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1

# What zipfile raises for a damaged or odd file; RuntimeError is for an encrypted one.
_UNREADABLE = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
)


@dataclass(frozen=True)
class Member:
    """A file of a source or package.

    Attributes:
        name: Its path: relative, normalized, with `/`.
        executable: Whether its owner may execute it.
        size: Bytes unpacked, as its origin says.
        origin: A path, or a `zipfile.ZipInfo`.
    """

    name: str
    executable: bool
    size: int
    origin: Any


Opened = Callable[[Member], IO[bytes]]


@contextmanager
def reading(file: IO[bytes], what: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip.

    Args:
        file: The file, open for reading.
        what: What it is, as errors call it.

    Yields:
        The zip.

    Raises:
        ArtifactBuildError: It cannot be read, now or within the `with` block.
    """
    try:
        with zipfile.ZipFile(cast("IO[bytes]", _Bounded(file))) as archive:
            yield archive
    except _UNREADABLE as error:
        reason = " ".join(_reason(error).split())
        raise ArtifactBuildError(
            f"{what} cannot be read as a zip: {reason}; upload a plain zip"
        ) from error


def members_of(archive: zipfile.ZipFile) -> list[Member]:
    """The files of a zip, with their names normalized (`./a//b` is `a/b`)."""
    return [
        Member(
            str(PurePosixPath(info.filename)),
            bool(info.external_attr >> 16 & stat.S_IXUSR),
            info.file_size,
            info,
        )
        for info in archive.infolist()
        if not info.filename.endswith("/")  # is_dir() fails for an empty name
    ]


def check_members(members: Iterable[Member], what: str) -> None:
    """Refuse files that cannot be unpacked in the same way everywhere.

    Args:
        members: Of a zip, from `members_of`.
        what: What the zip is, as errors call it.

    Raises:
        ArtifactBuildError: Names the first such files, and what is wrong with them.
    """
    members = list(members)
    count = Counter(member.name for member in members)
    folders = {str(parent) for name in count for parent in PurePosixPath(name).parents}
    faults = (
        (_is_outside, "a file outside of itself"),
        (_has_odd_name, "a name that is too long or has control characters"),
        (lambda member: count[member.name] > 1, "several files of one name"),
        (lambda member: member.name in folders, "a file and a folder of one name"),
        (_is_link, "a symbolic link"),
        (_is_special, "something that is no plain file"),
        (lambda member: bool(member.origin.flag_bits & _ENCRYPTED), "an encrypted file"),
    )
    for is_wrong, fault in faults:
        wrong = [shown(name) for name in sorted({m.name for m in members if is_wrong(m)})]
        if wrong:
            raise ArtifactBuildError(f"{what} has {fault}: {listed(wrong)}; pack it again without")
    methods = [
        shown(m.name)
        for m in sorted(members, key=lambda member: member.name)
        # The others can make gigabytes of one small read.
        if m.origin.compress_type not in _METHODS
    ]
    if methods:
        raise ArtifactBuildError(
            f"{what} cannot be read as a zip: not packed with Deflate: {listed(methods)}; upload a plain zip"
        )


class _Bounded:
    """A file that zipfile reads only in parts of bounded size: it would read a directory of any size at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size > DIRECTORY_BYTES:
            raise zipfile.BadZipFile(
                f"its directory has {size} bytes, allowed: {DIRECTORY_BYTES}; it has too many files"
            )
        return self._file.read(DIRECTORY_BYTES if size < 0 else size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "a name in it is flagged as UTF-8 and is not"
    text = str(error) or type(error).__name__
    return text if len(text) <= _SHOWN_REASON else f"{text[: _SHOWN_REASON - 1]}…"


def _is_outside(member: Member) -> bool:
    path = PurePosixPath(member.name)
    return path.is_absolute() or ".." in path.parts or "\\" in member.name or member.name == "."


def _has_odd_name(member: Member) -> bool:
    return (
        len(member.name) > _LONGEST_PATH
        or any(len(part.encode()) > _LONGEST_PART for part in PurePosixPath(member.name).parts)
        or any(ord(character) < ord(" ") or ord(character) == 0x7F for character in member.name)
    )


def _is_link(member: Member) -> bool:
    return stat.S_ISLNK(member.origin.external_attr >> 16)


def _is_special(member: Member) -> bool:
    return stat.S_IFMT(member.origin.external_attr >> 16) not in (0, stat.S_IFREG)
