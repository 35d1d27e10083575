"""Read the object with the cases from S3, and pin what was read."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from lifecycle.entry import Wire, refused_call
from lifecycle.request.artifact import Source

MOST_BYTES = 1_000_000
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "404", "InvalidVersionId"})


class UnreadableError(Exception):
    """The object cannot be read. The message says why and what to do; the caller names the field or the check."""


class PinnedCases(Wire):
    """An object with cases, as the execution read it first.

    Attributes:
        bucket: Its bucket.
        key: Its key.
        version_id: Its version; null in a bucket without versions.
        e_tag: Its entity tag, which changes when the content does.
    """

    bucket: str
    key: str
    version_id: str | None = None
    e_tag: str


def read_latest(s3: Any, source: Source) -> tuple[bytes, PinnedCases]:
    """Read the object that an input names.

    Args:
        s3: A boto3 S3 client.
        source: The object; without a version id, its latest version.

    Returns:
        Its content, and what it is pinned to.

    Raises:
        UnreadableError: There is no such object, it may not be read, or it has more than 1 MB.
    """
    version = {"VersionId": source.version_id} if source.version_id else {}
    body, answer = _read(s3, {"Bucket": source.bucket, "Key": source.key, **version})
    version_id = answer.get("VersionId")
    return body, PinnedCases(
        bucket=source.bucket,
        key=source.key,
        version_id=None if version_id in (None, "null") else str(version_id),
        e_tag=str(answer["ETag"]),
    )


def read_pinned(s3: Any, pinned: PinnedCases) -> bytes:
    """Read the same content again.

    Raises:
        UnreadableError: The object was deleted or replaced meanwhile, or may not be read.
    """
    version = {"VersionId": pinned.version_id} if pinned.version_id else {"IfMatch": pinned.e_tag}
    body, _ = _read(s3, {"Bucket": pinned.bucket, "Key": pinned.key, **version})
    return body


def _read(s3: Any, named: dict[str, str]) -> tuple[bytes, dict[str, Any]]:
    place = f"s3://{named['Bucket']}/{named['Key']}"
    place += f" (version {named['VersionId']})" if "VersionId" in named else ""
    try:
        answer: dict[str, Any] = s3.get_object(**named)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _MISSING:
            raise UnreadableError(
                f"{place}, allowed: an object that exists ({refused_call(error)}); upload it, or correct the field"
            ) from error
        if code == "AccessDenied":
            raise UnreadableError(
                f"{place}, allowed: an object that the stack may read ({refused_call(error)}); put it into the "
                "stack's artifact bucket, or deploy the stack with its bucket as the parameter SourceBucket"
            ) from error
        if code == "PreconditionFailed":
            raise UnreadableError(
                f"{place}, allowed: an object that nobody replaces while the execution runs; start it again, or "
                "use a bucket with versions"
            ) from error
        raise
    with answer["Body"] as stream:
        size = int(answer["ContentLength"])
        if size > MOST_BYTES:
            raise UnreadableError(f"{place} with {size} bytes, allowed: at most {MOST_BYTES} bytes")
        return stream.read(), answer
