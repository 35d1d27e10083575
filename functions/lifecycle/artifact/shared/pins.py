"""Pin what a build has made, by what the build says of itself: an image by its digest, a zip by version and checksum.

Builds run code of strangers, all with one role. So nothing is taken from a build but what it says of itself, and only
if what lies under the name that its own id makes agrees.
"""

from __future__ import annotations

import re
from typing import IO, Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.artifact.settings import PublicationSettings
from lifecycle.artifact.shared.item import SharedArtifact
from lifecycle.artifact.zips import limits
from lifecycle.clients import Clients
from lifecycle.errors import ServiceUnavailableError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CHECKSUM = re.compile(r"[A-Za-z0-9+/]{43}=")
_VERSION = re.compile(r"\S{1,1024}")
# HeadObject has no body: 400 is for what is no version, 405 for a delete marker (API reference, HeadObject).
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchVersion", "400", "405"})


class Pins:
    """Looks at what lies in ECR and S3 for the artifacts of a stack.

    Args:
        clients: ECR and S3.
        settings: The stack's bucket and repository.
    """

    def __init__(self, clients: Clients, settings: PublicationSettings) -> None:
        self._clients = clients
        self._settings = settings

    def still_there(self, item: SharedArtifact) -> bool:
        """Tell whether what an item pins has not been deleted by somebody."""
        if item.image_digest is not None:
            return bool(self._images(item.image_digest))
        if item.version_id is None:
            return False
        key = names.package_key(item.content_hash, item.generation)
        head = self._head(key, item.version_id)
        return head is not None and head.get("ChecksumSHA256") == item.sha256

    def fields(self, item: SharedArtifact) -> dict[str, Any]:
        """What an item pins, as fields of an environment's record."""
        pinned: dict[str, Any] = {
            "published": True,
            "build_id": item.build_id,
            "build_execution": item.build_execution,
            "awaited_by": None,
        }
        if item.image_digest is not None:
            uri = f"{self._settings.repository_uri}@{item.image_digest}"
            return pinned | {"image_digest": item.image_digest, "container_uri": uri}
        return pinned | {
            "bucket": self._settings.artifact_bucket,
            "key": names.package_key(item.content_hash, item.generation),
            "version_id": item.version_id,
        }

    def put(self, item: SharedArtifact, file: IO[bytes], checksum: str) -> dict[str, str]:
        """Put a ready-made zip where the artifact's belongs; returns what the item is to pin.

        Args:
            item: The artifact.
            file: The zip, open for reading from its start.
            checksum: Its SHA-256 in base64; S3 refuses other bytes.
        """
        answer = self._clients.s3.put_object(
            Bucket=self._settings.artifact_bucket,
            Key=names.package_key(item.content_hash, item.generation),
            Body=file,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=checksum,
        )
        return {"version_id": answer["VersionId"], "sha256": checksum}

    def of_build(self, item: SharedArtifact, build: dict[str, Any]) -> dict[str, str] | None:
        """Check what a build says that it has made, and take a zip over to where no build can write.

        Args:
            item: The artifact.
            build: Its build, which succeeded.

        Returns:
            What the item is to pin; None if the build does not say it, or if what it says is not so.

        Raises:
            ArtifactBuildError: The artifact is larger than AgentCore takes.
        """
        said = {
            variable["name"]: variable.get("value", "")
            for variable in build.get("exportedEnvironmentVariables", [])
        }
        own = str(build["id"]).rpartition(":")[2]
        if item.kind == "container":
            return self._image(item, own, said.get("IMAGE_DIGEST", ""))
        version, checksum = said.get("PACKAGE_VERSION", ""), said.get("PACKAGE_SHA256", "")
        if not _VERSION.fullmatch(version) or not _CHECKSUM.fullmatch(checksum):
            return None
        return self._zip(item, own, version, checksum)

    def _image(self, item: SharedArtifact, own: str, digest: str) -> dict[str, str] | None:
        if not _DIGEST.fullmatch(digest):
            return None
        tag = f"{names.image_tag(item.content_hash, item.generation)}-{own}"
        for image in self._images(digest):
            if tag in image.get("imageTags", []):
                name = f"{self._settings.repository_name}@{digest}"
                limits.check_image(name, image.get("imageSizeInBytes") or 0)
                return {"image_digest": digest}
        return None

    def _zip(
        self, item: SharedArtifact, own: str, version: str, checksum: str
    ) -> dict[str, str] | None:
        bucket = self._settings.artifact_bucket
        put = f"{names.build_prefix(item.content_hash, item.generation)}{own}.zip"
        head = self._head(put, version)
        if head is None or head.get("ChecksumSHA256") != checksum:
            return None
        limits.check_packed(f"the built zip s3://{bucket}/{put}", head["ContentLength"], {})
        copied = self._clients.s3.copy_object(
            Bucket=bucket,
            Key=names.package_key(item.content_hash, item.generation),
            CopySource={"Bucket": bucket, "Key": put, "VersionId": version},
            ChecksumAlgorithm="SHA256",
        )
        if copied["CopyObjectResult"].get("ChecksumSHA256") != checksum:
            raise ServiceUnavailableError(
                f"CopyObject: the copy of s3://{bucket}/{put} has another checksum; the lifecycle retries this step"
            )
        return {"version_id": copied["VersionId"], "sha256": checksum}

    def _images(self, digest: str) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = self._clients.ecr.describe_images(
                repositoryName=self._settings.repository_name, imageIds=[{"imageDigest": digest}]
            )["imageDetails"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ImageNotFoundException":
                return []
            raise
        return found

    def _head(self, key: str, version: str) -> dict[str, Any] | None:
        try:
            head: dict[str, Any] = self._clients.s3.head_object(
                Bucket=self._settings.artifact_bucket,
                Key=key,
                VersionId=version,
                ChecksumMode="ENABLED",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise
        return head
