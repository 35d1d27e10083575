"""A ready-made zip: checked, copied into the artifact bucket by its content, and pinned. Nothing is built."""

from __future__ import annotations

import base64
import hashlib
from typing import IO, Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.artifact.desired import CODE_RUNTIME
from lifecycle.artifact.entry_point import package_entry_point
from lifecycle.artifact.source import download, where
from lifecycle.artifact.zips import limits
from lifecycle.artifact.zips.archive import check_members, members_of, reading
from lifecycle.record import ArtifactRecord
from lifecycle.request.artifact import Source
from lifecycle.request.model import Request

# Enough of a file to see its first line, or a whole package.json.
_HEAD = 1024 * 1024


def publish_package(s3: Any, bucket: str, request: Request, package: Source) -> ArtifactRecord:
    """Publish the zip that `artifact.package` names, as it is.

    Args:
        s3: A boto3 S3 client.
        bucket: The stack's artifact bucket.
        request: What is asked for.
        package: Where the zip is.

    Returns:
        The artifact, published and pinned.

    Raises:
        ArtifactBuildError: There is no such object, it is not a sound zip, is over the size limits, or has no entry
            point.
    """
    what = f"the package {where(package)}"
    runtime = request.artifact.runtime or CODE_RUNTIME
    with download(s3, package, what, "artifact.package") as (file, version_id):
        with reading(file, what) as archive:
            members = members_of(archive)
            check_members(members, what)
            by_name = {member.name: member for member in members}
            limits.check_unpacked(what, {name: member.size for name, member in by_name.items()})

            def text(name: str) -> str:
                if name not in by_name:
                    return ""
                with archive.open(by_name[name].origin) as found:
                    return found.read(_HEAD).decode("utf-8", errors="replace")

            given = request.artifact.entry_point
            entry_point = package_entry_point(given, runtime, by_name, text)
        content = _sha256(file)
        key = names.package_key(request.environment, content.hex())
        pinned = _store(s3, bucket, key, file, content)
    source = package.model_dump(by_alias=True, exclude_none=True)
    return ArtifactRecord(
        type="code",
        source_hash=content.hex(),
        source=source | ({"versionId": version_id} if version_id else {}),
        bucket=bucket,
        key=key,
        version_id=pinned,
        runtime=runtime,
        entry_point=entry_point,
        published=True,
    )


def _store(s3: Any, bucket: str, key: str, file: IO[bytes], content: bytes) -> str | None:
    """Put the zip into the artifact bucket, unless S3 says that its very bytes are there; returns the version."""
    checksum = base64.b64encode(content).decode()
    try:
        head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        if head.get("ChecksumSHA256") == checksum:
            return str(head["VersionId"]) if "VersionId" in head else None
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
            raise
    answer = s3.put_object(
        Bucket=bucket, Key=key, Body=file, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum
    )
    version: str | None = answer.get("VersionId")
    return version


def _sha256(file: IO[bytes]) -> bytes:
    file.seek(0)
    content = hashlib.sha256()
    while chunk := file.read(_HEAD):
        content.update(chunk)
    file.seek(0)
    return content.digest()
