"""CodeBuild: projects, and builds that run on this host."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug import Request

from local.edge.credentials import CredentialStore
from local.services.build.factory import BuildFactory
from local.services.build.projects import Projects
from local.services.build.protocol import Protocol, ServiceError
from local.services.build.record import BuildRecord
from local.services.build.run import BuildRun
from local.services.images.store import ImageStore

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TOKEN_SECONDS = 300.0  # how long an idempotency token is valid (StartBuild, API reference)


class CodeBuild:
    """The local CodeBuild.

    Args:
        state_dir: The state folder; builds work in its folder `builds`.
        region: Region in ARNs, and of the builds.
        account_id: Account in ARNs.
        endpoint_url: Where builds and this service reach the other services.
        credentials: Issues the access key of each build's service role.
        images: Where the images of the builds go.
    """

    def __init__(
        self,
        *,
        state_dir: Path,
        region: str,
        account_id: str,
        endpoint_url: str,
        credentials: CredentialStore,
        images: ImageStore,
    ) -> None:
        self._arn = f"arn:aws:codebuild:{region}:{account_id}"
        self._projects = Projects(self._arn)
        self._factory = BuildFactory(
            state_dir / "builds", self._arn, endpoint_url, credentials, images
        )
        self._protocol = Protocol()
        self._lock = threading.RLock()
        self._builds: dict[str, BuildRecord] = {}  # in the order of their start
        self._runs: dict[str, BuildRun] = {}
        self._tokens: dict[tuple[str, str], tuple[float, dict[str, Any], str]] = {}
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "CreateProject": self._projects.create,
            "UpdateProject": self._projects.update,
            "DeleteProject": self._projects.delete,
            "BatchGetProjects": self._projects.batch_get,
            "ListProjects": self._projects.names,
            "StartBuild": self._start_build,
            "StopBuild": self._stop_build,
            "BatchGetBuilds": self._batch_get_builds,
            "ListBuilds": lambda parameters: {"ids": self._ids(None, parameters)},
            "ListBuildsForProject": self._list_builds_for_project,
        }

    def app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        asked = Request(environ)
        try:
            name, parameters = self._protocol.read(asked, self._operations)
            if name == "StartBuild":
                caller = getattr(environ.get("local.call"), "caller", None)
                parameters["_initiator"] = getattr(caller, "name", "root")
            with self._lock:
                answer = self._operations[name](parameters)
            response = self._protocol.write(asked, name, answer)
        except ServiceError as error:
            response = self._protocol.write_error(asked, error)
        return response(environ, start_response)

    def close(self) -> None:
        """Stop every build."""
        for run in [*self._runs.values()]:
            if not run.record.complete:
                run.stop()

    def _start_build(self, parameters: dict[str, Any]) -> dict[str, Any]:
        project = self._projects.get(parameters["projectName"])
        initiator = parameters.pop("_initiator")
        token = parameters.get("idempotencyToken")
        if token and (known := self._tokens.get((project["name"], token))):
            at, asked, build_id = known
            if time.monotonic() - at < TOKEN_SECONDS:
                if asked != parameters:
                    raise ServiceError(
                        "InvalidInputException",
                        "The idempotency token was used for a build with other parameters.",
                    )
                return {"build": self._builds[build_id].describe()}
        number = 1 + sum(
            b.describe()["projectName"] == project["name"] for b in self._builds.values()
        )
        run = self._factory.make(project, parameters, number, initiator)
        self._builds[run.record.id] = run.record
        self._runs[run.record.id] = run
        if token:
            self._tokens[project["name"], token] = (time.monotonic(), parameters, run.record.id)
        run.start()
        return {"build": run.record.describe()}

    def _stop_build(self, parameters: dict[str, Any]) -> dict[str, Any]:
        run = self._runs.get(parameters["id"].removeprefix(f"{self._arn}:build/"))
        if run is None:
            raise ServiceError(
                "ResourceNotFoundException", f"Build cannot be found: {parameters['id']}"
            )
        if not run.record.complete:
            run.stop()
        return {"build": run.record.describe()}

    def _batch_get_builds(self, parameters: dict[str, Any]) -> dict[str, Any]:
        named = {each: each.removeprefix(f"{self._arn}:build/") for each in parameters["ids"]}
        known = [self._builds[each] for each in named.values() if each in self._builds]
        return {
            "builds": [build.describe() for build in known],
            "buildsNotFound": [each for each in named if named[each] not in self._builds],
        }

    def _list_builds_for_project(self, parameters: dict[str, Any]) -> dict[str, Any]:
        project = self._projects.get(parameters["projectName"])
        return {"ids": self._ids(project["name"], parameters)}

    def _ids(self, project: str | None, parameters: Mapping[str, Any]) -> list[str]:
        ids = [each for each in self._builds if project in (None, each.partition(":")[0])]
        # The newest first is the default (ListBuildsForProject, API reference).
        return ids if parameters.get("sortOrder") == "ASCENDING" else ids[::-1]
