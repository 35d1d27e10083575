"""The agent's source: read from a folder or from a zip in S3, hashed, and packed reproducibly."""

from __future__ import annotations

import hashlib
import lzma
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

from botocore.exceptions import ClientError

from lifecycle.artifact.contents import sort_out
from lifecycle.errors import ArtifactBuildError
from lifecycle.request.artifact import Source

# AgentCore's quotas for direct code deployment (developer guide, "Quotas"); a larger source could never run.
ZIP_BYTES = 250 * 1024 * 1024
UNPACKED_BYTES = 750 * 1024 * 1024
_FILES = 100_000
_CHUNK = 1024 * 1024
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "404", "InvalidVersionId"})
# The earliest time that a zip can store. With one time for all files, the same content gives the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


Kind = Literal["container", "code"]


@dataclass(frozen=True)
class PackedSource:
    """A packed source.

    Attributes:
        content_hash: SHA-256 in hex of the files' names, contents and executable bits.
        file: The zip, open for reading from its start; closed when the `with` block ends.
        version_id: The S3 version that was read, if the bucket has versions.
    """

    content_hash: str
    file: IO[bytes]
    version_id: str | None = None

    def text(self, name: str) -> str:
        """Read a file of the source as UTF-8 text; empty when there is none."""
        with zipfile.ZipFile(self.file) as archive:
            found = archive.read(name) if name in archive.namelist() else b""
        self.file.seek(0)
        return found.decode("utf-8", errors="replace")


@dataclass(frozen=True)
class _Member:
    name: str
    executable: bool
    size: int
    origin: Any


Opened = Callable[[_Member], IO[bytes]]

# zipfile raises RuntimeError for an encrypted member, and the others for damaged data.
_UNREADABLE = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
)


@contextmanager
def pack_folder(folder: Path, kind: Kind) -> Iterator[PackedSource]:
    """Pack every file below a folder.

    Args:
        folder: The folder of the source, such as that of a Lambda layer.
        kind: What is built of it.

    Yields:
        The packed source.

    Raises:
        ArtifactBuildError: The folder has no file, has one that is refused, or is over the size limits.
    """
    members = [
        _Member(
            path.relative_to(folder).as_posix(),
            bool(path.stat().st_mode & stat.S_IXUSR),
            path.stat().st_size,
            path,
        )
        for path in folder.rglob("*")
        if path.is_file()
    ]
    with tempfile.TemporaryFile() as file:
        wanted = _wanted(members, _open_path, kind)
        yield PackedSource(_pack(wanted, _open_path, file), file)


@contextmanager
def pack_object(s3: Any, source: Source, kind: Kind) -> Iterator[PackedSource]:
    """Download a zip from S3 and pack its files again, reproducibly.

    Args:
        s3: A boto3 S3 client.
        source: The object; without a version id, its latest version.
        kind: What is built of it.

    Yields:
        The packed source.

    Raises:
        ArtifactBuildError: There is no such object, it is not a zip, or it is over the size limits.
    """
    with tempfile.TemporaryFile() as download, tempfile.TemporaryFile() as file:
        version_id = _download(s3, source, download)
        try:
            with zipfile.ZipFile(download) as archive:
                members = [
                    _Member(
                        info.filename,
                        bool(info.external_attr >> 16 & stat.S_IXUSR),
                        info.file_size,
                        info,
                    )
                    for info in archive.infolist()
                    if not info.is_dir()
                ]
                for member in members:
                    _refuse_unsafe(source, member)

                def opened(member: _Member) -> IO[bytes]:
                    return archive.open(member.origin)

                content_hash = _pack(_wanted(members, opened, kind), opened, file)
        except _UNREADABLE as error:
            raise ArtifactBuildError(
                f"the source {where(source)} cannot be read as a zip: {error}; upload a plain zip"
            ) from error
        yield PackedSource(content_hash, file, version_id)


def _open_path(member: _Member) -> IO[bytes]:
    file: IO[bytes] = member.origin.open("rb")
    return file


def where(source: Source) -> str:
    """Say where a source is, such as `s3://bucket/agent.zip`."""
    version = f" (version {source.version_id})" if source.version_id else ""
    return f"s3://{source.bucket}/{source.key}{version}"


def _download(s3: Any, source: Source, target: IO[bytes]) -> str | None:
    version = {"VersionId": source.version_id} if source.version_id else {}
    try:
        answer = s3.get_object(Bucket=source.bucket, Key=source.key, **version)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _MISSING:
            raise ArtifactBuildError(
                f"the source {where(source)} does not exist; upload it, or correct artifact.source"
            ) from error
        if code == "AccessDenied":
            raise ArtifactBuildError(
                f"the source {where(source)} may not be read; put it into the stack's artifact bucket, or deploy the "
                "stack with its bucket as the parameter SourceBucket"
            ) from error
        raise
    if answer["ContentLength"] > ZIP_BYTES:
        raise ArtifactBuildError(
            f"the source {where(source)} has {answer['ContentLength']} bytes, allowed: {ZIP_BYTES}; leave out what "
            "the build can fetch itself"
        )
    for chunk in answer["Body"].iter_chunks(_CHUNK):
        target.write(chunk)
    target.seek(0)
    version_id = answer.get("VersionId")
    return None if version_id in (None, "null") else str(version_id)


def _refuse_unsafe(source: Source, member: _Member) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name:
        raise ArtifactBuildError(
            f"the source {where(source)} has a file outside of itself: {member.name!r}; pack it again"
        )
    if stat.S_ISLNK(member.origin.external_attr >> 16):
        raise ArtifactBuildError(
            f"the source {where(source)} has a symbolic link: {member.name!r}; pack the file itself"
        )


def _wanted(members: list[_Member], opened: Opened, kind: Kind) -> list[_Member]:
    """The members that belong in an artifact, by name."""
    by_name = {member.name: member for member in members}

    def read(name: str, size: int) -> bytes:
        with opened(by_name[name]) as file:
            return file.read(size)

    node = kind == "container" and "package.json" in by_name
    wanted = sort_out(by_name, read, keep_node_modules=node)
    return [by_name[name] for name in sorted(wanted)]


def _pack(wanted: list[_Member], opened: Opened, target: IO[bytes]) -> str:
    if not wanted:
        raise ArtifactBuildError("the source has no file; upload a source that contains the agent")
    unpacked = sum(member.size for member in wanted)
    if unpacked > UNPACKED_BYTES or len(wanted) > _FILES:
        raise ArtifactBuildError(
            f"the source has {len(wanted)} files of {unpacked} bytes unpacked, allowed: {_FILES} files of "
            f"{UNPACKED_BYTES} bytes; leave out what the build can fetch itself"
        )
    whole = hashlib.sha256()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in wanted:
            info = zipfile.ZipInfo(member.name, _EPOCH)
            info.create_system = 3  # Unix: the modes below count
            info.external_attr = (stat.S_IFREG | (0o755 if member.executable else 0o644)) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            content = hashlib.sha256()
            left = member.size
            with opened(member) as reader, archive.open(info, "w") as writer:
                # The size in the zip's directory may be wrong, so the bytes are counted.
                while chunk := reader.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise ArtifactBuildError(
                            f"the source's file {member.name!r} is longer than it says; pack it again"
                        )
                    content.update(chunk)
                    writer.write(chunk)
            whole.update(
                f"{member.name}\0{int(member.executable)}\0{content.hexdigest()}\n".encode()
            )
    target.seek(0)
    return whole.hexdigest()
