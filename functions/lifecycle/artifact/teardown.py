"""Delete the artifact: running builds, images and objects of the environment, each looked for again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from lifecycle import names
from lifecycle.artifact import build
from lifecycle.artifact.source import where
from lifecycle.clients import CLIENTS, Clients
from lifecycle.errors import ServiceUnavailableError, TeardownIncompleteError
from lifecycle.record import Record, Removal
from lifecycle.request.stage_event import StageEvent
from lifecycle.settings import Settings
from lifecycle.table import Records
from lifecycle.teardown import Kept, Teardown, removal_of

# What BatchDeleteImage and DeleteObjects take in one call (API references of ECR and S3).
_IMAGES = 100
_OBJECTS = 1000
_SHOWN = 5


class ArtifactTeardownSettings(Settings):
    """Where artifacts are kept, and what builds them."""

    artifact_bucket: str
    repository_name: str
    build_project: str


def delete_artifact(event: StageEvent, *, clients: Clients = CLIENTS) -> Teardown:
    """Remove everything that was built or kept for the environment.

    Args:
        event: The stage's event.
        clients: DynamoDB, CodeBuild, ECR and S3.

    Returns:
        What was removed and what stays. A dry run touches nothing.

    Raises:
        TeardownIncompleteError: An image or object could not be deleted; with what is left and why.
        ServiceUnavailableError: A build is still stopping; it is tried again.
    """
    settings = ArtifactTeardownSettings.load()
    records = Records(clients.dynamodb, settings.table_name)
    environment = event.request.environment
    record = records.get(environment) or Record(environment=environment)
    return _Remover(event, clients, settings, records, record).remove()


class _Remover:
    def __init__(
        self,
        event: StageEvent,
        clients: Clients,
        settings: ArtifactTeardownSettings,
        records: Records,
        record: Record,
    ) -> None:
        self._event = event
        self._clients = clients
        self._settings = settings
        self._records = records
        self._record = record
        self._environment = event.request.environment
        self._prefix = names.artifact_prefix(self._environment)
        self._removal: Removal = removal_of(record.artifact_removal, event.execution)

    def remove(self) -> Teardown:
        builds, tags = self._builds(), self._tags()
        objects = list(self._objects())
        found = [f"build {build_id}" for build_id in builds]
        found += [self._image(tag) for tag in tags]
        found += self._described(objects)
        kept, looked_for = self._kept(), self._looked_for()
        if self._event.request.dry_run:
            return Teardown(done=True, would_remove=found, kept=kept, looked_for=looked_for)
        if found:
            self._removal.removed = list(dict.fromkeys(self._removal.removed + found))
            self._update(artifact_removal=self._removal)
        self._stop(builds)
        self._delete_images(tags)
        self._delete_objects(objects)
        self._verify()
        self._update(
            artifact=None, artifact_removal=self._removal if self._removal.removed else None
        )
        return Teardown(done=True, removed=self._removal.removed, kept=kept, looked_for=looked_for)

    def _builds(self) -> list[str]:
        source = f"{self._settings.artifact_bucket}/{self._prefix}"
        codebuild = self._clients.codebuild
        return build.running_builds(codebuild, self._settings.build_project, source)

    def _stop(self, builds: list[str]) -> None:
        # A build that still runs could push its image after we looked.
        for build_id in builds:
            build.stop_build(self._clients.codebuild, build_id)
        still = self._builds() if builds else []
        if still:
            raise ServiceUnavailableError(
                f"builds of environment '{self._environment}' are still stopping: {', '.join(still)}; it is tried again"
            )

    def _tags(self) -> list[str]:
        # Exactly the tags that names.image_tag makes: those of "dev-2" are not those of "dev".
        ours = re.compile(rf"{re.escape(self._environment)}-[0-9a-f]{{32}}")
        pages = self._clients.ecr.get_paginator("list_images").paginate(
            repositoryName=self._settings.repository_name, filter={"tagStatus": "TAGGED"}
        )
        tags = [image.get("imageTag", "") for page in pages for image in page["imageIds"]]
        return sorted(tag for tag in tags if ours.fullmatch(tag))

    def _delete_images(self, tags: list[str]) -> None:
        failed = []
        for batch in _batches(tags, _IMAGES):
            # By tag: an image that another environment has tagged, too, stays there.
            answer = self._clients.ecr.batch_delete_image(
                repositoryName=self._settings.repository_name,
                imageIds=[{"imageTag": tag} for tag in batch],
            )
            failed += [
                f"{self._image(failure['imageId'].get('imageTag', '?'))} ({failure.get('failureReason')})"
                for failure in answer.get("failures", [])
                if failure.get("failureCode") != "ImageNotFound"
            ]
        self._refuse(failed)

    def _objects(self) -> Iterator[dict[str, str]]:
        pages = self._clients.s3.get_paginator("list_object_versions").paginate(
            Bucket=self._settings.artifact_bucket, Prefix=self._prefix
        )
        for page in pages:
            for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                yield {"Key": item["Key"], "VersionId": item["VersionId"]}

    def _delete_objects(self, objects: list[dict[str, str]]) -> None:
        failed = []
        for batch in _batches(objects, _OBJECTS):
            answer = self._clients.s3.delete_objects(
                Bucket=self._settings.artifact_bucket,
                Delete={"Objects": list(batch), "Quiet": True},
            )
            failed += [
                f"s3://{self._settings.artifact_bucket}/{error['Key']} ({error.get('Code')}: {error.get('Message')})"
                for error in answer.get("Errors", [])
            ]
        self._refuse(failed)

    def _verify(self) -> None:
        left = [self._image(tag) for tag in self._tags()]
        left += self._described(list(self._objects()))
        self._refuse(left)

    def _refuse(self, left: list[str]) -> None:
        if left:
            more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
            raise TeardownIncompleteError(
                f"left of environment '{self._environment}': {', '.join(left[:_SHOWN])}{more}; mend what it says and "
                "start the teardown again; the record still knows it"
            )

    def _kept(self) -> list[Kept]:
        artifact = self._record.artifact
        kept = []
        if artifact is not None and artifact.given:
            reason = "artifact.containerUri named it; the lifecycle did not make it"
            kept.append(Kept(resource=f"image {artifact.container_uri}", reason=reason))
        source = self._event.request.artifact.source
        if source is not None:
            reason = "artifact.source named it; the lifecycle did not make it"
            kept.append(Kept(resource=f"source {where(source)}", reason=reason))
        return kept

    def _looked_for(self) -> list[str]:
        return [
            f"running builds of environment {self._environment} in {self._settings.build_project}",
            f"images {self._image(self._environment)}-*",
            f"all versions of s3://{self._settings.artifact_bucket}/{self._prefix}*",
        ]

    def _image(self, tag: str) -> str:
        return f"{self._settings.repository_name}:{tag}"

    def _described(self, objects: list[dict[str, str]]) -> list[str]:
        keys = dict.fromkeys(item["Key"] for item in objects)
        return [f"s3://{self._settings.artifact_bucket}/{key}" for key in keys]

    def _update(self, **changes: Any) -> None:
        self._records.update(self._environment, self._event.execution, **changes)


def _batches(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
