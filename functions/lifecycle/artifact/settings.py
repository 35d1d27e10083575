"""What the functions that publish and delete artifacts read from their environment variables."""

from __future__ import annotations

from pathlib import Path

from lifecycle.settings import Settings


class ArtifactSettings(Settings):
    """Where artifacts are kept, and what builds them."""

    artifact_bucket: str
    artifacts_table_name: str
    repository_name: str
    build_project: str


class PublicationSettings(ArtifactSettings):
    """Where the bundled agent is, and the URI of the repository, too."""

    agent_source_dir: Path
    repository_uri: str
