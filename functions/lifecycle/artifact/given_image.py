"""The image that `artifact.containerUri` names, pinned by its digest."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.artifact.settings import PublicationSettings
from lifecycle.artifact.zips import limits
from lifecycle.clients import Clients
from lifecycle.entry import refused_call
from lifecycle.errors import ArtifactBuildError
from lifecycle.sections.artifact import ArtifactRecord

_IMAGE = re.compile(
    r"(?P<host>[^/]+)/(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?"
)


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


def is_there(clients: Clients, settings: PublicationSettings, uri: str) -> bool | None:
    """Whether ECR has an image that is named with its digest; None where this stack cannot look."""
    match = _IMAGE.fullmatch(uri)
    if match is None or not match["digest"]:
        return None
    if match["host"] != settings.repository_uri.partition("/")[0]:
        return None
    try:
        found = clients.ecr.describe_images(
            repositoryName=match["repository"], imageIds=[{"imageDigest": match["digest"]}]
        )["imageDetails"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("ImageNotFoundException", "RepositoryNotFoundException"):
            return False
        if code.startswith("AccessDenied"):
            return None
        raise
    return bool(found)


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
            raise _unpinned(
                uri, f"its repository may not be read ({refused_call(error)})"
            ) from error
        if code != "RepositoryNotFoundException":
            raise
        digest = None
    if digest is None:
        raise ArtifactBuildError(
            f"the image {uri} does not exist (DescribeImages); push it, or correct artifact.containerUri"
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
