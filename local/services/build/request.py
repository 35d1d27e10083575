"""The settings of a build: those of the project, overridden by those of StartBuild."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.services.build.protocol import ServiceError

_SOURCES = ("S3", "NO_SOURCE")


def check(project: Mapping[str, Any]) -> None:
    """Refuse a project with a kind of source or artifact that is not supported.

    Raises:
        ServiceError: `InvalidInputException`.
    """
    source, artifacts = project["source"]["type"], project["artifacts"]["type"]
    if source not in _SOURCES or artifacts != "NO_ARTIFACTS":
        raise ServiceError(
            "InvalidInputException",
            f"The local CodeBuild supports sources of type {' and '.join(_SOURCES)}, and artifacts of"
            f" type NO_ARTIFACTS, not {source} and {artifacts}.",
        )
    if source == "S3" and not project["source"].get("location"):
        raise ServiceError("InvalidInputException", "A source of type S3 needs a location.")


def source_of(project: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return a build's source.

    Args:
        project: The project's source.
        asked: The call's parameters, whose overrides take precedence.

    Raises:
        ServiceError: As `check`, or a build with neither source nor buildspec.
    """
    source = dict(project)
    for member in ("type", "location"):
        if override := asked.get(f"source{member.title()}Override"):
            source[member] = override
    if "buildspecOverride" in asked:
        source["buildspec"] = asked["buildspecOverride"]
    check({"source": source, "artifacts": {"type": "NO_ARTIFACTS"}})
    if source["type"] == "NO_SOURCE" and not source.get("buildspec"):
        raise ServiceError("InvalidInputException", "A build without a source needs a buildspec.")
    return source


def variables_of(project: Mapping[str, Any], asked: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a build's environment variables: the project's, and over them the call's."""
    own = project["environment"].get("environmentVariables", [])
    merged = {each["name"]: each for each in own}
    merged |= {each["name"]: each for each in asked.get("environmentVariablesOverride", [])}
    return [{"type": "PLAINTEXT", **each} for each in merged.values()]
