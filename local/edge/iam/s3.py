"""Which permissions a request to S3 needs."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from local.edge.iam.actions import action_name
from local.edge.iam.permission import ANY_RESOURCE, Members, Permission, Place

_VERSIONED = frozenset(
    {
        "DeleteObject",
        "DeleteObjectTagging",
        "GetObject",
        "GetObjectAcl",
        "GetObjectAttributes",
        "GetObjectTagging",
        "PutObjectAcl",
        "PutObjectTagging",
    }
)
"""S3's actions that have one of their own for a version that is named."""


def of_s3(operation: str, members: Members, _place: Place) -> Iterator[Permission]:
    """Return what a request to S3 needs."""
    bucket, key = members.get("Bucket"), members.get("Key")
    if operation == "DeleteObjects":
        for item, version in members.get("Objects", []):
            action = "s3:DeleteObjectVersion" if version else "s3:DeleteObject"
            yield Permission(action, f"arn:aws:s3:::{bucket}/{item}")
        return
    name = action_name("s3", operation)
    keys = ("prefix", "delimiter", "max-keys")
    context = {f"s3:{name}": str(members[name]) for name in keys if name in members}
    if key is None:
        resource = f"arn:aws:s3:::{bucket}" if bucket else ANY_RESOURCE
        yield Permission(f"s3:{name}", resource, context)
        return
    if "versionId" in members:
        context["s3:VersionId"] = str(members["versionId"])
    there = f"arn:aws:s3:::{bucket}/{key}"
    wanted = [name]
    if operation == "GetObjectAttributes":
        wanted.append("GetObject")
    if "x-amz-acl" in members and name == "PutObject":
        wanted.append("PutObjectAcl")
    if "x-amz-tagging" in members and name == "PutObject":
        wanted.append("PutObjectTagging")
    for each in wanted:
        versioned = each in _VERSIONED and "versionId" in members
        action = each.replace("Object", "ObjectVersion", 1) if versioned else each
        yield Permission(f"s3:{action}", there, context)
    if operation in ("CopyObject", "UploadPartCopy"):
        yield from _of_source(str(members.get("x-amz-copy-source", "")))


def _of_source(source: str) -> Iterator[Permission]:
    """Return what reading the source of a copy needs."""
    path, _, query = source.partition("?")
    path = unquote(path).removeprefix("/")
    action = "s3:GetObjectVersion" if query.startswith("versionId=") else "s3:GetObject"
    yield Permission(action, path if path.startswith("arn:") else f"arn:aws:s3:::{path}")


def needed_to_see_nothing(operation: str, members: Members) -> Permission | None:
    """Return what a caller needs in order to be told that an object is not there.

    Without it S3 answers 403 where the object does not exist (API reference, GetObject and HeadObject: "Permissions").

    Args:
        operation: botocore's name of an operation of S3.
        members: The request's input.

    Returns:
        The permission, or `None` for other operations.
    """
    if operation not in ("GetObject", "GetObjectAttributes", "HeadObject"):
        return None
    return Permission("s3:ListBucket", f"arn:aws:s3:::{members.get('Bucket')}")
