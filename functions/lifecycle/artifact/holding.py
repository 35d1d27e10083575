"""Everything that the names of one artifact lead to: builds that run, images and objects."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lifecycle import names
from lifecycle.artifact import build
from lifecycle.artifact.settings import ArtifactSettings
from lifecycle.artifact.stored import Images, Objects
from lifecycle.clients import Clients
from lifecycle.errors import ServiceUnavailableError


@dataclass(frozen=True)
class Found:
    """What was found.

    Attributes:
        builds: Ids of builds that run.
        tags: Tags of images.
        versions: Versions of objects, each as `Key` and `VersionId`.
        labels: What all of it is called in the output.
    """

    builds: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    versions: list[dict[str, str]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)


class Holding:
    """Finds and deletes what is kept of one artifact.

    Args:
        clients: CodeBuild, ECR and S3.
        settings: The stack's bucket, repository and build project.
        tags: A pattern that fits exactly the tags of the images.
        prefixes: What the keys of the objects begin with; the first one is that of the builds' sources.
    """

    def __init__(
        self, clients: Clients, settings: ArtifactSettings, tags: str, prefixes: list[str]
    ) -> None:
        self._clients, self._settings = clients, settings
        self._source = f"{settings.artifact_bucket}/{prefixes[0]}"
        self._images = Images(clients.ecr, settings.repository_name, tags)
        self._objects = Objects(clients.s3, settings.artifact_bucket, prefixes)

    @classmethod
    def of_artifact(
        cls, clients: Clients, settings: ArtifactSettings, content_hash: str, generation: str
    ) -> Holding:
        """What is kept of one generation of an artifact."""
        tag = re.escape(names.image_tag(content_hash, generation))
        prefixes = [
            names.source_key(content_hash, generation),
            names.build_prefix(content_hash, generation),
            names.package_key(content_hash, generation),
        ]
        return cls(clients, settings, rf"{tag}-.+", prefixes)

    @classmethod
    def of_environment(
        cls, clients: Clients, settings: ArtifactSettings, environment: str
    ) -> Holding:
        """What a stack of before artifacts were shared has kept of an environment."""
        # Exactly the tags that it made: the tags of "dev-2" do not belong to "dev".
        tags = rf"{re.escape(environment)}-[0-9a-f]{{32}}"
        return cls(clients, settings, tags, [names.artifact_prefix(environment)])

    def find(self) -> Found:
        """Look for everything."""
        builds = build.running_builds(
            self._clients.codebuild, self._settings.build_project, self._source
        )
        tags, versions = self._images.tags(), self._objects.versions()
        labels = [
            *(f"build {build_id}" for build_id in builds),
            *(self._images.label(tag) for tag in tags),
            *self._objects.labels(versions),
        ]
        return Found(builds, tags, versions, labels)

    def stop_builds(self, found: Found) -> Found:
        """Stop the builds that were found; returns what is there after that, such as the image of one that just ended.

        Raises:
            ServiceUnavailableError: A build is still stopping; the lifecycle retries this step.
        """
        for build_id in found.builds:
            build.stop_build(self._clients.codebuild, build_id)
        now = self.find()
        if now.builds:
            raise ServiceUnavailableError(
                f"these builds are still stopping: {', '.join(now.builds)}; the lifecycle retries this step"
            )
        return now

    def delete(self, found: Found) -> list[str]:
        """Delete the images and objects that were found; returns what is left, with the reason where there is one.

        Raises:
            ServiceUnavailableError: S3 is busy; the lifecycle retries this step.
        """
        return (
            self._images.delete(found.tags)
            or self._objects.delete(found.versions)
            or self.find().labels
        )
