"""What the service looks up in the rest of the account before it accepts a runtime."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.agentcore.control.rights import Lacks, to_pull
from local.agentcore.model.errors import ServiceError, invalid, invalid_field
from local.edge.credentials import Credentials
from local.edge.service_models import new_session
from local.readings import Readings

SERVICE_PRINCIPAL = "bedrock-agentcore.amazonaws.com"


class Image(Protocol):
    """A container image as the image store gives it."""

    @property
    def root(self) -> Path:
        """Where its files are."""

    @property
    def command(self) -> list[str]:
        """What it runs."""

    @property
    def environment(self) -> dict[str, str]:
        """Its own environment variables."""

    @property
    def workdir(self) -> Path:
        """Where its command runs."""


class Images(Protocol):
    """The image store."""

    def resolve(self, container_uri: str) -> Image:
        """Return an image by tag or digest; raises LookupError (ImageNotFound) otherwise."""


class Clients:
    """boto3 clients of the local AWS, made once; clients are safe between threads."""

    def __init__(self, endpoint_url: str, region: str, credentials: Credentials) -> None:
        session = boto3.session.Session(
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            region_name=region,
            botocore_session=new_session(),
        )
        self._make: Callable[[str], Any] = lambda name: session.client(
            name,
            endpoint_url=endpoint_url,
            config=Config(
                s3={"addressing_style": "path"},
                connect_timeout=5,
                read_timeout=30,
                retries={"total_max_attempts": 4, "mode": "standard"},
            ),
        )
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, name: str) -> Any:
        """Return the client of a service."""
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name)
            return self._made[name]


YOUNG_SECONDS = 3.0
"""How long AgentCore does not see a role, with the reading `young-role=late`."""


def is_unseen(role: dict[str, Any], readings: Readings) -> bool:
    """Say whether a role, from `GetRole`, is too young to be seen."""
    age = time.time() - role["CreateDate"].timestamp()
    return readings["young-role"] == "late" and age < YOUNG_SECONDS


class Account:
    """Checks of role and artifact, as create and update make them.

    Args:
        clients: The local AWS.
        images: The image store.
        region: Region of the runtimes.
        account_id: Account of the runtimes.
        zip_limit: Returns how many bytes a code zip may have.
        lacks: Says what a role may not do.
        readings: Says whether a role is seen as soon as it is made.
    """

    def __init__(
        self,
        clients: Callable[[str], Any],
        images: Images,
        region: str,
        account_id: str,
        zip_limit: Callable[[], int],
        lacks: Lacks,
        readings: Readings,
    ) -> None:
        self._readings = readings
        self._clients = clients
        self._images = images
        self._account_id = account_id
        self._source_arn = f"arn:aws:bedrock-agentcore:{region}:{account_id}:runtime/any"
        self._zip_limit = zip_limit
        self._lacks = lacks

    def check(self, configuration: dict[str, Any]) -> None:
        """Check the role, then the artifact.

        Raises:
            ServiceError: ValidationException.
        """
        self._check_role(configuration["roleArn"])
        artifact = configuration["agentRuntimeArtifact"]
        if "containerConfiguration" in artifact:
            uri = artifact["containerConfiguration"]["containerUri"]
            self._check_image(configuration["roleArn"], uri)
        else:
            self._check_code(artifact["codeConfiguration"]["code"]["s3"])

    def _check_role(self, role_arn: str) -> None:
        refused = invalid(
            f"Role validation failed for '{role_arn}'. Please verify that the role exists and its "
            "trust policy allows assumption by this service"
        )
        try:
            found = self._clients("iam").get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchEntity", "NoSuchEntityException"):
                raise refused from error
            raise
        if (
            is_unseen(found, self._readings)
            or found["Arn"] != role_arn
            or not self._trusts(found["AssumeRolePolicyDocument"])
        ):
            raise refused

    def _trusts(self, document: Any) -> bool:
        policy = json.loads(unquote(document)) if isinstance(document, str) else document
        statements = [
            statement
            for statement in _many(policy.get("Statement", []))
            if SERVICE_PRINCIPAL in _principals(statement)
            and any(fnmatchcase("sts:AssumeRole", action) for action in _many(statement["Action"]))
            and self._conditions_hold(statement.get("Condition", {}))
        ]
        return bool(statements) and all(s["Effect"] == "Allow" for s in statements)

    def _conditions_hold(self, conditions: dict[str, dict[str, Any]]) -> bool:
        """Evaluate the two condition keys that the service sends; any other key is not there."""
        sent = {"aws:sourceaccount": self._account_id, "aws:sourcearn": self._source_arn}
        for operator, keys in conditions.items():
            exact = operator.startswith(("StringEquals", "ArnEquals"))
            if not exact and not operator.startswith(("StringLike", "ArnLike")):
                return False
            for key, wanted in keys.items():
                value = sent.get(key.lower())
                if value is None:
                    if operator.endswith("IfExists"):
                        continue
                    return False
                if key.lower() == "aws:sourcearn" and any("runtime/" in w for w in _many(wanted)):
                    # A trust policy can name single runtimes, and no id is known before create.
                    wanted = [w.split("runtime/")[0] + "runtime/*" for w in _many(wanted)]
                if not any(
                    value == w
                    or ((not exact or operator.startswith("Arn")) and fnmatchcase(value, w))
                    for w in _many(wanted)
                ):
                    return False
        return True

    def _check_image(self, role_arn: str, uri: str) -> None:
        path = "agentRuntimeArtifact.containerConfiguration.containerUri"
        if self._lacks(role_arn, to_pull(uri)) is not None:
            # The words are those of a report: awslabs/agentcore-samples#154.
            raise invalid(
                f"Access denied while validating ECR URI '{uri}'. The execution role requires permissions for "
                "ecr:GetAuthorizationToken, ecr:BatchGetImage, and ecr:GetDownloadUrlForLayer operations."
            )
        try:
            self._images.resolve(uri)
        except LookupError as error:
            message = f"The specified image '{uri}' does not exist in its repository."
            raise invalid_field(path, message) from error

    def _check_code(self, location: dict[str, str]) -> None:
        path = "agentRuntimeArtifact.codeConfiguration.code.s3"
        where = {"Bucket": location["bucket"], "Key": location["prefix"]}
        if "versionId" in location:
            where["VersionId"] = location["versionId"]
        try:
            size = int(self._clients("s3").head_object(**where)["ContentLength"])
        except ClientError as error:
            raise self._no_code(path, location, error) from error
        if size > self._zip_limit():
            raise invalid_field(path, f"The code is larger than {self._zip_limit()} bytes.")

    @staticmethod
    def _no_code(path: str, location: dict[str, str], error: ClientError) -> ServiceError:
        uri = f"s3://{location['bucket']}/{location['prefix']}"
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status not in (400, 403, 404, 405):
            raise error
        return invalid_field(path, f"Cannot read the code at '{uri}' (status {status}).")


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _principals(statement: dict[str, Any]) -> list[str]:
    principal = statement.get("Principal", {})
    return [] if isinstance(principal, str) else _many(principal.get("Service", []))
