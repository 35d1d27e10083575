"""CodeBuild: projects, and builds that really build on this host."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from werkzeug import Request

from local.edge.credentials import Credentials, CredentialStore, Principal
from local.services.build import request
from local.services.build.protocol import Protocol, ServiceError
from local.services.build.record import BuildRecord
from local.services.build.run import BuildOrder, BuildRun
from local.services.images.store import ImageStore

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

AT_ONCE = 2  # builds that run at the same time; the others are QUEUED
TOKEN_SECONDS = 300.0  # how long an idempotency token counts (StartBuild, API reference)
_PROJECT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-_]{1,149}")


class CodeBuild:
    """The embedded CodeBuild.

    Args:
        state_dir: Folder of the embedded AWS; builds work below `builds` there.
        region: Region in ARNs, and of the builds.
        account_id: Account in ARNs.
        endpoint_url: Where builds and this service reach the other services.
        credentials: Gives each build the keys of its service role.
        images: Where the builds' images go.
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
        self._folder = state_dir / "builds"
        self._region, self._endpoint_url = region, endpoint_url
        self._arn = f"arn:aws:codebuild:{region}:{account_id}"
        self._credentials, self._images = credentials, images
        self._protocol = Protocol()
        self._lock = threading.RLock()
        self._session, self._session_lock = boto3.session.Session(), threading.Lock()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._projects: dict[str, dict[str, Any]] = {}
        self._builds: dict[str, BuildRecord] = {}  # in the order of their start
        self._runs: dict[str, BuildRun] = {}
        self._tokens: dict[tuple[str, str], tuple[float, dict[str, Any], str]] = {}
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "CreateProject": self._create_project,
            "UpdateProject": self._update_project,
            "DeleteProject": self._delete_project,
            "BatchGetProjects": self._batch_get_projects,
            "ListProjects": lambda _: {"projects": sorted(self._projects)},
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

    def _project(self, name: str) -> dict[str, Any]:
        project = self._projects.get(name.removeprefix(f"{self._arn}:project/"))
        if project is None:
            raise ServiceError("ResourceNotFoundException", f"Project cannot be found: {name}")
        return project

    def _create_project(self, parameters: dict[str, Any]) -> dict[str, Any]:
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

    def _update_project(self, parameters: dict[str, Any]) -> dict[str, Any]:
        project = self._project(parameters["name"])
        request.check(project | parameters)
        parameters.pop("badgeEnabled", None)
        project |= parameters | {"lastModified": datetime.now(UTC)}
        return {"project": project}

    def _delete_project(self, parameters: dict[str, Any]) -> dict[str, Any]:
        # Deleting what is not there succeeds (DeleteProject models no ResourceNotFoundException).
        self._projects.pop(parameters["name"].removeprefix(f"{self._arn}:project/"), None)
        return {}

    def _batch_get_projects(self, parameters: dict[str, Any]) -> dict[str, Any]:
        named = {n: n.removeprefix(f"{self._arn}:project/") for n in parameters["names"]}
        return {
            "projects": [self._projects[n] for n in named.values() if n in self._projects],
            "projectsNotFound": [n for n in named if named[n] not in self._projects],
        }

    def _start_build(self, parameters: dict[str, Any]) -> dict[str, Any]:
        project = self._project(parameters["projectName"])
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
        run = self._run(project, parameters, number, initiator)
        self._builds[run.record.id] = run.record
        self._runs[run.record.id] = run
        if token:
            self._tokens[project["name"], token] = (time.monotonic(), parameters, run.record.id)
        run.start()
        return {"build": run.record.describe()}

    def _run(
        self, project: dict[str, Any], asked: Mapping[str, Any], number: int, initiator: str
    ) -> BuildRun:
        uid = str(uuid.uuid4())
        build_id = f"{project['name']}:{uid}"
        source = request.source_of(project["source"], asked)
        role = asked.get("serviceRoleOverride", project["serviceRole"])
        logs = asked.get("logsConfigOverride", project.get("logsConfig", {})).get("cloudWatchLogs")
        group, stream = self._log_place(project["name"], uid, logs or {"status": "ENABLED"})
        minutes = asked.get("timeoutInMinutesOverride", project["timeoutInMinutes"])
        queued = asked.get("queuedTimeoutInMinutesOverride", project["queuedTimeoutInMinutes"])
        variables = request.variables_of(project, asked)
        described = {
            "id": build_id,
            "arn": f"{self._arn}:build/{build_id}",
            "buildNumber": number,
            "projectName": project["name"],
            "source": source,
            "artifacts": {"location": ""},
            "cache": project["cache"],
            "environment": project["environment"] | {"environmentVariables": variables},
            "serviceRole": role,
            "logs": self._logs(group, stream),
            "timeoutInMinutes": minutes,
            "queuedTimeoutInMinutes": queued,
            "initiator": initiator,
        }
        version = asked.get("sourceVersion", project.get("sourceVersion"))
        if version:
            described["sourceVersion"] = version
        name = role.rpartition("/")[2]
        keys = self._credentials.issue(Principal(name=name, role_arn=role, kind="role"))
        own = keys.environment() | {
            "AWS_ENDPOINT_URL": self._endpoint_url,
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            "CODEBUILD_BUILD_ARN": described["arn"],
            "CODEBUILD_BUILD_ID": build_id,
            "CODEBUILD_BUILD_NUMBER": str(number),
            "CODEBUILD_INITIATOR": initiator,
        }
        order = BuildOrder(
            buildspec=source.get("buildspec"),
            variables=variables,
            own=own,
            log_group=group,
            log_stream=stream,
            seconds=minutes * 60,
            queued_seconds=queued * 60,
        )
        return BuildRun(
            BuildRecord(described),
            order,
            self._folder / uid,
            self._images,
            lambda service: self._client(service, keys),
            self._turns,
        )

    def _client(self, service: str, keys: Credentials) -> Any:
        with self._session_lock:  # clients are safe between threads, making them is not
            return self._session.client(
                service,
                region_name=self._region,
                endpoint_url=self._endpoint_url,
                aws_access_key_id=keys.access_key_id,
                aws_secret_access_key=keys.secret_access_key,
                aws_session_token=keys.session_token,
                config=Config(s3={"addressing_style": "path"}),
            )

    def _log_place(
        self, project: str, uid: str, config: Mapping[str, str]
    ) -> tuple[str | None, str]:
        if config["status"] == "DISABLED":
            return None, ""
        prefix = config.get("streamName")
        return (
            config.get("groupName", f"/aws/codebuild/{project}"),
            f"{prefix}/{uid}" if prefix else uid,
        )

    def _logs(self, group: str | None, stream: str) -> dict[str, Any]:
        if group is None:
            return {"cloudWatchLogs": {"status": "DISABLED"}}
        account = self._arn.split(":")[4]
        arn = f"arn:aws:logs:{self._region}:{account}:log-group:{group}:log-stream:{stream}"
        console = f"https://console.aws.amazon.com/cloudwatch/home?region={self._region}"
        return {
            "groupName": group,
            "streamName": stream,
            "deepLink": f"{console}#logsV2:log-groups/log-group/{group}/log-events/{stream}",
            "cloudWatchLogsArn": arn,
            "cloudWatchLogs": {"status": "ENABLED", "groupName": group},
        }

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
        project = self._project(parameters["projectName"])
        return {"ids": self._ids(project["name"], parameters)}

    def _ids(self, project: str | None, parameters: Mapping[str, Any]) -> list[str]:
        ids = [each for each in self._builds if project in (None, each.partition(":")[0])]
        # The newest first is the default (ListBuildsForProject, API reference).
        return ids if parameters.get("sortOrder") == "ASCENDING" else ids[::-1]
