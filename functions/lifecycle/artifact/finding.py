"""Find a published artifact and pin it: an image by its digest, a zip by its version."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.artifact.settings import PublicationSettings
from lifecycle.artifact.zips import limits
from lifecycle.clients import Clients
from lifecycle.errors import ArtifactBuildError
from lifecycle.record import ArtifactRecord

_IMAGE = re.compile(
    r"(?P<host>[^/]+)/(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?"
)


def find_published(
    clients: Clients, settings: PublicationSettings, artifact: ArtifactRecord
) -> ArtifactRecord | None:
    """Look for the image or zip of an artifact.

    Returns:
        The artifact, published and pinned; None when there is no such image or zip.

    Raises:
        ArtifactBuildError: It is larger than AgentCore takes.
    """
    if artifact.type == "container":
        digest = _image_digest(clients.ecr, settings.repository_name, str(artifact.image_tag))
        if digest is None:
            return None
        uri = f"{settings.repository_uri}@{digest}"
        pin: dict[str, Any] = {"image_digest": digest, "container_uri": uri}
    else:
        try:
            head = clients.s3.head_object(Bucket=artifact.bucket, Key=artifact.key)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                return None
            raise
        limits.check_packed(
            f"the built zip s3://{artifact.bucket}/{artifact.key}", head["ContentLength"], {}
        )
        pin = {"version_id": head.get("VersionId")}
    return artifact.model_copy(update={**pin, "published": True})


def pin_image(
    clients: Clients, settings: PublicationSettings, container_uri: str
) -> ArtifactRecord:
    """Pin the image that `artifact.containerUri` names.

    An image that is named with its digest is used as it is named. Any other must be in a repository of this account
    and Region: only there the function can read its digest.

    Raises:
        ArtifactBuildError: The image does not exist, cannot be pinned, or is larger than AgentCore takes.
    """
    uri, digest = _pinned(clients, settings, container_uri)
    return ArtifactRecord(
        type="container", given=True, container_uri=uri, image_digest=digest, published=True
    )


def _pinned(clients: Clients, settings: PublicationSettings, uri: str) -> tuple[str, str | None]:
    match = _IMAGE.fullmatch(uri)
    if match is None or match["digest"]:
        return uri, match["digest"] if match else None
    if match["host"] != settings.repository_uri.partition("/")[0]:
        raise _unpinned(uri, "it is not in a repository of this account and Region")
    try:
        digest = _image_digest(clients.ecr, match["repository"], match["tag"] or "latest")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code.startswith("AccessDenied"):
            raise _unpinned(uri, "its repository may not be read") from error
        if code != "RepositoryNotFoundException":
            raise
        digest = None
    if digest is None:
        raise ArtifactBuildError(
            f"the image {uri} does not exist; push it, or correct artifact.containerUri"
        )
    return f"{match['host']}/{match['repository']}@{digest}", digest


def _unpinned(uri: str, reason: str) -> ArtifactBuildError:
    # A tag can move to another image at any time, after the smoke test too.
    return ArtifactBuildError(
        f"the image {uri} cannot be pinned, because {reason}; name it in artifact.containerUri with its digest: "
        "<repository>@sha256:<digest>"
    )


def _image_digest(ecr: Any, repository: str, tag: str) -> str | None:
    try:
        images = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])[
            "imageDetails"
        ]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ImageNotFoundException":
            return None
        raise
    if not images:
        return None
    limits.check_image(f"{repository}:{tag}", images[0].get("imageSizeInBytes") or 0)
    return str(images[0]["imageDigest"])
