"""The scenarios of the failure matrix: each brings an environment to a point, and then does one thing, disturbed."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.embedded.conftest import AGENTS, Execution, Lifecycle

PASSWORD: dict[str, Any] = {}
MACHINE = {"auth": {"flow": "clientCredentials"}}
IAM = {"auth": {"type": "iam"}}
_SMOKE_TEST = {"smokeTest": {"timeoutSeconds": 20}}


@dataclass
class Stage:
    """A local AWS, and what the scenarios share on it.

    Attributes:
        lifecycle: Starts executions.
        image: An image that is built already.
    """

    lifecycle: Lifecycle
    image: dict[str, Any]

    @classmethod
    def of(cls, lifecycle: Lifecycle) -> Stage:
        """Build the image that most scenarios deploy."""
        made = cls(lifecycle, {})
        run = made.provision("image", artifact=made.source("image"), **IAM)
        assert run.status == "SUCCEEDED", (run.error, run.cause)
        made.image = {"containerUri": run.output["artifact"]["containerUri"]}
        return made

    def source(self, name: str, kind: str = "container") -> dict[str, Any]:
        """An artifact of a source of its own."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for path in (AGENTS / "echo").iterdir():
                if path.is_file():
                    archive.writestr(path.name, path.read_text(encoding="utf-8"))
            archive.writestr("own.txt", name)
        bucket, key = self.lifecycle.aws.outputs["ArtifactBucketName"], f"uploads/{name}.zip"
        self.lifecycle.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=data.getvalue())
        return {"type": kind, "source": {"bucket": bucket, "key": key}}

    def provision(self, name: str, **given: Any) -> Execution:
        """Provision an environment, of the built image unless another artifact is given."""
        request = {"environment": name, "artifact": self.image, **_SMOKE_TEST, **given}
        return self.lifecycle.run(request)

    def provisioned(self, name: str, **given: Any) -> None:
        """Provision an environment, which must succeed."""
        run = self.provision(name, **given)
        assert run.status == "SUCCEEDED", (run.error, run.cause)

    def teardown(self, name: str) -> Execution:
        """Tear an environment down."""
        return self.lifecycle.run({"action": "teardown", "environment": name})

    def fleet(self, **given: Any) -> Execution:
        """Run a fleet."""
        return self.lifecycle.run(given, machine="FleetStateMachineArn", quick=False)


@dataclass(frozen=True)
class Scenario:
    """What is done while something goes wrong.

    Attributes:
        name: Its name.
        act: Does it to an environment.
        functions: Whose calls go wrong; the same call of another scenario is not tried again.
        prepare: Brings the environment to the point, undisturbed.
    """

    name: str
    act: Callable[[Stage, str], Execution]
    functions: tuple[str, ...]
    prepare: Callable[[Stage, str], None] = lambda _stage, _name: None


def _expired(stage: Stage, name: str) -> None:
    stage.provisioned(name)
    stage.lifecycle.aws.client("dynamodb").update_item(
        TableName=stage.lifecycle.aws.outputs["EnvironmentsTableName"],
        Key={"environment": {"S": name}},
        UpdateExpression="SET expiresAt = :then",
        ExpressionAttributeValues={":then": {"N": "1"}},
    )


def _trigger(stage: Stage, name: str) -> Execution:
    """Announce a rebuild, and wait for the execution that it starts; one that is never started has failed."""
    lifecycle = stage.lifecycle
    machine = lifecycle.aws.outputs["StateMachineArn"]

    def executions() -> set[str]:
        pages = lifecycle.stepfunctions.get_paginator("list_executions").paginate(
            stateMachineArn=machine
        )
        return {item["executionArn"] for page in pages for item in page["executions"]}

    before = executions()
    lifecycle.aws.client("events").put_events(
        Entries=[
            {
                "Source": "agentcore.lifecycle",
                "DetailType": "Environment Rebuild Requested",
                "Detail": json.dumps({"environment": name, "artifact": stage.image, **_SMOKE_TEST}),
            }
        ]
    )
    queue = lifecycle.aws.outputs["LostEventsUrl"]
    deadline = time.monotonic() + 120
    while not (new := executions() - before):
        lost = (
            lifecycle.aws.client("sqs")
            .receive_message(QueueUrl=queue, MessageAttributeNames=["All"], MaxNumberOfMessages=1)
            .get("Messages", [])
        )
        if lost:
            lifecycle.aws.client("sqs").delete_message(
                QueueUrl=queue, ReceiptHandle=lost[0]["ReceiptHandle"]
            )
            said = lost[0]["MessageAttributes"]
            cause = said["ErrorMessage"]["StringValue"]
            return Execution("", "FAILED", {}, "AwsCallError", cause, [])
        assert time.monotonic() < deadline, "neither started nor kept"
        time.sleep(0.2)
    return lifecycle.finish(new.pop())


def _switch(**given: Any) -> Callable[[Stage, str], Execution]:
    return lambda stage, name: stage.provision(name, **given)


_PROVISION = (
    "PrepareRequestFunction",
    "ProvisionIdentityFunction",
    "PublishArtifactFunction",
    "DeployRuntimeFunction",
    "CheckRuntimeFunction",
    "RunSmokeTestFunction",
    "PromoteVersionFunction",
    "ReportOutcomeFunction",
)
_SWITCHED = ("ProvisionIdentityFunction", "DeployRuntimeFunction", "RunSmokeTestFunction")
_REMOVING = ("DeleteRuntimeFunction", "DeleteIdentityFunction", "DeleteArtifactFunction")
_FLEET = ("SelectEnvironmentsFunction", "ReportFleetFunction")

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("provision", _switch(), _PROVISION),
        Scenario(
            "provision-machine",
            _switch(**MACHINE),
            ("ProvisionIdentityFunction", "RunSmokeTestFunction"),
        ),
        Scenario(
            "provision-build",
            lambda stage, name: stage.provision(name, artifact=stage.source(name), **IAM),
            ("PublishArtifactFunction",),
        ),
        Scenario(
            "provision-code",
            lambda stage, name: stage.provision(name, artifact=stage.source(name, "code"), **IAM),
            ("PublishArtifactFunction", "DeployRuntimeFunction"),
        ),
        Scenario(
            "rebuild",
            _switch(runtime={"description": "changed"}, tags={"team": "a"}),
            (
                "PrepareRequestFunction",
                "ProvisionIdentityFunction",
                "DeployRuntimeFunction",
                "CheckRuntimeFunction",
                "PromoteVersionFunction",
            ),
            lambda stage, name: stage.provisioned(name),
        ),
        Scenario(
            "switch-to-machine",
            _switch(**MACHINE),
            _SWITCHED,
            lambda stage, name: stage.provisioned(name),
        ),
        Scenario(
            "switch-to-password",
            _switch(),
            _SWITCHED,
            lambda stage, name: stage.provisioned(name, **MACHINE),
        ),
        Scenario(
            "switch-to-iam", _switch(**IAM), _SWITCHED, lambda stage, name: stage.provisioned(name)
        ),
        Scenario(
            "compensation",
            lambda stage, name: stage.provision(
                name, smokeTest={"expect": "never said"}, teardown="onFailure"
            ),
            ("RecordFailureFunction", *_REMOVING),
        ),
        Scenario(
            "teardown",
            lambda stage, name: stage.teardown(name),
            ("PrepareRequestFunction", *_REMOVING, "ReportOutcomeFunction"),
            lambda stage, name: stage.provisioned(name),
        ),
        Scenario(
            "teardown-machine",
            lambda stage, name: stage.teardown(name),
            ("DeleteIdentityFunction",),
            lambda stage, name: stage.provisioned(name, **MACHINE),
        ),
        Scenario(
            "teardown-build",
            lambda stage, name: stage.teardown(name),
            ("DeleteArtifactFunction",),
            lambda stage, name: stage.provisioned(name, artifact=stage.source(name), **IAM),
        ),
        Scenario(
            "fleet-verify",
            lambda stage, name: stage.fleet(action="verify", environments=[name]),
            _FLEET,
            lambda stage, name: stage.provisioned(name),
        ),
        Scenario(
            "fleet-rebuild",
            lambda stage, name: stage.fleet(action="rebuild", environments=[name]),
            _FLEET,
            lambda stage, name: stage.provisioned(name),
        ),
        Scenario(
            "fleet-sweep",
            lambda stage, _name: stage.fleet(action="sweep", removeOrphans=True),
            _FLEET,
            _expired,
        ),
        Scenario("trigger", _trigger, ("StartExecutionFunction",)),
    )
}
