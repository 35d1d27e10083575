"""The agent's source: read from a folder or from a zip in S3, hashed, and packed reproducibly."""

from __future__ import annotations

import hashlib
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from botocore.exceptions import ClientError

from lifecycle.artifact.zips import limits
from lifecycle.artifact.zips.archive import (
    DIRECTORY_BYTES,
    Member,
    Opened,
    check_members,
    members_of,
    reading,
)
from lifecycle.artifact.zips.contents import shown, sort_out
from lifecycle.entry import refused_call
from lifecycle.errors import ArtifactBuildError
from lifecycle.request.artifact import Source

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

    def names(self) -> set[str]:
        """The paths of the files."""
        with zipfile.ZipFile(self.file) as archive:
            found = set(archive.namelist())
        self.file.seek(0)
        return found

    def text(self, name: str) -> str:
        """Read a file of the source as UTF-8 text; empty when there is none."""
        with zipfile.ZipFile(self.file) as archive:
            found = archive.read(name) if name in archive.namelist() else b""
        self.file.seek(0)
        return found.decode("utf-8", errors="replace")


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
        Member(
            path.relative_to(folder).as_posix(),
            bool(path.stat().st_mode & stat.S_IXUSR),
            path.stat().st_size,
            path,
        )
        for path in folder.rglob("*")
        if path.is_file()
    ]
    wanted = _wanted(members, _open_path, kind)
    with tempfile.TemporaryFile() as file:
        yield PackedSource(_pack("the source", wanted, _open_path, file), file)


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
        ArtifactBuildError: There is no such object, it is not a sound zip, has a file that is refused, or is over the
            size limits.
    """
    what = f"the source {where(source)}"
    with tempfile.TemporaryFile() as file:
        with (
            download(s3, source, what, "artifact.source") as (zipped, version_id),
            reading(zipped, what) as archive,
        ):

            def opened(member: Member) -> IO[bytes]:
                return archive.open(member.origin)

            wanted = _wanted(members_of(archive), opened, kind)
            check_members(wanted, what)
            content_hash = _pack(what, wanted, opened, file)
        yield PackedSource(content_hash, file, version_id)


def where(source: Source) -> str:
    """Say where a source is, such as `s3://bucket/agent.zip`."""
    version = f" (version {source.version_id})" if source.version_id else ""
    return f"s3://{source.bucket}/{source.key}{version}"


@contextmanager
def download(
    s3: Any, source: Source, what: str, field: str
) -> Iterator[tuple[IO[bytes], str | None]]:
    """Download an object to a temporary file.

    Args:
        s3: A boto3 S3 client.
        source: The object; without a version id, its latest version.
        what: What it is, as errors call it.
        field: The field of the input that names it.

    Yields:
        The file, open for reading from its start, and the S3 version, if the bucket has versions.

    Raises:
        ArtifactBuildError: There is no such object, it may not be read, or it is over the size limit.
    """
    version = {"VersionId": source.version_id} if source.version_id else {}
    named = {"Bucket": source.bucket, "Key": source.key, **version}
    try:
        answer = s3.get_object(**named)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _MISSING:
            raise ArtifactBuildError(
                f"{what} does not exist ({refused_call(error)}); upload it, or correct {field}"
            ) from error
        if code == "AccessDenied":
            raise ArtifactBuildError(
                f"{what} may not be read ({refused_call(error)}); put it into the stack's artifact bucket, or deploy "
                "the stack with its bucket as the parameter SourceBucket"
            ) from error
        raise
    size = int(answer["ContentLength"])
    if size > limits.ZIP_BYTES:
        answer["Body"].close()
        limits.check_packed(what, size, _packed_sizes(s3, named, size))
    with tempfile.TemporaryFile() as target:
        for chunk in answer["Body"].iter_chunks(_CHUNK):
            target.write(chunk)
        target.seek(0)
        version_id = answer.get("VersionId")
        yield target, None if version_id in (None, "null") else str(version_id)


def _packed_sizes(s3: Any, named: Mapping[str, str], size: int) -> dict[str, int]:
    """The files of a zip that is too large to download, by its directory, which is at its end; empty if it has none."""
    start = max(0, size - DIRECTORY_BYTES)
    answer = s3.get_object(**named, Range=f"bytes={start}-{size - 1}")
    with tempfile.TemporaryFile() as file:
        file.seek(start)  # what lies before is a hole, and is not read
        for chunk in answer["Body"].iter_chunks(_CHUNK):
            file.write(chunk)
        try:
            with reading(file, "it") as archive:
                return {info.filename: info.compress_size for info in archive.infolist()}
        except ArtifactBuildError:
            return {}


def _open_path(member: Member) -> IO[bytes]:
    file: IO[bytes] = member.origin.open("rb")
    return file


def _wanted(members: list[Member], opened: Opened, kind: Kind) -> list[Member]:
    """The members that belong in an artifact, by name."""
    by_name = {member.name: member for member in members}

    def read(name: str, size: int) -> bytes:
        with opened(by_name[name]) as file:
            return file.read(size)

    node = kind == "container" and "package.json" in by_name
    wanted = sort_out(by_name, read, keep_node_modules=node)
    return sorted(
        (member for member in members if member.name in wanted), key=lambda member: member.name
    )


def _pack(what: str, wanted: list[Member], opened: Opened, target: IO[bytes]) -> str:
    if not wanted:
        raise ArtifactBuildError(f"{what} has no file; upload a source that contains the agent")
    sizes = {member.name: member.size for member in wanted}
    limits.check_unpacked(what, sizes)
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
                            f"{what} has a file that is longer than it says: {shown(member.name)}; pack it again"
                        )
                    content.update(chunk)
                    writer.write(chunk)
            whole.update(
                f"{member.name}\0{int(member.executable)}\0{content.hexdigest()}\n".encode()
            )
        packed = {info.filename: info.compress_size for info in archive.infolist()}
    limits.check_packed(what, target.tell(), packed)
    target.seek(0)
    return whole.hexdigest()
