"""The embedded AWS for whole lifecycles: real functions, builds, agents; only AgentCore's delays are cut short."""

from __future__ import annotations

import io
import json
import os
import re
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer

from local.agentcore.settings import Delays
from local.embedded import EmbeddedAws
from tests import transaction_search
from tests.embedded.outbound import api as api
from tests.embedded.outbound import owner as owner
from tests.embedded.signing_in import auths as auths
from tests.embedded.signing_in import provider as provider
from tests.foreign.engines import recording

AGENTS = Path(__file__).parent / "agents"
QUICK_WAIT = {"intervalSeconds": 0, "maxIntervalSeconds": 1, "timeoutSeconds": 90}


@dataclass
class Execution:
    """A finished execution."""

    arn: str
    status: str
    output: dict[str, Any]
    error: str | None
    cause: str | None
    history: list[dict[str, Any]]

    @property
    def states(self) -> list[str]:
        return [
            e["stateEnteredEventDetails"]["name"]
            for e in self.history
            if "stateEnteredEventDetails" in e
        ]


class Lifecycle:
    """Starts executions on an embedded AWS and looks at what is there."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.stepfunctions = aws.client("stepfunctions")

    def start(
        self, request: dict[str, Any], *, machine: str = "StateMachineArn", quick: bool = True
    ) -> str:
        """Start an execution; returns its ARN."""
        given = {"wait": QUICK_WAIT, **request} if quick else request
        answer = self.stepfunctions.start_execution(
            stateMachineArn=self.aws.outputs[machine],
            name=f"test-{uuid.uuid4()}",
            input=json.dumps(given),
        )
        return str(answer["executionArn"])

    def finish(self, arn: str, seconds: float = 180) -> Execution:
        """Wait for the end of an execution."""
        deadline = time.monotonic() + seconds
        while (found := self.stepfunctions.describe_execution(executionArn=arn))[
            "status"
        ] == "RUNNING":
            assert time.monotonic() < deadline, f"{arn} still runs: {self.history(arn)[-3:]}"
            time.sleep(0.2)
        return Execution(
            arn=arn,
            status=found["status"],
            output=json.loads(found.get("output") or "{}"),
            error=found.get("error"),
            cause=found.get("cause"),
            history=self.history(arn),
        )

    def run(self, request: dict[str, Any], **options: Any) -> Execution:
        """Start an execution and wait for its end."""
        return self.finish(self.start(request, **options))

    def history(self, arn: str) -> list[dict[str, Any]]:
        pages = self.stepfunctions.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]

    def record(self, environment: str) -> dict[str, Any] | None:
        """The environment's item as DynamoDB has it."""
        item = self.aws.client("dynamodb").get_item(
            TableName=self.aws.outputs["EnvironmentsTableName"],
            Key={"environment": {"S": environment}},
        )
        found: dict[str, Any] | None = item.get("Item")
        return found

    def promotions(self, environment: str) -> list[str]:
        """The keys of what is noted of an environment's promotions."""
        pages = self.aws.client("dynamodb").get_paginator("scan")
        return [
            item["environment"]["S"]
            for page in pages.paginate(
                TableName=self.aws.outputs["EnvironmentsTableName"],
                ProjectionExpression="environment",
            )
            for item in page["Items"]
            if item["environment"]["S"].startswith(f"{environment}#")
        ]

    def running_builds(self) -> list[str]:
        """Builds that have not ended, of an artifact that is not in the table any more."""
        known = {f"{item['contentHash']}/{item['generation']}" for item in self.artifacts()}
        codebuild = self.aws.client("codebuild")
        found = [
            build
            for project in codebuild.list_projects()["projects"]
            for build_id in codebuild.list_builds_for_project(projectName=project)["ids"]
            for build in codebuild.batch_get_builds(ids=[build_id])["builds"]
        ]
        return [
            str(build["id"])
            for build in found
            if build["buildStatus"] == "IN_PROGRESS"
            and build["source"].get("location", "").partition("/build-sources/")[2][:-4]
            not in known
        ]

    def callers(self) -> dict[str, str]:
        """The role that each function has called with so far, by the function's logical id."""
        seen = [call.caller for call in self.aws.calls.calls() if call.caller]
        return {caller.name: str(caller.role_arn) for caller in seen if caller.kind == "function"}

    def artifacts(self) -> list[dict[str, Any]]:
        """The items of the artifacts table."""
        pages = self.aws.client("dynamodb").get_paginator("scan")
        read = TypeDeserializer().deserialize
        return [
            {name: read(value) for name, value in item.items()}
            for page in pages.paginate(TableName=self.aws.outputs["ArtifactsTableName"])
            for item in page["Items"]
        ]

    def objects(self, prefix: str) -> list[str]:
        """The keys of all versions and delete markers below a prefix of the artifact bucket."""
        pages = self.aws.client("s3").get_paginator("list_object_versions")
        return [
            item["Key"]
            for page in pages.paginate(Bucket=self.aws.outputs["ArtifactBucketName"], Prefix=prefix)
            for kind in ("Versions", "DeleteMarkers")
            for item in page.get(kind, [])
        ]

    def leftovers(self, environment: str) -> dict[str, list[str]]:
        """Everything in the account that belongs to an environment, looked for without the product's help."""
        aws = self.aws
        slug = environment.replace("-", "_")
        control = aws.client("bedrock-agentcore-control")
        pools = aws.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
        secrets = aws.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)[
            "SecretList"
        ]
        images = aws.client("ecr").describe_images(
            repositoryName=aws.outputs["RepositoryUri"].split("/", 1)[1]
        )
        artifacts = self.artifacts()
        known = {f"{item['contentHash']}/{item['generation']}" for item in artifacts}
        groups = aws.client("logs").describe_log_groups(
            logGroupNamePrefix="/aws/bedrock-agentcore/"
        )["logGroups"]
        found = {
            "record": [environment] if self.record(environment) else [],
            "promotions": self.promotions(environment),
            "pools": [pool["Name"] for pool in pools if pool["Name"].endswith(f"-{environment}")],
            "secrets": [
                secret["Name"] for secret in secrets if f"/{environment}/" in secret["Name"]
            ],
            "artifacts": [
                item["contentHash"] for item in artifacts if environment in item["usedBy"]
            ],
            # Of whatever environment: what no artifact of the table has put there.
            "images": [
                tag
                for image in images["imageDetails"]
                for tag in image.get("imageTags", [])
                if "/".join(tag.split("-")[:2]) not in known
            ],
            "objects": [
                key
                for prefix in ("environments/", "build-sources/", "builds/", "packages/")
                for key in self.objects(prefix)
                if "/".join(re.split(r"[/.]", key)[1:3]) not in known
            ],
            "roles": [
                role["RoleName"]
                for role in aws.client("iam").list_roles(PathPrefix="/agentcore-lifecycle/")[
                    "Roles"
                ]
                if f"-{environment}-" in role["RoleName"]
            ],
            "credential providers": [
                item["name"]
                for listed in (
                    control.list_api_key_credential_providers(),
                    control.list_oauth2_credential_providers(),
                )
                for item in listed["credentialProviders"]
                if f"--{environment}--" in item["name"]
            ],
            "runtimes": [
                runtime["agentRuntimeName"]
                for runtime in control.list_agent_runtimes()["agentRuntimes"]
                if runtime["agentRuntimeName"].endswith(f"_{slug}")
            ],
            "builds": self.running_builds(),
            "log groups": [
                group["logGroupName"] for group in groups if f"_{slug}-" in group["logGroupName"]
            ],
            "telemetry": telemetry_of(aws, environment),
        }
        return {kind: names for kind, names in found.items() if names}


def switch_search(aws: EmbeddedAws, destination: str = "CloudWatchLogs") -> None:
    """Switch Transaction Search on, or off with `XRay`."""
    transaction_search.switch_search(aws.client("logs"), aws.client("xray"), destination)


def telemetry_of(aws: EmbeddedAws, environment: str) -> list[str]:
    """What delivers the logs and traces of an environment."""
    logs, slug = aws.client("logs"), environment.replace("-", "_")
    sources = logs.describe_delivery_sources()["deliverySources"]
    places = logs.describe_delivery_destinations()["deliveryDestinations"]
    named = [each["name"] for each in (*sources, *places)]
    named += [each["deliverySourceName"] for each in logs.describe_deliveries()["deliveries"]]
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/vendedlogs/")["logGroups"]
    return [
        *(name for name in named if f"_{slug}-" in name),
        *(
            group["logGroupName"]
            for group in groups
            if group["logGroupName"].endswith(f"/{environment}")
        ),
    ]


# All that is off by default. Schedules are due so late that only a test's own clock reaches them.
PARAMETERS = {
    "NotificationEmail": "on-call@example.com",
    "SourceBucket": "the-teams-own-agents",
    "ProviderHosts": "127.0.0.1,login.example.invalid",
    "ProviderNetworks": "any",
    "GatewayFunctions": "arn:aws:lambda:*:*:function:tools-*",
    "GatewayHosts": "api.example.com,127.0.0.1,bedrock-agentcore.*.amazonaws.com",
    "RebuildEvents": "ENABLED",
    "SourceEvents": "ENABLED",
    "RebuildSchedule": "ENABLED",
    "RebuildScheduleExpression": "at(2090-01-01T03:00:00)",
    "SweepSchedule": "ENABLED",
    "SweepScheduleExpression": "at(2090-01-02T03:00:00)",
    "VerifySchedule": "ENABLED",
    "VerifyScheduleExpression": "at(2090-01-03T03:00:00)",
}


# moto's account is one a process, so `make test` runs this folder in processes of its own.
@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    delays = Delays(create=0.1, update=0.1, delete=0.1, endpoint=0.05, gateway=0.05, spans=0)
    with (
        recording.recorded_permissions() as asked,
        EmbeddedAws.start(
            state_dir=tmp_path_factory.mktemp("aws"), delays=delays, parameters=PARAMETERS
        ) as embedded,
    ):
        yield embedded
        # `make permissions` judges them.
        if folder := os.environ.get("PERMISSIONS_FOLDER"):
            recording.write(asked, embedded.client("iam"), Path(folder), f"{os.getpid()}")


@pytest.fixture
def lifecycle(aws: EmbeddedAws) -> Iterator[Lifecycle]:
    aws.faults.clear()
    yield Lifecycle(aws)
    aws.faults.clear()


@pytest.fixture
def environment(lifecycle: Lifecycle) -> Iterator[Callable[[], str]]:
    """Makes names of environments of this test's own, which are torn down after it."""
    made: list[str] = []

    def make() -> str:
        made.append(f"t{uuid.uuid4().hex[:10]}")
        return made[-1]

    yield make
    lifecycle.aws.faults.clear()
    for name in made:
        if lifecycle.record(name) is not None:
            ended = lifecycle.run({"action": "teardown", "environment": name})
            assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
        assert lifecycle.leftovers(name) == {}


@pytest.fixture
def announced(aws: EmbeddedAws) -> Iterator[Callable[[], list[str]]]:
    """The events of the stack that have come so far, as a queue gets them."""
    sqs, events = aws.client("sqs"), aws.client("events")
    name = f"announced-{uuid.uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["agentcore.lifecycle"]}))
    arn = f"arn:aws:sqs:{aws.region}:{aws.account_id}:{name}"
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn}])
    came: list[str] = []

    def take() -> list[str]:
        aws.events.flush()
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            came.extend(message["Body"] for message in found)
            for message in found:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return came

    yield take
    events.remove_targets(Rule=name, Ids=["q"])
    events.delete_rule(Name=name)
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture(scope="session")
def image(aws: EmbeddedAws) -> dict[str, Any]:
    """The bundled agent, built once; for tests that are not about the build."""
    run = Lifecycle(aws).run({"environment": "image"})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    return {"containerUri": run.output["artifact"]["containerUri"]}


@pytest.fixture(scope="session")
def uploaded(aws: EmbeddedAws) -> Callable[..., dict[str, str]]:
    """Zips an agent of `agents/` into the artifact bucket; gives the `artifact.source` of it."""

    def upload(agent: str, key: str | None = None, **changed: str) -> dict[str, str]:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            files = {
                path.name: path.read_text() for path in (AGENTS / agent).iterdir() if path.is_file()
            }
            for name, text in {**files, **changed}.items():
                archive.writestr(name, text)
        where = {"Bucket": aws.outputs["ArtifactBucketName"], "Key": key or f"uploads/{agent}.zip"}
        aws.client("s3").put_object(**where, Body=data.getvalue())
        return {"bucket": where["Bucket"], "key": where["Key"]}

    return upload


@pytest.fixture(scope="session")
def tiny(aws: EmbeddedAws, uploaded: Callable[..., dict[str, str]]) -> dict[str, Any]:
    """An agent of the standard library alone, built once: it starts at once and answers with what reached it."""
    run = Lifecycle(aws).run(
        {
            "environment": "tiny",
            "artifact": {"source": uploaded("echo")},
            "auth": {"type": "iam"},
            "smokeTest": {"expect": "echo of"},
        }
    )
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    return {"containerUri": run.output["artifact"]["containerUri"]}
