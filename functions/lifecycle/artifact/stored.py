"""What lies in ECR and S3 under the names of an artifact: found, and deleted in batches."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from lifecycle.entry import PASSING, THROTTLES
from lifecycle.errors import ServiceUnavailableError

# How many BatchDeleteImage and DeleteObjects take in one call (API references of ECR and S3).
_IMAGES = 100
_OBJECTS = 1000
# DeleteObjects answers 200 and has an error for each object.
_TEMPORARY = {*PASSING, *THROTTLES, "InternalError", "ServiceUnavailable"}


class Images:
    """The images with tags of one form.

    Args:
        ecr: A boto3 ECR client.
        repository: The repository's name.
        tags: A pattern that fits exactly these tags.
    """

    def __init__(self, ecr: Any, repository: str, tags: str) -> None:
        self._ecr = ecr
        self._repository = repository
        self._ours = re.compile(tags)

    def tags(self) -> list[str]:
        """Find the tags of the images, sorted."""
        images = tagged_images(self._ecr, self._repository)
        return sorted(
            tag
            for image in images
            for tag in image.get("imageTags", [])
            if self._ours.fullmatch(tag)
        )

    def delete(self, tags: list[str]) -> list[str]:
        """Delete images by tag; returns those that ECR could not delete, with its reason."""
        failed = []
        for batch in _batches(tags, _IMAGES):
            # By tag: an image that also has a tag of another artifact stays.
            answer = self._ecr.batch_delete_image(
                repositoryName=self._repository, imageIds=[{"imageTag": tag} for tag in batch]
            )
            failed += [
                f"{self.label(failure['imageId'].get('imageTag', '?'))} ({failure.get('failureReason')})"
                for failure in answer.get("failures", [])
                if failure.get("failureCode") != "ImageNotFound"
            ]
        return failed

    def label(self, tag: str) -> str:
        """What an image is called in the output."""
        return f"{self._repository}:{tag}"


class Objects:
    """The objects below prefixes of a bucket, with all their versions.

    Args:
        s3: A boto3 S3 client.
        bucket: The bucket.
        prefixes: What the keys begin with.
    """

    def __init__(self, s3: Any, bucket: str, prefixes: Sequence[str]) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefixes = prefixes

    def versions(self) -> list[dict[str, str]]:
        """Find every version and delete marker, each as `Key` and `VersionId`."""
        return [
            {"Key": item["Key"], "VersionId": item["VersionId"]}
            for prefix in self._prefixes
            for item in object_versions(self._s3, self._bucket, prefix)
        ]

    def delete(self, versions: list[dict[str, str]]) -> list[str]:
        """Delete versions; returns those that S3 could not delete, with its reason.

        Raises:
            ServiceUnavailableError: Nothing failed but for a temporary reason.
        """
        failed = []
        for batch in _batches(versions, _OBJECTS):
            answer = self._s3.delete_objects(
                Bucket=self._bucket, Delete={"Objects": batch, "Quiet": True}
            )
            errors = answer.get("Errors", [])
            failed += [
                f"{self._label(error['Key'])} ({error.get('Code')}: {error.get('Message')})"
                for error in errors
                if error.get("Code") not in _TEMPORARY
            ]
            passing = [error for error in errors if error.get("Code") in _TEMPORARY]
            if passing and not failed:
                raise ServiceUnavailableError(
                    f"DeleteObjects: {passing[0]['Code']} for {self._label(passing[0]['Key'])}; the lifecycle retries "
                    "this step"
                )
        return failed

    def labels(self, versions: list[dict[str, str]]) -> list[str]:
        """What objects are called in the output, each once."""
        return [self._label(key) for key in dict.fromkeys(item["Key"] for item in versions)]

    def _label(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"


def tagged_images(ecr: Any, repository: str) -> Iterator[dict[str, Any]]:
    """List the images that have a tag, as DescribeImages does."""
    pages = ecr.get_paginator("describe_images").paginate(
        repositoryName=repository, filter={"tagStatus": "TAGGED"}
    )
    for page in pages:
        yield from page["imageDetails"]


def object_versions(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """List every version and delete marker below a prefix, as ListObjectVersions does; page by page, by key."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        yield from page.get("Versions", [])
        yield from page.get("DeleteMarkers", [])


def _batches(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
