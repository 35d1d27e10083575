"""A local AWS with what the scenarios share on it, and what is there of an environment."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from dataclasses import dataclass, field
from typing import Any

from tests.embedded.conftest import AGENTS, Execution, Lifecycle, switch_search
from tests.embedded.signing_in import Provider

MACHINE = {"auth": {"flow": "clientCredentials"}}
IAM = {"auth": {"type": "iam"}}
SMOKE_TEST = {"smokeTest": {"timeoutSeconds": 20}}
# The first agent starts while every lane sets itself up.
_FIRST = {"smokeTest": {"timeoutSeconds": 120}}
# What `lifecycle.table` waits after the deadline of a call that was cut off, and a second more.
_SETTLED = 11
# Each look costs a call of the local AWS, and lanes share the processors.
_BETWEEN_LOOKS = 0.4
# Of whatever environment: what no artifact of the table has put there.
_SHARED = ("images", "objects", "builds")
_LONGEST = 300


@dataclass
class Stage:
    """A local AWS, and what the scenarios share on it.

    Attributes:
        lifecycle: Starts executions.
        provider: An OpenID provider.
        image: An image that is built already.
        jwt: The `auth` of an input that trusts the provider.
        companions: Environments that only fleets use, made when the first does.
        keyed: ARN of the secret of a credential, once there is one.
    """

    lifecycle: Lifecycle
    provider: Provider
    image: dict[str, Any]
    jwt: dict[str, Any] = field(default_factory=dict)
    companions: list[str] = field(default_factory=list)
    keyed: str = ""

    @classmethod
    def of(cls, lifecycle: Lifecycle, provider: Provider) -> Stage:
        """Build the image that most scenarios deploy."""
        made = cls(
            lifecycle,
            provider,
            {},
            {"auth": provider.auth(lifecycle.aws, "agentcore-lifecycle/m...")},
        )
        run = made.provision("image", artifact=made.source("image"), **IAM, **_FIRST)
        assert run.status == "SUCCEEDED", (run.error, run.cause)
        output = lifecycle.stepfunctions.describe_execution(executionArn=run.arn)["output"]
        made.image = {"containerUri": json.loads(output)["artifact"]["containerUri"]}
        return made

    def run(self, request: dict[str, Any], **options: Any) -> Execution:
        """Start an execution and wait for its end; without its output and history, which take long to read."""
        return self.finish(self.lifecycle.start(request, **options))

    def finish(self, arn: str) -> Execution:
        """Wait for the end of an execution."""
        deadline = time.monotonic() + _LONGEST
        describe = self.lifecycle.stepfunctions.describe_execution
        while (found := describe(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline, f"{arn} still runs"
            time.sleep(_BETWEEN_LOOKS)
        return Execution(arn, found["status"], {}, found.get("error"), found.get("cause"), [])

    def source(self, name: str, kind: str = "container", agent: str = "echo") -> dict[str, Any]:
        """An artifact of a source of its own."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for path in (AGENTS / agent).iterdir():
                if path.is_file():
                    archive.writestr(path.name, path.read_text(encoding="utf-8"))
            archive.writestr("own.txt", name)
        bucket, key = self.lifecycle.aws.outputs["ArtifactBucketName"], f"uploads/{name}.zip"
        self.lifecycle.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=data.getvalue())
        return {"type": kind, "source": {"bucket": bucket, "key": key}}

    def provision(self, name: str, **given: Any) -> Execution:
        """Provision an environment, of the built image unless another artifact is given."""
        request = {"environment": name, "artifact": self.image, **SMOKE_TEST, **given}
        return self.run(request)

    def provisioned(self, name: str, **given: Any) -> None:
        """Provision an environment, which must succeed."""
        run = self.provision(name, **given)
        assert run.status == "SUCCEEDED", (run.error, run.cause)

    def credentials(self) -> list[dict[str, Any]]:
        """One credential, whose secret every environment of the matrix may use."""
        if not self.keyed:
            tags = {"agentcore-lifecycle:credential-environments": "agentcore-lifecycle/m..."}
            self.keyed = self.lifecycle.aws.client("secretsmanager").create_secret(
                Name="matrix-key",
                SecretString='{"apiKey": "key"}',
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )["ARN"]
        return [{"name": "weather", "type": "apiKey", "secretArn": self.keyed}]

    def tools(self) -> dict[str, Any]:
        """An MCP gateway with one tool: the OpenID provider says its keys."""
        answers = {"200": {"description": "They are said."}}
        operation = {"operationId": "keys", "summary": "Says the keys.", "responses": answers}
        document = {
            "openapi": "3.0.3",
            "info": {"title": "Provider", "version": "1"},
            "servers": [{"url": self.provider.url}],
            "paths": {"/keys": {"get": operation}},
        }
        return {
            "type": "mcp",
            "targets": [{"name": "provider", "openApi": {"inline": json.dumps(document)}}],
            "test": {"tool": "provider___keys", "expect": "RS256"},
        }

    def teardown(self, name: str) -> Execution:
        """Tear an environment down."""
        return self.run({"action": "teardown", "environment": name})

    def fleet(self, **given: Any) -> Execution:
        """Run a fleet."""
        return self.run(given, machine="FleetStateMachineArn", quick=False)

    def together(self, name: str) -> list[str]:
        """An environment and two companions of it, which stay."""
        while len(self.companions) < 2:
            companion = new_name()
            self.provisioned(companion, **IAM)
            self.companions.append(companion)
        return [name, *self.companions]

    def search(self) -> None:
        """Switch Transaction Search on, which observability needs."""
        switch_search(self.lifecycle.aws)

    def expire(self, name: str) -> None:
        """Let an environment's lifetime be over."""
        self.lifecycle.aws.client("dynamodb").update_item(
            TableName=self.lifecycle.aws.outputs["EnvironmentsTableName"],
            Key={"environment": {"S": name}},
            UpdateExpression="SET expiresAt = :then",
            ExpressionAttributeValues={":then": {"N": "1"}},
        )

    def odd(self, name: str) -> str:
        """What is not as it must be with an environment that works: empty if it holds one of each, and no lock."""
        record = self.lifecycle.record(name)
        if record is None:
            return "no record"
        if "lock" in record:
            return f"locked: {record['lock']}"
        text, found = json.dumps(record), self.lifecycle.leftovers(name)
        pools = self.lifecycle.aws.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
        ids = [pool["Id"] for pool in pools if pool["Name"].endswith(f"-{name}")]
        names = [*found.get("secrets", []), *found.get("runtimes", []), *ids]
        if unknown := [each for each in names if each not in text]:
            return f"not in the record: {unknown}"
        if len(found.get("runtimes", [])) != 1 or len(ids) > 1:
            return f"not one of each: {found}"
        stray = {kind: found[kind] for kind in _SHARED if kind in found}
        return f"of no artifact: {stray}" if stray else ""

    def settles_in(self, name: str) -> float:
        """Seconds until every call of an environment's functions that was cut off counts as ended."""
        calls = (self.lifecycle.record(name) or {}).get("openCalls", {}).get("SS", [])
        last = max((int(call.split(" ")[0]) for call in calls), default=0)
        return max(0.0, last + _SETTLED - time.time()) if calls else 0.0

    def strays(self, name: str) -> bool:
        """Whether something lies in the account that other environments would be blamed for."""
        return any(kind in _SHARED for kind in self.lifecycle.leftovers(name))

    def remove(self, name: str) -> str:
        """Tear down, and say what is left then; empty if nothing is."""
        if self.lifecycle.record(name) is not None:
            removed = self.teardown(name)
            if removed.error == "EnvironmentBusyError":
                # A canary that was left behind is cleared by an execution that the end of its own has started.
                self._await_holder(name)
                removed = self.teardown(name)
            if removed.status != "SUCCEEDED":
                return f"the teardown failed: {removed.error}: {removed.cause}"
        left = self.lifecycle.leftovers(name)
        return f"left: {left}" if left else ""

    def _await_holder(self, name: str) -> None:
        """Wait until the execution that holds an environment's lock has ended."""
        deadline = time.monotonic() + _LONGEST
        while (lock := (self.lifecycle.record(name) or {}).get("lock")) is not None:
            holder = lock["M"]["execution"]["S"]
            described = self.lifecycle.stepfunctions.describe_execution(executionArn=holder)
            if described["status"] != "RUNNING" or time.monotonic() > deadline:
                return
            time.sleep(_BETWEEN_LOOKS)


def new_name() -> str:
    """A name of an environment that no other has."""
    return f"m{uuid.uuid4().hex[:10]}"
