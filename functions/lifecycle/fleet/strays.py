"""Strays: images and objects in the stack's places for artifacts that no item of the artifacts table pins.

A build that a stopped function has started, a copy that came after the teardown, or a source that pushes in its build
can leave one. No environment owns it, so no teardown finds it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any

from aws_lambda_powertools import Logger

from lifecycle import names
from lifecycle.artifact.shared.item import SharedArtifact
from lifecycle.artifact.stored import Images, Objects, object_versions, tagged_images
from lifecycle.clients import Clients
from lifecycle.record import Record

SETTLED_SECONDS = 7200
"""Only what is older than this is a stray: longer than a build may wait and run, after the function that started it."""
_SHOWN = 5
_AT_ONCE = 1000  # a sweep removes no more; the next sweep goes on

logger = Logger(service="agentcore-lifecycle")


@dataclass(frozen=True)
class Stray:
    """An image's tag, or an object with all its versions.

    Attributes:
        arn: The object's ARN, or the image's URI with the tag.
        removable: True when nobody but the lifecycle and its builds uses such a name.
        tag: The tag; None for an object.
        versions: The versions of an object, each as `Key` and `VersionId`.
    """

    arn: str
    removable: bool
    tag: str | None = None
    versions: list[dict[str, str]] = field(default_factory=list)


class Strays:
    """Finds and removes strays.

    Args:
        clients: ECR and S3.
        bucket: The artifact bucket.
        repository_uri: The repository of the images.
    """

    def __init__(self, clients: Clients, bucket: str, repository_uri: str) -> None:
        self._clients = clients
        self._bucket = bucket
        self._uri = repository_uri
        self._repository = repository_uri.partition("/")[2]

    def find(
        self, records: Iterable[Record], artifacts: Callable[[], Iterable[SharedArtifact]]
    ) -> list[Stray]:
        """Find strays.

        What is being made is no stray. An item is written before anything that it pins, and read here after all
        that was listed; and what is young does not count.

        Args:
            records: Every record.
            artifacts: Reads every artifact of the stack.

        Returns:
            The strays, images first, each sorted by name.
        """
        images = list(tagged_images(self._clients.ecr, self._repository))
        objects = [
            item
            for prefix in (*names.STAGING_FOLDERS, names.PACKAGES)
            for item in object_versions(self._clients.s3, self._bucket, prefix)
        ]
        pinned = {(item.content_hash, item.generation) for item in artifacts()}
        used = {record.artifact.image_digest for record in records if record.artifact}
        settled = time.time() - SETTLED_SECONDS
        found = [
            *(
                stray
                for image in images
                if image["imagePushedAt"].timestamp() < settled
                for stray in self._tags(image, pinned, used)
            ),
            *self._keys(objects, pinned, settled),
        ]
        return sorted(found, key=lambda stray: (stray.tag is None, stray.arn))

    def remove(self, strays: Iterable[Stray]) -> set[str]:
        """Remove the first strays that are removable; an image that has another tag, too, stays under that one.

        Returns:
            The ARNs of what was removed. What ECR or S3 could not delete is not in it, and stays a stray.

        Raises:
            ServiceUnavailableError: S3 is busy; the fleet retries.
        """
        chosen = list(islice((stray for stray in strays if stray.removable), _AT_ONCE))
        images = Images(self._clients.ecr, self._repository, ".+")
        objects = Objects(self._clients.s3, self._bucket, [])
        left = {
            *images.delete([stray.tag for stray in chosen if stray.tag is not None]),
            *objects.delete([version for stray in chosen for version in stray.versions]),
        }
        if left:
            logger.warning("strays not removed", extra={"reason": ", ".join(sorted(left)[:_SHOWN])})
        labels = {
            stray.arn: images.label(stray.tag) if stray.tag else objects.labels(stray.versions)[0]
            for stray in chosen
        }
        return {
            arn
            for arn, label in labels.items()
            if not any(text.startswith(f"{label} (") for text in left)
        }

    def _tags(
        self, image: dict[str, Any], pinned: set[tuple[str, str]], used: set[str | None]
    ) -> list[Stray]:
        tags = image.get("imageTags", [])
        # Those of an environment of a former stack go with that.
        stray = [
            tag
            for tag in tags
            if names.artifact_of_image(tag) not in pinned
            and names.environment_of_image(tag) is None
        ]
        if len(stray) == len(tags) and image["imageDigest"] in used:
            return []  # without a tag it would be deleted
        return [
            # Somebody may have pushed an image of their own for `artifact.containerUri`.
            Stray(f"{self._uri}:{tag}", removable=names.artifact_of_image(tag) is not None, tag=tag)
            for tag in stray
        ]

    def _keys(
        self, objects: Iterable[dict[str, Any]], pinned: set[tuple[str, str]], settled: float
    ) -> Iterator[Stray]:
        partition = self._clients.s3.meta.partition
        stray = [item for item in objects if names.artifact_of_key(item["Key"]) not in pinned]
        for key, versions in groupby(sorted(stray, key=_key), key=_key):
            each = list(versions)
            if max(item["LastModified"].timestamp() for item in each) < settled:
                yield Stray(
                    f"arn:{partition}:s3:::{self._bucket}/{key}",
                    # Somebody may have put a zip of their own among the packages for `artifact.package`.
                    removable=not key.startswith(names.PACKAGES)
                    or names.artifact_of_key(key) is not None,
                    versions=[{"Key": key, "VersionId": item["VersionId"]} for item in each],
                )


def _key(item: dict[str, Any]) -> str:
    return str(item["Key"])
