"""CodeBuild's projects."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from local.services.build import request
from local.services.build.protocol import ServiceError

_PROJECT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-_]{1,149}")


class Projects:
    """The projects of one account.

    Args:
        arn: Beginning of their ARNs, `arn:aws:codebuild:REGION:ACCOUNT`.
    """

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._projects: dict[str, dict[str, Any]] = {}

    def names(self, _: dict[str, Any]) -> dict[str, Any]:
        """Serve ListProjects."""
        return {"projects": sorted(self._projects)}

    def get(self, name: str) -> dict[str, Any]:
        """Return a project by name or ARN.

        Raises:
            ServiceError: `ResourceNotFoundException`.
        """
        project = self._projects.get(name.removeprefix(f"{self._arn}:project/"))
        if project is None:
            raise ServiceError("ResourceNotFoundException", f"Project cannot be found: {name}")
        return project

    def create(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Serve CreateProject."""
        name = parameters["name"]
        if not _PROJECT_NAME.fullmatch(name):
            raise ServiceError("InvalidInputException", f"Project name {name} is not valid.")
        if name in self._projects:
            raise ServiceError(
                "ResourceAlreadyExistsException",
                f"Project already exists: {self._arn}:project/{name}",
            )
        request.check(parameters)
        now = datetime.now(UTC)
        defaults = {
            "timeoutInMinutes": 60,
            "queuedTimeoutInMinutes": 480,
            "cache": {"type": "NO_CACHE"},
            "tags": [],
            "badge": {"badgeEnabled": parameters.pop("badgeEnabled", False)},
            "arn": f"{self._arn}:project/{name}",
            "created": now,
            "lastModified": now,
        }
        self._projects[name] = defaults | parameters
        return {"project": self._projects[name]}

    def update(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Serve UpdateProject."""
        project = self.get(parameters["name"])
        request.check(project | parameters)
        parameters.pop("badgeEnabled", None)
        project |= parameters | {"lastModified": datetime.now(UTC)}
        return {"project": project}

    def delete(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Serve DeleteProject."""
        # Deleting an unknown project succeeds (DeleteProject models no ResourceNotFoundException).
        self._projects.pop(parameters["name"].removeprefix(f"{self._arn}:project/"), None)
        return {}

    def batch_get(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Serve BatchGetProjects."""
        named = {n: n.removeprefix(f"{self._arn}:project/") for n in parameters["names"]}
        return {
            "projects": [self._projects[n] for n in named.values() if n in self._projects],
            "projectsNotFound": [n for n in named if named[n] not in self._projects],
        }
