"""Makes a build from a project and the parameters of StartBuild."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local.edge.credentials import Credentials, CredentialStore, Principal
from local.edge.service_models import new_session
from local.services.build import request
from local.services.build.record import BuildRecord
from local.services.build.run import BuildOrder, BuildRun
from local.services.images.store import ImageStore

AT_ONCE = 2
"""The most builds that run at the same time; the others are QUEUED."""


class BuildFactory:
    """Makes builds.

    Args:
        folder: Builds work in folders below it.
        arn: Beginning of the builds' ARNs, `arn:aws:codebuild:REGION:ACCOUNT`.
        endpoint_url: Where builds reach the other services.
        credentials: Issues the access key of each build's service role.
        images: Where the images of the builds go.
    """

    def __init__(
        self,
        folder: Path,
        arn: str,
        endpoint_url: str,
        credentials: CredentialStore,
        images: ImageStore,
    ) -> None:
        self._folder, self._arn, self._endpoint_url = folder, arn, endpoint_url
        self._region = arn.split(":")[3]
        self._credentials, self._images = credentials, images
        self._session, self._session_lock = (
            boto3.session.Session(botocore_session=new_session()),
            threading.Lock(),
        )
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def make(
        self, project: dict[str, Any], asked: Mapping[str, Any], number: int, initiator: str
    ) -> BuildRun:
        """Return a new build, not started yet.

        Args:
            project: The project.
            asked: The parameters of StartBuild.
            number: The build's number in its project.
            initiator: Who started it.

        Raises:
            ServiceError: The parameters do not make a build.
        """
        uid = str(uuid.uuid4())
        build_id = f"{project['name']}:{uid}"
        source = request.source_of(project["source"], asked)
        role = asked.get("serviceRoleOverride", project["serviceRole"])
        logs = asked.get("logsConfigOverride", project.get("logsConfig", {})).get("cloudWatchLogs")
        group, stream = _log_place(project["name"], uid, logs or {"status": "ENABLED"})
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
        principal = Principal(name=name, role_arn=role, kind="role")
        keys = self._credentials.issue(principal, (minutes + queued) * 60)
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
        with self._session_lock:  # threads may share clients, but may not create them
            return self._session.client(
                service,
                region_name=self._region,
                endpoint_url=self._endpoint_url,
                aws_access_key_id=keys.access_key_id,
                aws_secret_access_key=keys.secret_access_key,
                aws_session_token=keys.session_token,
                config=Config(s3={"addressing_style": "path"}),
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


def _log_place(project: str, uid: str, config: Mapping[str, str]) -> tuple[str | None, str]:
    if config["status"] == "DISABLED":
        return None, ""
    prefix = config.get("streamName")
    return (
        config.get("groupName", f"/aws/codebuild/{project}"),
        f"{prefix}/{uid}" if prefix else uid,
    )
