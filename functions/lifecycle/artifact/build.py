"""Builds in CodeBuild: start, read and stop one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names

IN_PROGRESS = "IN_PROGRESS"
SUCCEEDED = "SUCCEEDED"
_PAGE = 100  # BatchGetBuilds takes at most so many


# The function brings the buildspec: the source of another agent does not have ours.
_BUILDSPEC = Path(__file__).with_name("buildspec.yml")


@dataclass(frozen=True)
class BuildOrder:
    """What to build, from which source, into what.

    Attributes:
        project: The CodeBuild project.
        after: The build that had no result, if any: without it, its order would be the same.
        source: `bucket/key` of the source zip.
        variables: Environment variables of the build; the buildspec reads them.
    """

    project: str
    after: str | None
    source: str
    variables: dict[str, str]

    @property
    def token(self) -> str:
        """The idempotency token: the same order, whoever gives it, starts only one build."""
        order = [self.project, self.after, self.source, self.variables, _buildspec()]
        return names.client_token(*order)


def start_build(codebuild: Any, order: BuildOrder) -> str | None:
    """Start a build and return its id; None while CodeBuild's queue is full."""
    try:
        answer = codebuild.start_build(
            projectName=order.project,
            idempotencyToken=order.token,
            sourceTypeOverride="S3",
            sourceLocationOverride=order.source,
            buildspecOverride=_buildspec(),
            environmentVariablesOverride=[
                {"name": name, "value": value, "type": "PLAINTEXT"}
                for name, value in order.variables.items()
            ],
        )
    except ClientError as error:
        # The account's queue is full.
        if error.response["Error"]["Code"] == "AccountLimitExceededException":
            return None
        raise
    return str(answer["build"]["id"])


def get_build(codebuild: Any, build_id: str) -> dict[str, Any] | None:
    """Read a build; None when it no longer exists."""
    builds = codebuild.batch_get_builds(ids=[build_id])["builds"]
    return builds[0] if builds else None


def ended_at(found: dict[str, Any]) -> float | None:
    """When a build ended, in seconds since the epoch; None while it runs.

    Source: CodeBuild API reference, Build: `endTime`, "When the build process ended".
    """
    moment = found.get("endTime")
    return None if moment is None else float(moment.timestamp())


def stop_build(codebuild: Any, build_id: str) -> None:
    """Stop a build; one that has ended or does not exist is not an error."""
    try:
        codebuild.stop_build(id=build_id)
    except ClientError as error:
        if error.response["Error"]["Code"] not in (
            "ResourceNotFoundException",
            "InvalidInputException",
        ):
            raise


def running_builds(codebuild: Any, project: str, source: str) -> list[str]:
    """Find the newest builds of a project that still run.

    Args:
        codebuild: A boto3 CodeBuild client.
        project: The project.
        source: What the location of their source begins with, `bucket/key`.

    Returns:
        The builds' ids, among the newest 100: older builds have ended.
    """
    ids = codebuild.list_builds_for_project(projectName=project, sortOrder="DESCENDING").get(
        "ids", []
    )[:_PAGE]
    if not ids:
        return []
    return [
        str(build["id"])
        for build in codebuild.batch_get_builds(ids=ids)["builds"]
        if build["buildStatus"] == IN_PROGRESS
        and build.get("source", {}).get("location", "").startswith(source)
    ]


def _buildspec() -> str:
    return _BUILDSPEC.read_text(encoding="utf-8")
