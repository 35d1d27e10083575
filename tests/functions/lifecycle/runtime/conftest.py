"""The stages of runtime and artifact against moto, the local AgentCore's control plane and a small CodeBuild.

Everything is in this process. A `Killer` ends a stage right after any one of its calls took effect.
"""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.awsrequest
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.backends import get_backend
from moto.core.config import DefaultConfig
from werkzeug.test import EnvironBuilder, run_wsgi_app

from lifecycle.artifact.publish import publish_artifact
from lifecycle.artifact.teardown import delete_artifact
from lifecycle.clients import Clients
from lifecycle.record import IdentityRecord, Record
from lifecycle.request.model import Request, parse_request
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime.deploy import deploy_runtime
from lifecycle.runtime.promotion import promote_version
from lifecycle.runtime.readiness import check_runtime
from lifecycle.runtime.teardown import delete_runtime
from lifecycle.table import Records
from local.agentcore.control.endpoints import EndpointOperations
from local.agentcore.control.runtimes import RuntimeOperations
from local.agentcore.control.store import SERVICE, Store
from local.agentcore.control.tags import TagOperations
from local.agentcore.model.app import ModelApp
from local.agentcore.model.errors import invalid
from local.agentcore.settings import Delays, Quotas
from local.edge.faults import FaultPlan

REGION = "us-west-2"
ACCOUNT = "123456789012"
BUCKET = "artifacts"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/agent"


class Killed(BaseException):
    """The process ends here: nothing may catch it."""


class Killer:
    """Counts AWS calls, and ends the process after the one that it is set to."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.after: int | None = None

    def count(self, operation: str) -> None:
        self.calls.append(operation)
        if self.after is not None and len(self.calls) == self.after:
            self.after = None
            raise Killed(operation)

    def start(self, after: int | None = None) -> None:
        self.calls, self.after = [], after


class FakeCodeBuild:
    """CodeBuild as far as we use it: idempotency tokens, states that are set by hand."""

    def __init__(self, killer: Killer) -> None:
        self._killer = killer
        self._tokens: dict[str, tuple[dict[str, Any], str]] = {}
        self.builds: dict[str, dict[str, Any]] = {}
        self.full = False

    def start_build(self, *, idempotencyToken: str, **order: Any) -> dict[str, Any]:  # noqa: N803
        if self.full:
            code = "AccountLimitExceededException"
            raise ClientError({"Error": {"Code": code, "Message": "queue"}}, "StartBuild")
        known = self._tokens.get(idempotencyToken)
        if known is None:
            build_id = f"{order['projectName']}:{len(self.builds) + 1}"
            self._tokens[idempotencyToken] = (order, build_id)
            self.builds[build_id] = {
                "id": build_id,
                "buildStatus": "IN_PROGRESS",
                "currentPhase": "BUILD",
                "source": {"type": "S3", "location": order["sourceLocationOverride"]},
                "variables": {
                    item["name"]: item["value"] for item in order["environmentVariablesOverride"]
                },
            }
        else:
            assert known[0] == order, "the same token came with another order"
            build_id = known[1]
        self._killer.count("StartBuild")
        return {"build": self.builds[build_id]}

    def batch_get_builds(self, *, ids: list[str]) -> dict[str, Any]:
        self._killer.count("BatchGetBuilds")
        return {"builds": [self.builds[name] for name in ids if name in self.builds]}

    def list_builds_for_project(self, *, projectName: str, sortOrder: str) -> dict[str, Any]:  # noqa: N803
        assert (projectName, sortOrder) == ("build", "DESCENDING")
        self._killer.count("ListBuildsForProject")
        return {"ids": list(reversed(self.builds))}

    def stop_build(self, *, id: str) -> dict[str, Any]:  # noqa: A002 - AWS's name
        if self.builds[id]["buildStatus"] == "IN_PROGRESS":
            self.builds[id]["buildStatus"] = "STOPPED"
        self._killer.count("StopBuild")
        return {"build": self.builds[id]}


class LocalClients(Clients):
    """boto3 clients of moto and of the local AgentCore; made once, since making them is what takes time.

    `enter` puts them into another account.
    """

    killer: Killer
    control: ModelApp
    codebuild: FakeCodeBuild

    def __init__(self) -> None:
        session = boto3.session.Session(
            aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION
        )
        super().__init__(session)

    def enter(self, control: ModelApp) -> None:
        self.killer, self.control = Killer(), control
        self.codebuild = FakeCodeBuild(self.killer)

    def _client(self, service: str, *args: Any) -> Any:
        client = super()._client(service, *args)
        if service == SERVICE:
            client.meta.events.register("before-send", self._send)
        client.meta.events.register("after-call", self._count)
        return client

    def _count(self, model: Any, **_: object) -> None:
        self.killer.count(model.name)

    def _send(self, request: Any, **_: object) -> botocore.awsrequest.AWSResponse:
        parts = urlsplit(request.url)
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        environ = EnvironBuilder(
            method=request.method,
            path=parts.path,
            query_string=parts.query,
            input_stream=io.BytesIO(body),
            content_length=len(body),
            content_type="application/json",
        ).get_environ()
        environ["RAW_URI"] = environ["REQUEST_URI"] = f"{parts.path}?{parts.query}".rstrip("?")
        chunks, status, answered = run_wsgi_app(self.control, environ, buffered=True)
        headers = botocore.awsrequest.HeadersDict()
        for name, value in answered.items():
            headers[name] = value
        raw = _Raw(b"".join(chunks))
        return botocore.awsrequest.AWSResponse(request.url, int(status[:3]), headers, raw)


class _Raw(io.BytesIO):
    def stream(self, amt: int = 1024, decode_content: bool | None = None) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk


@dataclass
class World:
    """An account with the stack in it, and the stages to run on it."""

    clients: LocalClients
    store: Store
    faults: FaultPlan
    agent: Path
    delays: Delays
    now: list[float]
    role: dict[str, bool] = field(default_factory=lambda: {"ready": True})
    execution: str = "execution:one"

    # --- what is looked at ---

    @property
    def killer(self) -> Killer:
        return self.clients.killer

    @property
    def codebuild(self) -> FakeCodeBuild:
        return self.clients.codebuild

    @property
    def records(self) -> Records:
        return Records(self.clients.dynamodb, "environments")

    def record(self, environment: str = "dev") -> Record:
        record = self.records.get(environment)
        assert record is not None
        return record

    @property
    def control(self) -> Any:
        return self.clients.agentcore_control

    def only_runtime(self) -> Any:
        (runtime,) = self.store.runtimes.values()
        return runtime

    def detail(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.control.get_agent_runtime(
            agentRuntimeId=self.only_runtime().id
        )
        return answer

    def images(self) -> list[str]:
        pages = self.clients.ecr.get_paginator("list_images").paginate(repositoryName="agents")
        return sorted(image["imageTag"] for page in pages for image in page["imageIds"])

    def objects(self, prefix: str = "environments/") -> list[str]:
        answer = self.clients.s3.list_object_versions(Bucket=BUCKET, Prefix=prefix)
        items = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
        return sorted(item["Key"] for item in items)

    # --- what happens ---

    def pass_(self, seconds: float) -> None:
        self.now[0] += seconds

    def begin(self, name: str | None = None, request: dict[str, Any] | None = None) -> Request:
        """Start an execution: the lock, the request, and an identity if there is none."""
        self.execution = f"execution:{name}" if name else self.execution
        parsed = parse_request(request or {})
        self.records.acquire(
            parsed.environment, self.execution, lambda _: False, {"state": "PROVISIONING"}
        )
        if self.record(parsed.environment).identity is None:
            identity = IdentityRecord(
                type="cognito",
                flow="password",
                client_id="client1",
                discovery_url="https://cognito.example.com/pool/.well-known/openid-configuration",
            )
            self.records.update(parsed.environment, self.execution, identity=identity)
        self.request = parsed
        return parsed

    def event(self, request: Request | None = None, deadline: int | None = None) -> StageEvent:
        return StageEvent(
            execution=self.execution, request=request or self.request, deadline=deadline
        )

    def run(self, stage: Callable[..., Any], **more: Any) -> Any:
        return stage(self.event(**more), clients=self.clients)

    def publish(self, **more: Any) -> Any:
        return self.run(publish_artifact, **more)

    def deploy(self, **more: Any) -> Any:
        return self.run(deploy_runtime, **more)

    def check(self, **more: Any) -> Any:
        return self.run(check_runtime, **more)

    def promote(self, **more: Any) -> Any:
        return self.run(promote_version, **more)

    def delete_runtime(self, **more: Any) -> Any:
        return self.run(delete_runtime, **more)

    def delete_artifact(self, **more: Any) -> Any:
        return self.run(delete_artifact, **more)

    def loop(self, stage: Callable[..., Any], rounds: int = 20) -> Any:
        """Call a stage again, time passing, until it is done; deploy again when it says so."""
        for _ in range(rounds):
            result = self.run(stage)
            if result.done:
                return result
            if getattr(result, "redeploy", False):
                self.deploy()
            self.pass_(2)
        raise AssertionError(f"{stage.__name__} was not done after {rounds} rounds: {result}")

    def finish_build(self, status: str = "SUCCEEDED", message: str = "") -> None:
        """End every running build; a successful one leaves its image or zip."""
        for build in self.codebuild.builds.values():
            if build["buildStatus"] != "IN_PROGRESS":
                continue
            build["buildStatus"] = status
            if status == "SUCCEEDED":
                self._make(build["variables"])
                continue
            build["phases"] = [
                {"phaseType": "PRE_BUILD", "phaseStatus": "SUCCEEDED"},
                {"phaseType": "BUILD", "phaseStatus": status, "contexts": [{"message": message}]},
            ]
            build["logs"] = {"groupName": "/aws/codebuild/build", "streamName": "stream-1"}

    def _make(self, variables: dict[str, str]) -> None:
        if variables["ARTIFACT_TYPE"] == "container":
            self.push("agents", variables["IMAGE_TAG"])
        else:
            self.clients.s3.put_object(
                Bucket=variables["ARTIFACT_BUCKET"], Key=variables["ARTIFACT_KEY"], Body=b"zip"
            )

    def push(self, repository: str, tag: str) -> str:
        """Put an image into ECR and return its digest."""
        answer = self.clients.ecr.put_image(
            repositoryName=repository,
            imageManifest=f'{{"schemaVersion": 2, "of": "{tag}"}}',
            imageManifestMediaType=MANIFEST_TYPE,
            imageTag=tag,
            imageDigest=f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}",
        )
        return str(answer["image"]["imageId"]["imageDigest"])

    def build(self) -> Any:
        """Publish with a build that succeeds."""
        self.publish()
        self.finish_build()
        result = self.publish()
        assert result.done
        return result

    def provision(self, name: str, request: dict[str, Any] | None = None) -> Any:
        """Publish, deploy, check, prove, promote: a whole execution."""
        self.begin(name, request)
        if not self.publish().done:
            self.finish_build()
            assert self.publish().done
        deployed = self.deploy()
        self.loop(check_runtime)
        self.prove()
        self.loop(promote_version)
        self.records.release(self.request.environment, self.execution)
        return deployed

    def prove(self) -> None:
        """The smoke test passed on the newest version."""
        runtime = self.record(self.request.environment).runtime
        assert runtime is not None
        runtime.proven_version = runtime.version
        self.records.update(self.request.environment, self.execution, runtime=runtime)

    def upload(self, key: str, files: dict[str, str], bucket: str = BUCKET) -> str | None:
        """Put a zip of files into S3 and return its version."""
        body = io.BytesIO()
        with zipfile.ZipFile(body, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        answer = self.clients.s3.put_object(Bucket=bucket, Key=key, Body=body.getvalue())
        version: str | None = answer.get("VersionId")
        return version


@pytest.fixture(scope="session")
def local_clients() -> LocalClients:
    """The clients that every test of the session uses."""
    return LocalClients()


@pytest.fixture
def make_world(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, local_clients: LocalClients
) -> Iterator[Callable[[], World]]:
    """A function that gives a new account each time; the one before it is gone then."""
    agent = tmp_path / "agent"
    agent.mkdir()
    (agent / "main.py").write_text("print('agent')\n", encoding="utf-8")
    (agent / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    for name, value in {
        "STACK_NAME": "stack",
        "TABLE_NAME": "environments",
        "LOG_RETENTION_DAYS": "30",
        "AGENT_SOURCE_DIR": str(agent),
        "ARTIFACT_BUCKET": BUCKET,
        "REPOSITORY_NAME": "agents",
        "REPOSITORY_URI": f"{HOST}/agents",
        "BUILD_PROJECT": "build",
        "EXECUTION_ROLE_ARN": ROLE,
        "MODEL_ID": "model-1",
    }.items():
        monkeypatch.setenv(name, value)
    # AgentCore is our own here: moto's is to keep out of it.
    passthrough: DefaultConfig = {
        "core": {"passthrough": {"urls": [r"https://bedrock-agentcore-control\..*"]}}
    }
    with mock_aws(config=passthrough):

        def make() -> World:
            reset()
            return _world(agent, local_clients)

        yield make


@pytest.fixture
def world(make_world: Callable[[], World]) -> World:
    """An account with the stack in it."""
    return make_world()


def reset() -> None:
    """Empty moto's account."""
    for backend in ("dynamodb", "s3", "ecr", "logs", "secretsmanager"):
        get_backend(backend).reset()


def _world(agent: Path, clients: LocalClients) -> World:
    now, role, faults, delays = [time.time()], {"ready": True}, FaultPlan(), Delays()
    quotas = Quotas(control_mutations_per_second=10_000)
    store = Store(REGION, ACCOUNT, delays, quotas, faults, lambda: now[0])

    def check_account(configuration: dict[str, Any]) -> None:
        if not role["ready"]:
            raise invalid(f"Role validation failed for '{configuration['roleArn']}'.")

    runtimes = RuntimeOperations(
        store, check_account, on_version=lambda _: None, on_deleted=lambda _: None
    )
    endpoints = EndpointOperations(store, lambda _, __: None)
    tags = TagOperations(store)
    control = ModelApp(
        SERVICE,
        {
            "CreateAgentRuntime": runtimes.create,
            "GetAgentRuntime": runtimes.get,
            "ListAgentRuntimes": runtimes.list_runtimes,
            "UpdateAgentRuntime": runtimes.update,
            "DeleteAgentRuntime": runtimes.delete,
            "CreateAgentRuntimeEndpoint": endpoints.create,
            "GetAgentRuntimeEndpoint": endpoints.get,
            "ListAgentRuntimeEndpoints": endpoints.list_endpoints,
            "UpdateAgentRuntimeEndpoint": endpoints.update,
            "DeleteAgentRuntimeEndpoint": endpoints.delete,
            "TagResource": tags.tag,
            "UntagResource": tags.untag,
            "ListTagsForResource": tags.list_tags,
        },
    )
    clients.enter(control)
    clients.dynamodb.create_table(
        TableName="environments",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "environment", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "environment", "KeyType": "HASH"}],
    )
    clients.s3.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    clients.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    clients.ecr.create_repository(repositoryName="agents")
    return World(clients, store, faults, agent, delays, now, role)


@pytest.fixture
def killed() -> type[BaseException]:
    """The exception of a process that ended."""
    return Killed
