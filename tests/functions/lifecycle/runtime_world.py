"""An account for the stages of artifact, runtime and fleet, all in this process.

AgentCore's control plane is the local one, CodeBuild is a fake, and the rest is moto. `World.killer` ends a stage right
after any one of its calls took effect.
"""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.backends import get_backend

from lifecycle.artifact.publish import publish_artifact
from lifecycle.artifact.shared.item import SharedArtifact
from lifecycle.artifact.shared.table import SharedArtifacts
from lifecycle.artifact.teardown import delete_artifact
from lifecycle.promotions.store import PromotionItems
from lifecycle.record import Record
from lifecycle.request.model import Request, parse_request
from lifecycle.request.rollback import completed
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime.deploy import deploy_runtime
from lifecycle.runtime.promotion import promote_version
from lifecycle.runtime.readiness import check_runtime
from lifecycle.runtime.rollback.restore import restore_version
from lifecycle.runtime.teardown import delete_runtime
from lifecycle.sections.identity import IdentityRecord
from lifecycle.table import Records
from local.agentcore.control.store import SERVICE, Store
from local.agentcore.settings import Delays, Quotas
from local.edge.faults import Fault, FaultPlan
from tests.functions.lifecycle.fake_codebuild import FakeCodeBuild
from tests.functions.lifecycle.killer import Killer
from tests.functions.lifecycle.runtime_clients import REGION, LocalClients, control_plane
from tests.functions.test_policies import plain_template

ACCOUNT = "123456789012"
BUCKET = "artifacts"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/agent"
AGENT_POLICY = f"arn:aws:iam::{ACCOUNT}:policy/agent"
ROLE_BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
GATEWAY_ROLE = f"arn:aws:iam::{ACCOUNT}:role/gateway"


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

    def objects(self, *prefixes: str) -> list[str]:
        """The keys of all versions and delete markers; of the artifacts, where no prefix is given."""
        found = []
        for prefix in prefixes or ("environments/", "build-sources/", "builds/", "packages/"):
            answer = self.clients.s3.list_object_versions(Bucket=BUCKET, Prefix=prefix)
            found += [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
        return sorted(item["Key"] for item in found)

    @property
    def promotions(self) -> PromotionItems:
        return PromotionItems(self.clients.dynamodb, "environments")

    def history(self) -> list[str]:
        """The versions that were promoted, the newest last."""
        return [one.version for one in self.record().promotions]

    @property
    def shared(self) -> SharedArtifacts:
        return SharedArtifacts(self.clients.dynamodb, "artifacts")

    def item(self, environment: str = "dev") -> SharedArtifact:
        """What the stack knows about the artifact that an environment's record has."""
        artifact = self.record(environment).artifact
        item = self.shared.get(str(artifact.source_hash)) if artifact else None
        assert item is not None
        return item

    # --- what happens ---

    def pass_(self, seconds: float) -> None:
        self.now[0] += seconds

    def fail(self, operation: str, reason: str = "no\ncapacity") -> None:
        """Let the next call of an operation end in its FAILED state."""
        self.faults.add(Fault(SERVICE, operation, "failureState", reason=reason))

    def conflict(self, operation: str) -> None:
        """Answer the next call of an operation with AgentCore's conflict."""
        self.clients.refuse_next(operation, "ConflictException", 409)

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

    def begin_rollback(self, name: str, version: str | None = None) -> Request:
        """Start an execution that rolls back: the lock, and the request that Prepare makes of it."""
        self.execution = f"execution:{name}"
        parsed = parse_request({"action": "rollback", **({"version": version} if version else {})})
        self.records.acquire("dev", self.execution, lambda _: False, {"state": "PROVISIONING"})
        self.request = completed(parsed, self.record(), self.promotions)
        return self.request

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

    def restore(self, **more: Any) -> Any:
        return self.run(restore_version, **more)

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
            build |= {"buildStatus": status, "endTime": datetime.now(UTC)}
            if status == "SUCCEEDED":
                build["exportedEnvironmentVariables"] = self._make(build)
                continue
            build["phases"] = [
                {"phaseType": "PRE_BUILD", "phaseStatus": "SUCCEEDED"},
                {"phaseType": "BUILD", "phaseStatus": status, "contexts": [{"message": message}]},
            ]
            build["logs"] = {"groupName": "/aws/codebuild/build", "streamName": "stream-1"}

    def _make(self, build: dict[str, Any]) -> list[dict[str, str]]:
        """Put what the buildspec would put; returns the variables that it exports."""
        variables, own = build["variables"], build["id"].rpartition(":")[2]
        if variables["ARTIFACT_TYPE"] == "container":
            said = {"IMAGE_DIGEST": self.push("agents", f"{variables['IMAGE_TAG']}-{own}")}
        else:
            put = self.clients.s3.put_object(
                Bucket=variables["ARTIFACT_BUCKET"],
                Key=f"{variables['ARTIFACT_PREFIX']}{own}.zip",
                Body=b"zip",
                ChecksumAlgorithm="SHA256",
            )
            said = {"PACKAGE_VERSION": put["VersionId"], "PACKAGE_SHA256": put["ChecksumSHA256"]}
        return [{"name": name, "value": value} for name, value in said.items()]

    def push(self, repository: str, tag: str) -> str:
        """Put an image into ECR and return its digest."""
        answer = self.clients.ecr.put_image(
            repositoryName=repository,
            imageManifest=f'{{"schemaVersion": 2, "of": "{tag}", "layers": []}}',
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
        """The smoke test passed on the newest version, or in a rollback on the candidate's."""
        runtime = self.record(self.request.environment).runtime
        assert runtime is not None
        tested = runtime.candidate
        mine = tested is not None and tested.execution == self.execution
        runtime.proven_version = tested.version if tested and mine else runtime.version
        self.records.update(self.request.environment, self.execution, runtime=runtime)

    def delete_version(self, version: str) -> None:
        """Somebody deletes a version at AgentCore."""
        self.control.delete_agent_runtime(
            agentRuntimeId=self.only_runtime().id, agentRuntimeVersion=version
        )
        self.pass_(10)

    def upload(self, key: str, files: dict[str, str], bucket: str = BUCKET) -> str | None:
        """Put a zip of files into S3 and return its version."""
        body = io.BytesIO()
        with zipfile.ZipFile(body, "w") as archive:
            for name, text in files.items():
                archive.writestr(zipfile.ZipInfo(name), text)  # the same bytes at any time
        answer = self.clients.s3.put_object(Bucket=bucket, Key=key, Body=body.getvalue())
        version: str | None = answer.get("VersionId")
        return version


def reset() -> None:
    """Empty moto's account."""
    for backend in ("dynamodb", "s3", "ecr", "logs", "secretsmanager", "iam"):
        get_backend(backend).reset()


def make_world(agent: Path, clients: LocalClients) -> World:
    """Move `clients` into a new account with the stack in it; `agent` is the bundled agent's folder."""
    reset()
    now, role, faults, delays = [time.time()], {"ready": True}, FaultPlan(), Delays()
    quotas = Quotas(control_mutations_per_second=10_000, gateway_mutations_per_second=10_000)
    store = Store(REGION, ACCOUNT, delays, quotas, faults, lambda: now[0])
    clients.enter(control_plane(store, role, clients.of_agentcore))
    table = plain_template()["Resources"]["EnvironmentsTable"]["Properties"]
    keys = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    clients.dynamodb.create_table(TableName="environments", **{key: table[key] for key in keys})
    clients.dynamodb.create_table(
        TableName="artifacts",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "contentHash", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "contentHash", "KeyType": "HASH"}],
    )
    clients.s3.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    clients.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    clients.ecr.create_repository(repositoryName="agents")
    return World(clients, store, faults, agent, delays, now, role)
