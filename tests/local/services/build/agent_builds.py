"""Builds with the buildspec that ships, on the local CodeBuild."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from lifecycle.artifact.desired import CODE_RUNTIME

ROOT = Path(__file__).parents[4]
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/agents"
FILES: dict[str, str | bytes] = {
    path.name: path.read_bytes() for path in (ROOT / "agent").iterdir() if path.is_file()
}

SMALL: dict[str, str | bytes] = {"main.py": "print(1)\n", "requirements.txt": ""}


def of_the_project(variable: str) -> str:
    """What the template gives the build project as a variable."""
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    found = re.search(rf"Name: {variable}, Value: \"?([^\"}}]+)", template)
    assert found is not None
    return found[1]


def make_project(account: Any) -> None:
    buildspec = (ROOT / "functions" / "lifecycle" / "artifact" / "buildspec.yml").read_text(
        encoding="utf-8"
    )
    account.project("agents", buildspec)
    environment = account.client("codebuild").batch_get_projects(names=["agents"])["projects"][0][
        "environment"
    ]
    variables = {
        "REPOSITORY_URI": REPOSITORY,
        "ARTIFACT_BUCKET": "sources",
        "PYTHON_PLATFORM": of_the_project("PYTHON_PLATFORM"),
    }
    account.client("codebuild").update_project(
        name="agents",
        environment=environment
        | {"environmentVariables": [{"name": n, "value": v} for n, v in variables.items()]},
    )


def build(account: Any, files: dict[str, str | bytes], **variables: str) -> dict[str, Any]:
    if variables["ARTIFACT_TYPE"] == "code":
        python = {"RUNTIME": CODE_RUNTIME, "ENTRY_FILE": "main.py", "PYTHON_VERSION": "3.13"}
        variables = python | variables
    started = account.client("codebuild").start_build(
        projectName="agents",
        sourceTypeOverride="S3",
        sourceLocationOverride=account.source(files),
        environmentVariablesOverride=[{"name": n, "value": v} for n, v in variables.items()],
    )
    return dict(account.finish(started["build"]))


def exported(built: dict[str, Any]) -> dict[str, str]:
    """What the build says of itself, as the lifecycle reads it."""
    return {each["name"]: each["value"] for each in built["exportedEnvironmentVariables"]}


def package_of(account: Any, built: dict[str, Any], prefix: str) -> bytes:
    """The zip that a build says that it has put."""
    said = exported(built)
    got = account.client("s3").get_object(
        Bucket="sources",
        Key=f"{prefix}{built['id'].rpartition(':')[2]}.zip",
        VersionId=said["PACKAGE_VERSION"],
        ChecksumMode="ENABLED",
    )
    content = bytes(got["Body"].read())
    assert base64.b64encode(hashlib.sha256(content).digest()).decode() == said["PACKAGE_SHA256"]
    assert got["ChecksumSHA256"] == said["PACKAGE_SHA256"]
    return content


def why(built: dict[str, Any]) -> str:
    return " ".join(
        context["message"] for phase in built["phases"] for context in phase.get("contexts", [])
    )
