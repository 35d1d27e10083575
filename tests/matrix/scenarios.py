"""The scenarios of the failure matrix: each finds an environment in a state, and does one thing to it, disturbed."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.embedded.conftest import Execution
from tests.matrix.stage import IAM, MACHINE, SMOKE_TEST, Stage

Act = Callable[[Stage, str], Execution]


@dataclass(frozen=True)
class Scenario:
    """What is done while something goes wrong.

    Attributes:
        name: Its name.
        act: Does it to an environment.
        functions: Whose calls go wrong; the same call of another scenario is not tried again.
        before: The state of the environment that it needs; empty: there is no environment yet.
        after: The state that it leaves if it succeeds; empty: nothing is there any more.
    """

    name: str
    act: Act
    functions: tuple[str, ...]
    before: str = ""
    after: str = ""


def _password(stage: Stage, name: str) -> None:
    stage.provisioned(name)


def _machine(stage: Stage, name: str) -> None:
    stage.provisioned(name, **MACHINE)


def _iam(stage: Stage, name: str) -> None:
    stage.provisioned(name)
    stage.provisioned(name, **IAM)


def _jwt(stage: Stage, name: str) -> None:
    stage.provisioned(name)
    stage.provisioned(name, **stage.jwt)


def _built(stage: Stage, name: str) -> None:
    stage.provisioned(name, artifact=stage.source(name), **IAM)


def _code(stage: Stage, name: str) -> None:
    stage.provisioned(name, artifact=stage.source(name, "code"), **IAM)


def _twice(stage: Stage, name: str) -> None:
    for mark in ("one", "two"):
        stage.provisioned(name, runtime={"description": mark})


def _marked(stage: Stage, name: str) -> None:
    for mark in ("one", "two"):
        stage.provisioned(name, runtime={"environmentVariables": {"ECHO_MARK": mark}})


def _card(stage: Stage, name: str) -> None:
    artifact = stage.source(name, agent="a2a")
    stage.provisioned(name, artifact=artifact, runtime={"protocol": "A2A"})


def _observed(stage: Stage, name: str) -> None:
    stage.search()
    stage.provisioned(name, observability=True)


def _fronted(stage: Stage, name: str) -> None:
    stage.provisioned(name, gateway={"type": "runtime"})


def _keyed(stage: Stage, name: str) -> None:
    stage.provisioned(name, credentials=stage.credentials())


def _tooled(stage: Stage, name: str) -> None:
    stage.provisioned(name, gateway=stage.tools())


def _tooled_twice(stage: Stage, name: str) -> None:
    outbound = {"credentials": stage.credentials(), "gateway": stage.tools()}
    for mark in ("one", "two"):
        stage.provisioned(name, runtime={"description": mark}, **outbound)


def _closed(stage: Stage, name: str) -> None:
    stage.provisioned(name, gateway={"type": "runtime", "only": True})


def _fronted_iam(stage: Stage, name: str) -> None:
    stage.provisioned(name, **IAM, gateway={"type": "runtime"})


def _guarded(stage: Stage, name: str) -> None:
    stage.provisioned(name, **IAM, **CLOSED)


def _guarded_twice(stage: Stage, name: str) -> None:
    for mark in ("one", "two"):
        stage.provisioned(name, **IAM, **CLOSED, runtime={"description": mark})


STATES: dict[str, Callable[[Stage, str], None]] = {
    "": lambda _stage, _name: None,
    "password": _password,
    "machine": _machine,
    "iam": _iam,
    "jwt": _jwt,
    "built": _built,
    "code": _code,
    "twice": _twice,
    "marked": _marked,
    "a2a": _card,
    "observed": _observed,
    "fronted": _fronted,
    "keyed": _keyed,
    "tooled": _tooled,
    "tooled-twice": _tooled_twice,
    "closed": _closed,
    "fronted-iam": _fronted_iam,
    "guarded": _guarded,
    "guarded-twice": _guarded_twice,
}
"""How an environment comes into each state, undisturbed."""


def _provision(**given: Any) -> Act:
    return lambda stage, name: stage.provision(name, **given)


def _provision_keyed(stage: Stage, name: str) -> Execution:
    return stage.provision(name, credentials=stage.credentials())


def _provision_tooled(stage: Stage, name: str) -> Execution:
    return stage.provision(name, gateway=stage.tools())


def _plan_outbound(stage: Stage, name: str) -> Execution:
    given = {"credentials": stage.credentials(), "gateway": stage.tools()}
    return stage.provision(name, dryRun=True, **given)


def _rebuild(stage: Stage, name: str) -> Execution:
    # Each time something else, so that an environment that was changed before changes again.
    changed = uuid.uuid4().hex[:8]
    return stage.provision(name, runtime={"description": changed}, tags={"team": changed})


def _teardown(stage: Stage, name: str) -> Execution:
    return stage.teardown(name)


def _sweep(stage: Stage, name: str) -> Execution:
    second = f"{name}-2"
    stage.provisioned(second, **IAM)
    for each in (name, second):
        stage.expire(each)
    run = stage.fleet(action="sweep", removeOrphans=True)
    left = stage.remove(second) if run.status != "SUCCEEDED" else ""
    left = left or str(stage.lifecycle.leftovers(second) or "")
    assert not left, f"{second}: {left}"
    return run


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
                "Detail": json.dumps({"environment": name, "artifact": stage.image, **SMOKE_TEST}),
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
    assert len(new) == 1, f"one event started {len(new)} executions"
    return stage.finish(new.pop())


def _cases(stage: Stage, name: str) -> Execution:
    return _with_cases(stage, name)


def _cases_guarded(stage: Stage, name: str) -> Execution:
    return _with_cases(stage, name, **IAM, **CLOSED)


def _plan_guarded(stage: Stage, name: str) -> Execution:
    return stage.provision(name, dryRun=True, **IAM, **CLOSED)


def _with_cases(stage: Stage, name: str, **given: Any) -> Execution:
    bucket = stage.lifecycle.aws.outputs["ArtifactBucketName"]
    where = {"bucket": bucket, "key": f"cases/{name}.jsonl"}
    lines = "\n".join(json.dumps({"prompt": f"{n}", "expect": "echo of"}) for n in range(3))
    stage.lifecycle.aws.client("s3").put_object(
        Bucket=bucket, Key=where["key"], Body=lines.encode()
    )
    asked = {"timeoutSeconds": 30, "casesFrom": where}
    return stage.provision(name, smokeTest=asked, **given)


def _evaluations(stage: Stage, name: str) -> Execution:
    return stage.provision(
        name,
        artifact=stage.source("instrumented", agent="instrumented"),
        smokeTest={
            "timeoutSeconds": 30,
            "evaluationSeconds": 60,
            "evaluators": [{"evaluator": "Builtin.Correctness", "minScore": 1}],
        },
    )


_PREPARE, _REPORT = "PrepareRequestFunction", "ReportOutcomeFunction"
_PROVISION = (
    _PREPARE,
    "ProvisionIdentityFunction",
    "PublishArtifactFunction",
    "DeployRuntimeFunction",
    "CheckRuntimeFunction",
    "RunSmokeTestFunction",
    "PromoteVersionFunction",
    _REPORT,
)
_REBUILT = tuple(
    name for name in _PROVISION if name not in ("PublishArtifactFunction", "RunSmokeTestFunction")
)
_CASES = (_PREPARE, "RunCasesFunction", "JudgeCasesFunction")
_EVALUATIONS = (_PREPARE, "EvaluateSessionsFunction")
_SWITCHED = ("ProvisionIdentityFunction", "DeployRuntimeFunction", "RunSmokeTestFunction")
_TO_JWT = (_PREPARE, *_SWITCHED)
_REMOVING = ("DeleteRuntimeFunction", "DeleteIdentityFunction", "DeleteArtifactFunction")
_REMOVED = (_PREPARE, *_REMOVING, _REPORT)
_PLAN = ("PlanProvisionFunction",)
_PLAN_BACK = ("PlanRollbackFunction",)
_VERIFY = (_PREPARE, "RunSmokeTestFunction", _REPORT)
_FLEET = ("SelectEnvironmentsFunction", "ReportFleetFunction")


def _compensation(stage: Stage, name: str) -> Execution:
    return stage.provision(
        name, smokeTest={"expect": "never said", "timeoutSeconds": 20}, teardown="onFailure"
    )


def _fleet(action: str) -> Act:
    return lambda stage, name: stage.fleet(action=action, environments=stage.together(name))


def _to_jwt(stage: Stage, name: str) -> Execution:
    return stage.provision(name, **stage.jwt)


def _build(kind: str) -> Act:
    return lambda stage, name: stage.provision(name, artifact=stage.source(name, kind), **IAM)


def _a2a(stage: Stage, name: str) -> Execution:
    artifact = stage.source(name, agent="a2a")
    return stage.provision(name, artifact=artifact, runtime={"protocol": "A2A"})


def _verify(stage: Stage, name: str) -> Execution:
    return stage.run({"action": "smokeTest", "environment": name, **SMOKE_TEST})


def _plan_source(stage: Stage, name: str) -> Execution:
    return stage.provision(name, artifact=stage.source(name), dryRun=True, **IAM)


def _rollback(stage: Stage, name: str) -> Execution:
    # The version that was live before is always there: each rollback goes back to where the last one came from.
    return stage.run({"action": "rollback", "environment": name, **SMOKE_TEST})


def _observe(stage: Stage, name: str) -> Execution:
    stage.search()
    return stage.provision(name, observability=True)


def _plan_rollback(stage: Stage, name: str) -> Execution:
    return stage.run({"action": "rollback", "environment": name, "dryRun": True})


def _auto_rollback(stage: Stage, name: str) -> Execution:
    # Only the version before says this. It happens once to an environment, which is removed after it.
    asked = {"expect": '"ECHO_MARK": "one"', "timeoutSeconds": 20}
    given = {"action": "smokeTest", "autoRollback": True, "environment": name}
    run = stage.run({**given, "smokeTest": asked})
    assert stage.remove(name) == ""
    return run


def _canary(stage: Stage, name: str) -> Execution:
    # Each time another description makes a new version, so that there is something to split.
    promotion = {"strategy": "canary", "steps": [50], "bakeSeconds": 1}
    described = {"description": f"canary {uuid.uuid4()}"}
    return _provision(**GATEWAY, promotion=promotion, runtime=described)(stage, name)


_BY_ITSELF = ("PrepareRollbackFunction",)
_BACK = (
    _PREPARE,
    "RestoreVersionFunction",
    "RunSmokeTestFunction",
    "PromoteVersionFunction",
    _REPORT,
)
_OBSERVING = (_PREPARE, "DeliverTelemetryFunction")
GATEWAY: dict[str, Any] = {"gateway": {"type": "runtime"}}
CLOSED: dict[str, Any] = {"gateway": {"type": "runtime", "only": True}}
_FRONTING = ("DeployGatewayFunction", "TestGatewayFunction")
_KEYED = (_PREPARE, "DeployCredentialsFunction")
_CLOSING = ("DeployGatewayFunction", "DeployRuntimeFunction", "RunSmokeTestFunction")
_OPENING = ("DeployRuntimeFunction", "DeployGatewayFunction")
_VERIFY_BOTH = ("RunSmokeTestFunction", "TestGatewayFunction")
_UNGUARDING = ("DeleteGatewayFunction", "DeleteRuntimeFunction")
_SPLITTING = ("ShiftTrafficFunction", "JudgeStepFunction", "ClearCanaryFunction")
_DEPLOYING = ("PublishArtifactFunction", "DeployRuntimeFunction")
_SIGNING_IN = ("ProvisionIdentityFunction", "RunSmokeTestFunction")

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("provision", _provision(), _PROVISION, "", "password"),
        Scenario("provision-machine", _provision(**MACHINE), _SIGNING_IN, "", "machine"),
        Scenario("provision-build", _build("container"), _DEPLOYING[:1], "", "built"),
        Scenario("plan", _provision(dryRun=True), _PLAN, "password", "password"),
        Scenario("plan-machine", _provision(dryRun=True, **MACHINE), _PLAN, "machine", "machine"),
        Scenario("plan-build", _plan_source, _PLAN, "built", "built"),
        Scenario("plan-new", _plan_source, _PLAN),
        Scenario("provision-code", _build("code"), _DEPLOYING, "", "code"),
        Scenario("provision-a2a", _a2a, ("RunSmokeTestFunction",), "", "a2a"),
        Scenario("rebuild", _rebuild, _REBUILT, "password", "password"),
        Scenario("verify", _verify, _VERIFY, "password", "password"),
        Scenario("plan-rollback", _plan_rollback, _PLAN_BACK, "twice", "twice"),
        Scenario("rollback", _rollback, _BACK, "twice", "twice"),
        Scenario("auto-rollback", _auto_rollback, _BY_ITSELF, "marked"),
        Scenario("cases", _cases, _CASES, "password", "password"),
        Scenario("observe", _observe, _OBSERVING, "password", "observed"),
        Scenario("observe-no-more", _provision(), _OBSERVING[1:], "observed", "password"),
        Scenario("provision-gateway", _provision(**GATEWAY), _FRONTING, "password", "fronted"),
        Scenario("verify-gateway", _verify, ("TestGatewayFunction",), "fronted", "fronted"),
        Scenario("close", _provision(**CLOSED), _CLOSING, "fronted", "closed"),
        Scenario("verify-closed", _verify, ("RunSmokeTestFunction",), "closed", "closed"),
        Scenario("close-iam", _provision(**IAM, **CLOSED), _CLOSING, "fronted-iam", "guarded"),
        Scenario("open-iam", _provision(**IAM, **GATEWAY), _OPENING, "guarded", "fronted-iam"),
        Scenario("verify-guarded", _verify, _VERIFY_BOTH, "guarded", "guarded"),
        Scenario("cases-guarded", _cases_guarded, _CASES[1:], "guarded", "guarded"),
        Scenario("plan-guarded", _plan_guarded, _PLAN, "guarded", "guarded"),
        Scenario("plan-back-guarded", _plan_rollback, _PLAN_BACK, "guarded-twice", "guarded-twice"),
        Scenario("teardown-guarded", _teardown, _UNGUARDING, "guarded"),
        Scenario("canary", _canary, _SPLITTING, "fronted", "fronted"),
        Scenario("teardown-gateway", _teardown, ("DeleteGatewayFunction",), "fronted"),
        Scenario("provision-keyed", _provision_keyed, _KEYED, "password", "keyed"),
        Scenario("keyed-no-more", _provision(), _KEYED[1:], "keyed", "password"),
        Scenario("teardown-keyed", _teardown, ("DeleteCredentialsFunction",), "keyed"),
        Scenario("plan-keyed", _plan_outbound, _PLAN, "keyed", "keyed"),
        Scenario("provision-tooled", _provision_tooled, _FRONTING, "password", "tooled"),
        Scenario("plan-tooled", _plan_outbound, _PLAN, "tooled", "tooled"),
        Scenario("plan-back", _plan_rollback, _PLAN_BACK, "tooled-twice", "tooled-twice"),
        Scenario("verify-tooled", _verify, ("TestGatewayFunction",), "tooled", "tooled"),
        Scenario("tooled-no-more", _provision(), _FRONTING[:1], "tooled", "password"),
        Scenario("teardown-tooled", _teardown, ("DeleteGatewayFunction",), "tooled"),
        Scenario("teardown-observed", _teardown, ("DeleteTelemetryFunction",), "observed"),
        Scenario("evaluations", _evaluations, _EVALUATIONS, "password", "password"),
        Scenario("switch-to-machine", _provision(**MACHINE), _SWITCHED, "password", "machine"),
        Scenario("switch-from-machine", _provision(), _SWITCHED, "machine", "password"),
        Scenario("switch-to-iam", _provision(**IAM), _SWITCHED, "password", "iam"),
        Scenario("switch-from-iam", _provision(), _SWITCHED, "iam", "password"),
        Scenario("switch-to-jwt", _to_jwt, _TO_JWT, "password", "jwt"),
        Scenario("switch-from-jwt", _provision(), _SWITCHED, "jwt", "password"),
        Scenario("compensation", _compensation, ("RecordFailureFunction", *_REMOVING)),
        Scenario("teardown", _teardown, _REMOVED, "password"),
        Scenario("teardown-machine", _teardown, ("DeleteIdentityFunction",), "machine"),
        Scenario("teardown-jwt", _teardown, ("DeleteIdentityFunction",), "jwt"),
        Scenario("teardown-build", _teardown, ("DeleteArtifactFunction",), "built"),
        Scenario("teardown-code", _teardown, ("DeleteArtifactFunction",), "code"),
        Scenario("fleet-verify", _fleet("verify"), _FLEET, "password", "password"),
        Scenario("fleet-rebuild", _fleet("rebuild"), _FLEET, "password", "password"),
        Scenario("fleet-sweep", _sweep, _FLEET, "password"),
        Scenario("trigger", _trigger, ("StartExecutionFunction",), "", "password"),
    )
}
