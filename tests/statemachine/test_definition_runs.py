"""The definition, executed: every state is entered, every rule of every Choice, every default and every Catch is taken.

The engine is the embedded AWS's; the functions are stand-ins that answer as each scenario says, so that the
definition alone is on trial. All scenarios run at once, each an execution of its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lifecycle.errors import (
    ArtifactBuildError,
    CanaryFailedError,
    CredentialsError,
    EnvironmentBusyError,
    GatewayError,
    GatewayTestError,
    InvalidRequestError,
    LockLostError,
    ObservabilityError,
    RoleNotReadyError,
    RuntimeFailedError,
    ServiceUnavailableError,
    SmokeTestError,
    TeardownIncompleteError,
    ThrottledError,
    WaitTimeoutError,
)
from lifecycle.outcome.cause import readable
from lifecycle.outcome.failure import FailureEvent
from lifecycle.outcome.report import OutcomeEvent
from lifecycle.request.cases.plan import plan_cases
from lifecycle.request.model import Request, parse_request
from lifecycle.stages import STAGES, Machine
from local.embedded import EmbeddedAws
from tests.foreign.engines.reference import Evaluations
from tests.statemachine.execution import Run, follow, uncovered
from tests.statemachine.history import events_of

pytestmark = pytest.mark.embedded
ROOT = Path(__file__).parents[2]
DEFINITION = json.loads((ROOT / "statemachine" / "lifecycle.asl.json").read_text())
QUICK = {"wait": {"intervalSeconds": 0, "maxIntervalSeconds": 1, "timeoutSeconds": 60}}

Answer = dict[str, Any] | Exception
REMOVED = {"removed": ["one"], "wouldRemove": [], "kept": [], "lookedFor": ["one", "two"]}
LEARNED = {"build": [[55, 60]]}
LEARNED_MORE = {**LEARNED, "create": [[8, 10]]}
LOOK = {"kind": "create", "since": 1764158617.5, "at": 1764158618.5, "waitSeconds": 0}
DONE = {"done": True, "look": None, "learned": LEARNED_MORE}
NOT_YET = {"done": False, "look": LOOK, "learned": LEARNED}
RUNTIME = {"id": "r-0123456789", "version": "1", "endpoint": "DEFAULT"}
PLAN: dict[str, Any] = {
    "identity": [{"resource": "user pool", "change": "unchanged", "details": []}],
    "runtime": {"change": "unchanged", "differences": [], "repaired": ["one"]},
}
DELIVERED = {"logGroup": "g", "sources": {}, "deliveries": {}, "traces": "aws/spans"}
CREDENTIALS = {"providers": [], "roleArn": "arn", "change": "created", "repaired": []}
GATEWAY = {
    "id": "g-0123456789",
    "url": "https://g.example.com",
    "endpoint": "https://g.example.com/live/invocations",
    "change": "created",
    "repaired": ["role changed"],
}
GATEWAY_TESTED = {
    "id": "g-0123456789",
    "url": "https://g.example.com",
    "endpoint": "https://g.example.com/live/invocations",
    "checks": [{"name": "answered"}],
}
SPLIT: dict[str, Any] = {"version": "2", "liveVersion": "1", "direct": None, "steps": []}
USUAL: dict[str, Answer] = {
    "plan_provision": {"plan": PLAN},
    "plan_rollback": {"plan": {**PLAN, "version": {"version": "1"}}},
    "restore_version": {
        **DONE,
        "gone": False,
        "runtime": {**RUNTIME, "endpoint": "candidate"},
    },
    "prepare_rollback": {
        "autoRollback": {
            "fromVersion": "3",
            "toVersion": "2",
            "refused": None,
            "smokeTest": {"passed": False, "endpoint": "live"},
        },
        "request": parse_request({"action": "rollback", "version": "2", **QUICK}).to_json(),
        "cases": None,
        "evaluations": None,
    },
    "provision_identity": {
        "auth": {"type": "cognito", "clientId": "c"},
        "repaired": ["user enabled"],
    },
    "publish_artifact": {**DONE, "artifact": {"type": "container", "digest": "sha256:0"}},
    "deploy_runtime": {**NOT_YET, "runtime": RUNTIME, "change": "created", "repaired": []},
    "check_runtime": {**DONE, "redeploy": False, "status": "READY", "runtime": RUNTIME},
    "deliver_telemetry": {"observability": DELIVERED, "repaired": ["delivery deleted"]},
    "deploy_credentials": {"credentials": CREDENTIALS, "repaired": ["provider deleted"]},
    "delete_credentials": {**REMOVED, "removed": ["provider"]},
    "delete_telemetry": {**REMOVED, "removed": ["log group"]},
    "run_smoke_test": {
        "smokeTest": {"passed": True, "endpoint": "DEFAULT", "checks": [], "sessionId": "s-0"},
        "casesDeadline": 1764158700.5,
    },
    "run_cases": {
        "results": [{"index": 0, "asked": 1, "passed": 1, "milliseconds": [5]}],
        "sessionId": "s-1",
        "answered": 2,
    },
    "judge_cases": {"smokeTest": {"passed": True, "checks": [], "cases": {"total": 5}}},
    "evaluate_sessions": {
        "done": True,
        "spanLook": None,
        "smokeTest": {"passed": True, "checks": [], "evaluations": [{"score": 0.9}]},
    },
    "promote_version": {
        **DONE,
        "promotion": {"endpoint": "live", "version": "1", "previousVersion": None},
        "runtime": {**RUNTIME, "endpoint": "live"},
    },
    "shift_traffic": {**DONE, "canary": SPLIT},
    "judge_step": {"canary": SPLIT, "over": True},
    "clear_canary": {**DONE, "repaired": ["rule left behind"]},
    "deploy_gateway": {**DONE, "gateway": GATEWAY, "repaired": ["role changed"]},
    "test_gateway": {
        "passed": True,
        **GATEWAY_TESTED,
        "answer": "42",
        "sessionId": "s-2",
    },
    "delete_gateway": {**DONE, **REMOVED, "removed": ["gateway"]},
    "delete_runtime": {**DONE, **REMOVED},
    "delete_identity": {**REMOVED, "removed": ["two"]},
    "delete_artifact": {
        **REMOVED,
        "removed": [],
        "kept": [{"resource": "three", "reason": "not ours"}],
    },
}


@dataclass(frozen=True)
class Scenario:
    """One execution: its input, what stages answer before they answer as usual, and how it must end."""

    name: str
    input: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    error: str | None = None
    cause: str = ""
    visits: tuple[str, ...] = ()
    avoids: tuple[str, ...] = ()


UNCHANGED: Answer = {**DONE, "runtime": RUNTIME, "change": "unchanged", "repaired": []}
BUILDING: Answer = {**NOT_YET, "artifact": {"type": "container"}}
CREATING: Answer = {**NOT_YET, "redeploy": False, "status": "CREATING", "runtime": RUNTIME}
MOVING: Answer = {**NOT_YET, "promotion": {"version": "1"}, "runtime": RUNTIME}
GOING: Answer = {**NOT_YET, **REMOVED, "removed": []}
RESTORING: Answer = {**NOT_YET, "gone": False, "runtime": None}
GONE: Answer = {**DONE, "gone": True, "runtime": None}
INCOMPLETE = TeardownIncompleteError("left: the pool")
OBSERVED = {"observability": True}
FRONTED = {"gateway": {"type": "runtime"}}
CLOSED = {"gateway": {"type": "runtime", "only": True}}
# The runtime of an environment answers only its gateway.
IS_CLOSED: dict[str, Any] = {"gateway": True, "closes": True}
NOT_READY = ServiceUnavailableError("target candidate is still CREATING")
ATTACHING: Answer = {**NOT_YET, "gateway": None, "repaired": []}
CANARY = {**FRONTED, "promotion": {"strategy": "canary", "steps": [5, 50], "bakeSeconds": 1}}
SHIFTING: Answer = {**NOT_YET, "canary": SPLIT}
DIRECT: Answer = {**DONE, "canary": {**SPLIT, "direct": "live serves the version already"}}
NOT_OVER: Answer = {"canary": SPLIT, "over": False}
CLEARING: Answer = {**NOT_YET, "repaired": []}
# Something that splits calls was left behind.
LEFT_CANARY: dict[str, Any] = {"leftCanary": True}
OFF: Answer = {**DONE, "gateway": None, "repaired": []}
# An environment that has a gateway.
HAS_GATEWAY: dict[str, Any] = {"gateway": True}
# An environment that has credentials.
HAS_CREDENTIALS: dict[str, Any] = {"credentials": True}
NO_CREDENTIALS: Answer = {"credentials": None, "repaired": []}
# What a scenario may say of an environment, beside what its input says.
PREPARED = {*IS_CLOSED, *LEFT_CANARY, *HAS_GATEWAY, *HAS_CREDENTIALS}
CASE = {"prompt": "6 × 7?", "expect": "42"}
CASES = {"smokeTest": {"cases": [CASE] * 5}}
VERIFY = {"action": "smokeTest", "autoRollback": True}
NO_WAY_BACK: Answer = {
    "autoRollback": {"fromVersion": "3", "refused": "it says nothing of the version"},
    "request": None,
    "cases": None,
    "evaluations": None,
}

EVALUATORS = {"smokeTest": {"evaluators": [{"evaluator": "Builtin.Correctness", "minScore": 0.8}]}}
BOTH = {"smokeTest": {**CASES["smokeTest"], **EVALUATORS["smokeTest"]}}
EVALUATED_BACK: Answer = {
    **USUAL["prepare_rollback"],  # type: ignore[dict-item]
    "evaluations": {
        "evaluators": [{"evaluator": "Builtin.Helpfulness", "minScore": 0.5, "level": "TRACE"}]
    },
}
SPAN_LOOK = {"number": 1, "since": 1764158700.5, "records": 0, "waitSeconds": 0}
NO_SPANS: Answer = {"done": False, "spanLook": SPAN_LOOK, "smokeTest": {"passed": True}}

SCENARIOS = [
    Scenario(
        "unchanged",
        answers={"deploy_runtime": [UNCHANGED]},
        visits=("Promote the version",),
        avoids=("Delete the runtime", "Record the failure", "Wait for the runtime"),
    ),
    # A first provision: a build, a runtime and an endpoint take their time.
    Scenario(
        "five-polls",
        answers={
            "publish_artifact": [BUILDING, BUILDING],
            "check_runtime": [CREATING],
            "promote_version": [MOVING],
        },
        visits=("Wait for the build", "Wait for the runtime", "Wait for the endpoint"),
        avoids=("Report the failure",),
    ),
    Scenario(
        "round-trip",
        {"teardown": "always"},
        {
            "publish_artifact": [BUILDING, BUILDING],
            "check_runtime": [CREATING, CREATING],
            "promote_version": [MOVING],
            "delete_runtime": [GOING],
        },
        visits=(
            "Wait for the build",
            "Wait for the runtime",
            "Wait for the endpoint",
            "Wait for the deletion",
            "Delete the artifact",
        ),
    ),
    Scenario(
        "teardown",
        {"action": "teardown"},
        visits=("Delete the runtime",),
        avoids=("Provision the identity", "Run the smoke test"),
    ),
    Scenario(
        "dry-run",
        {"dryRun": True},
        visits=("Plan the provision", "Report the outcome"),
        avoids=("Provision the identity", "Run the smoke test"),
    ),
    Scenario(
        "no-plan",
        {"dryRun": True, "teardown": "onFailure"},
        {"plan_provision": [ArtifactBuildError("no such source")]},
        error="ArtifactBuildError",
        cause="no such source",
        # Nothing was done, so there is nothing to record and nothing to tear down.
        avoids=("Record the failure", "Delete the runtime"),
    ),
    Scenario(
        "dry-rollback",
        {"action": "rollback", "dryRun": True, **CASES},
        visits=("Plan the rollback", "Report the outcome"),
        avoids=("Restore the version", "Provision the identity", "Run the smoke test"),
    ),
    Scenario(
        "no-plan-of-a-rollback",
        {"action": "rollback", "dryRun": True},
        {"plan_rollback": [SmokeTestError("nobody knows how its callers sign in")]},
        error="SmokeTestError",
        cause="nobody knows",
        avoids=("Record the failure", "Delete the runtime"),
    ),
    Scenario(
        "smoke-test",
        {"action": "smokeTest"},
        visits=("Run the smoke test",),
        avoids=("Promote the version", "Provision the identity"),
    ),
    Scenario(
        "rollback",
        {"action": "rollback"},
        {"restore_version": [RESTORING], "promote_version": [MOVING]},
        visits=("Wait for the candidate", "Run the smoke test", "Promote the version"),
        avoids=("Provision the identity", "Deploy the runtime", "Delete the runtime"),
    ),
    Scenario(
        "rollback-to-what-is-gone",
        {"action": "rollback", "version": "2"},
        {"restore_version": [RESTORING, GONE]},
        visits=("Provision the identity", "Deploy the runtime", "Promote the version"),
    ),
    Scenario(
        "not-restored",
        {"action": "rollback"},
        {"restore_version": [RuntimeFailedError("no candidate")]},
        error="RuntimeFailedError",
        cause="no candidate",
        avoids=("Run the smoke test", "Delete the runtime"),
    ),
    Scenario(
        "rollback-failed",
        {"action": "rollback"},
        {"run_smoke_test": [SmokeTestError("it is broken, too")]},
        error="SmokeTestError",
        avoids=("Promote the version", "Delete the runtime"),
    ),
    Scenario(
        "rolled-back-by-itself",
        {**VERIFY, **CASES},
        {
            "judge_cases": [SmokeTestError("passed 3 of 5")],
            "restore_version": [RESTORING],
            "promote_version": [MOVING],
        },
        error="SmokeTestError",
        cause="rolled back from 3 to 2, which passed the same gate; passed 3 of 5",
        visits=("Prepare the rollback", "Wait for the candidate", "Promote the version"),
        avoids=("Provision the identity", "Delete the runtime", "Report the outcome"),
    ),
    Scenario(
        "rolled-back-for-a-score",
        {**VERIFY, **EVALUATORS},
        {
            "evaluate_sessions": [NO_SPANS, SmokeTestError("scored 0.2")],
            "prepare_rollback": [EVALUATED_BACK],
        },
        error="SmokeTestError",
        cause="rolled back from 3 to 2, which passed the same gate; scored 0.2",
        visits=("Wait for the spans", "Prepare the rollback", "Promote the version"),
    ),
    Scenario(
        "not-rolled-back",
        VERIFY,
        {
            "run_smoke_test": [SmokeTestError("undecided")],
            "prepare_rollback": [NO_WAY_BACK],
        },
        error="SmokeTestError",
        cause="not rolled back, and live serves no version: it says nothing of the version; undecided",
        visits=("Prepare the rollback",),
        avoids=("Restore the version",),
    ),
    Scenario(
        "rollback-not-prepared",
        VERIFY,
        {
            "run_smoke_test": [SmokeTestError("wrong answer")],
            "prepare_rollback": [LockLostError("taken over")],
        },
        error="SmokeTestError",
        cause="wrong answer; the rollback ended with LockLostError: taken over",
        avoids=("Restore the version",),
    ),
    Scenario(
        "rolled-back-to-what-is-gone",
        VERIFY,
        {"run_smoke_test": [SmokeTestError("wrong answer")], "restore_version": [GONE]},
        error="SmokeTestError",
        cause="AgentCore no longer has version 2",
        avoids=("Provision the identity", "Run the cases"),
    ),
    Scenario(
        "rollback-fails-too",
        VERIFY,
        {"run_smoke_test": [SmokeTestError("wrong answer"), SmokeTestError("wrong, too")]},
        error="SmokeTestError",
        cause="wrong answer; the rollback ended with SmokeTestError: wrong, too",
        visits=("Restore the version", "Record the failure"),
        avoids=("Promote the version",),
    ),
    Scenario(
        "rolled-back-and-not-reported",
        VERIFY,
        {
            "run_smoke_test": [SmokeTestError("wrong answer")],
            "report_outcome": [TeardownIncompleteError("bus refused")],
        },
        error="SmokeTestError",
        cause="wrong answer",
        visits=("Promote the version",),
    ),
    Scenario(
        "redeploy",
        answers={"check_runtime": [{**CREATING, "redeploy": True}]},  # type: ignore[dict-item]
        visits=("Deploy the runtime", "Check the runtime"),
    ),
    Scenario(
        "heals",
        answers={
            "provision_identity": [ThrottledError("slow down")],
            "deploy_runtime": [RoleNotReadyError("not yet")],
        },
        avoids=("Record the failure",),
    ),
    Scenario(
        "invalid",
        {"colour": 1},
        error="InvalidRequestError",
        cause="colour",
        avoids=("Record the failure",),
    ),
    Scenario(
        "busy",
        answers={"prepare_request": [EnvironmentBusyError("held by another")]},
        error="EnvironmentBusyError",
        cause="held by another",
        avoids=("Record the failure", "Delete the runtime"),
    ),
    Scenario(
        "no-identity",
        {"teardown": "onFailure"},
        {"provision_identity": [LockLostError("no pool")], "publish_artifact": [BUILDING]},
        error="LockLostError",
        cause="no pool",
        # The other branch comes to its end before anything is removed: nothing is made behind the teardown's back.
        visits=("Identity not provisioned", "Artifact published", "Is there a failure to report?"),
    ),
    Scenario(
        "no-artifact",
        answers={"publish_artifact": [ArtifactBuildError("build 7 failed")]},
        error="ArtifactBuildError",
        cause="build 7 failed",
        visits=("Provision the identity", "Artifact not published"),
        avoids=("Delete the runtime",),
    ),
    Scenario(
        "a-bug-in-a-branch",
        answers={"publish_artifact": [{"artifact": {}}]},
        error="States.QueryEvaluationError",
        visits=("Record the failure",),
    ),
    Scenario(
        "no-deploy",
        answers={"deploy_runtime": [SmokeTestError("stand-in")]},
        error="SmokeTestError",
    ),
    Scenario(
        "runtime-failed",
        {"teardown": "onFailure"},
        {"check_runtime": [CREATING, RuntimeFailedError("the image cannot be pulled")]},
        error="RuntimeFailedError",
        cause="the image cannot be pulled",
        visits=("Delete the artifact",),
    ),
    Scenario(
        "smoke-test-failed",
        answers={"run_smoke_test": [SmokeTestError("no token was let in")]},
        error="SmokeTestError",
        avoids=("Promote the version", "Delete the runtime"),
    ),
    Scenario(
        "cases",
        CASES,
        {"run_cases": [ThrottledError("slow down")]},
        visits=("Run a batch of cases", "Judge the cases", "Promote the version"),
        avoids=("Batch not run", "Record the failure"),
    ),
    Scenario(
        "one-case",
        {"action": "smokeTest", "smokeTest": {"cases": [CASE]}},
        visits=("Run a batch of cases", "Judge the cases"),
        avoids=("Promote the version",),
    ),
    # The other batches come to their end: none asks the agent behind the teardown's back.
    Scenario(
        "batch-not-run",
        {**CASES, "teardown": "onFailure"},
        {"run_cases": [LockLostError("taken over"), LockLostError("taken over")]},
        error="LockLostError",
        cause="taken over",
        visits=("Batch not run", "Record the failure", "Delete the runtime"),
        avoids=("Judge the cases", "Promote the version"),
    ),
    Scenario(
        "no-batches",
        CASES,
        {
            "prepare_request": [
                {
                    "request": parse_request(CASES).to_json(),
                    "cases": {},
                    "telemetry": False,
                    "gateway": False,
                    "credentials": False,
                    "closes": False,
                    "canary": None,
                    "leftCanary": False,
                    "evaluations": None,
                    "learned": LEARNED,
                }
            ]
        },
        error="States.QueryEvaluationError",
        visits=("Run the cases", "Record the failure"),
        avoids=("Run a batch of cases",),
    ),
    Scenario(
        "cases-failed",
        CASES,
        {"judge_cases": [SmokeTestError("passed 3 of 5")]},
        error="SmokeTestError",
        cause="passed 3 of 5",
        visits=("Record the failure",),
        avoids=("Promote the version", "Delete the runtime"),
    ),
    Scenario(
        "observed",
        OBSERVED,
        {"check_runtime": [CREATING]},
        visits=("Deliver the telemetry", "Run the smoke test"),
        avoids=("Delete the telemetry", "Record the failure"),
    ),
    Scenario(
        "observed-unchanged",
        OBSERVED,
        {"deploy_runtime": [UNCHANGED], "deliver_telemetry": [ThrottledError("slow down")]},
        visits=("Deliver the telemetry",),
        avoids=("Wait for the runtime",),
    ),
    Scenario(
        "observed-round-trip",
        {**OBSERVED, "teardown": "always"},
        {"delete_runtime": [GOING]},
        visits=("Deliver the telemetry", "Delete the telemetry", "Delete the artifact"),
    ),
    # Nothing becomes live unobserved, and what was made of it goes with the rest.
    Scenario(
        "not-delivered",
        {**OBSERVED, "teardown": "onFailure"},
        {"deliver_telemetry": [ObservabilityError("somebody else has it")]},
        error="ObservabilityError",
        cause="somebody else has it",
        visits=("Delete the telemetry", "Delete the artifact"),
        avoids=("Run the smoke test", "Promote the version"),
    ),
    Scenario(
        "telemetry-left",
        {**OBSERVED, "teardown": "always"},
        {"delete_telemetry": [INCOMPLETE]},
        error="TeardownIncompleteError",
        cause="left: the pool",
        avoids=("Delete the identity",),
    ),
    Scenario(
        "fronted",
        FRONTED,
        {"deploy_gateway": [ATTACHING]},
        visits=("Promote the version", "Wait for the gateway", "Test the gateway"),
        avoids=("Delete the gateway", "Record the failure"),
    ),
    Scenario(
        "fronted-round-trip",
        {**FRONTED, "teardown": "always"},
        {"delete_gateway": [GOING]},
        visits=("Test the gateway", "Wait for the gateway to go", "Delete the runtime"),
        avoids=("Record the failure",),
    ),
    Scenario(
        "closed",
        CLOSED,
        {"deploy_gateway": [NOT_READY, {**DONE, "gateway": GATEWAY, "repaired": []}, NOT_READY]},
        visits=(
            "Make the gateway",
            "Deploy the runtime",
            "Point the gateway at the version",
            "Run the smoke test",
            "Deploy the gateway",
            "Test the gateway",
        ),
        avoids=("Deliver the telemetry", "Record the failure"),
    ),
    Scenario(
        "closed-unchanged-and-observed",
        {**CLOSED, **OBSERVED},
        {"deploy_runtime": [UNCHANGED]},
        visits=("Point the gateway at the version", "Deliver the telemetry", "Run the smoke test"),
        avoids=("Record the failure",),
    ),
    Scenario(
        "closed-rolled-back",
        {"action": "rollback"},
        {"prepare_request": [IS_CLOSED]},
        visits=(
            "Restore the version",
            "Point the gateway at the version",
            "Run the smoke test",
            "Deploy the gateway",
        ),
        avoids=("Make the gateway", "Deliver the telemetry", "Record the failure"),
    ),
    Scenario(
        "no-gateway-to-close-to",
        CLOSED,
        {"deploy_gateway": [GatewayError("somebody else has it")]},
        error="GatewayError",
        cause="somebody else has it",
        avoids=("Deploy the runtime",),
    ),
    Scenario(
        "canary",
        CANARY,
        {
            "shift_traffic": [SHIFTING],
            "judge_step": [NOT_OVER],
            "clear_canary": [CLEARING],
        },
        visits=(
            *("Run the smoke test", "Shift the traffic", "Wait for the shift", "Wait out the step"),
            *("Judge the step", "Promote the version", "Clear the canary"),
            *("Wait for the canary to go", "Deploy the gateway", "Test the gateway"),
        ),
        avoids=("Record the failure",),
    ),
    Scenario(
        "canary-failed",
        CANARY,
        {"judge_step": [CanaryFailedError("step 1 of 2 at 5 %")]},
        error="CanaryFailedError",
        cause="step 1 of 2 at 5 %",
        visits=("Record the failure", "Clear the canary", "Report the failure"),
        avoids=("Promote the version", "Deploy the gateway"),
    ),
    Scenario(
        "canary-failed-and-removed",
        {**CANARY, "teardown": "onFailure"},
        {"shift_traffic": [CanaryFailedError("no capacity")]},
        error="CanaryFailedError",
        cause="no capacity",
        visits=("Record the failure", "Delete the gateway", "Delete the artifact"),
        avoids=("Promote the version", "Clear the canary"),
    ),
    Scenario(
        "canary-not-shifted",
        CANARY,
        {"shift_traffic": [CanaryFailedError("no capacity")]},
        error="CanaryFailedError",
        cause="no capacity",
        # The call that failed may have made something.
        visits=("Record the failure", "Clear the canary", "Report the failure"),
        avoids=("Judge the step", "Promote the version"),
    ),
    Scenario(
        "canary-of-a-closed-runtime",
        {**CLOSED, "promotion": CANARY["promotion"]},
        {"judge_step": [NOT_OVER]},
        visits=(
            *("Make the gateway", "Deploy the runtime", "Point the gateway at the version"),
            *("Run the smoke test", "Shift the traffic", "Judge the step", "Promote the version"),
            *("Clear the canary", "Deploy the gateway", "Test the gateway"),
        ),
        avoids=("Record the failure",),
    ),
    Scenario(
        "canary-after-cases",
        {**CANARY, **CASES},
        {},
        visits=("Judge the cases", "Shift the traffic", "Promote the version"),
        avoids=("Record the failure",),
    ),
    Scenario(
        "canary-after-evaluators",
        {**CANARY, **EVALUATORS},
        {},
        visits=("Evaluate the sessions", "Shift the traffic", "Promote the version"),
        avoids=("Record the failure",),
    ),
    Scenario(
        "no-way-to-the-version",
        CLOSED,
        {"deploy_gateway": [{**DONE, "gateway": GATEWAY, "repaired": []}, GatewayError("no")]},
        error="GatewayError",
        cause="no",
        visits=("Point the gateway at the version", "Record the failure"),
        avoids=("Run the smoke test",),
    ),
    Scenario(
        "canary-direct",
        CANARY,
        {"shift_traffic": [DIRECT]},
        visits=("Shift the traffic", "Promote the version", "Deploy the gateway"),
        avoids=("Wait out the step", "Clear the canary"),
    ),
    Scenario(
        "canary-left",
        {"action": "smokeTest"},
        {"prepare_request": [LEFT_CANARY], "clear_canary": [CLEARING]},
        visits=("Clear the canary", "Wait for the canary to go", "Run the smoke test"),
        avoids=("Record the failure",),
    ),
    Scenario(
        "canary-left-provision",
        {},
        {"prepare_request": [LEFT_CANARY]},
        visits=("Clear the canary", "Provision the identity", "Promote the version"),
        avoids=("Record the failure",),
    ),
    Scenario(
        "canary-stays",
        {},
        {"prepare_request": [LEFT_CANARY], "clear_canary": [WaitTimeoutError("still there")]},
        error="WaitTimeoutError",
        cause="still there",
        visits=("Clear the canary", "Report the failure"),
        avoids=("Record the failure", "Provision the identity"),
    ),
    Scenario(
        "canary-stays-and-all-is-removed",
        {"teardown": "onFailure"},
        {
            "prepare_request": [LEFT_CANARY | HAS_GATEWAY],
            "clear_canary": [WaitTimeoutError("still there")],
        },
        error="WaitTimeoutError",
        cause="still there",
        visits=("Clear the canary", "Record the failure", "Delete the gateway"),
        avoids=("Provision the identity",),
    ),
    # `live` serves the version already.
    Scenario(
        "canary-not-cleared",
        CANARY,
        {"clear_canary": [CLEARING, WaitTimeoutError("still there")]},
        error="WaitTimeoutError",
        cause="still there",
        visits=("Promote the version", "Clear the canary", "Report the failure"),
        avoids=("Deploy the gateway", "Delete the gateway"),
    ),
    Scenario(
        "canary-not-cleared-and-all-removed",
        {**CANARY, "teardown": "onFailure"},
        {"clear_canary": [CLEARING, WaitTimeoutError("still there")]},
        error="WaitTimeoutError",
        cause="still there",
        visits=("Promote the version", "Record the failure", "Delete the gateway"),
        avoids=("Deploy the gateway",),
    ),
    Scenario(
        "canary-not-cleared-and-not-all-removed",
        {**CANARY, "teardown": "always"},
        {"clear_canary": [WaitTimeoutError("still there")], "delete_gateway": [INCOMPLETE]},
        error="WaitTimeoutError",
        cause="still there (left: the pool)",
        visits=("Promote the version", "Record the failure", "Delete the gateway"),
        avoids=("Deploy the gateway", "Delete the runtime"),
    ),
    Scenario(
        "canary-failed-and-not-cleared",
        CANARY,
        {
            "judge_step": [CanaryFailedError("step 1 of 2 at 5 %")],
            "clear_canary": [WaitTimeoutError("still there")],
        },
        error="CanaryFailedError",
        cause="step 1 of 2 at 5 % (still there)",
        visits=("Record the failure", "Clear the canary", "Report the failure"),
        avoids=("Promote the version", "Delete the gateway"),
    ),
    Scenario(
        "switched-off",
        {},
        {"prepare_request": [HAS_GATEWAY], "deploy_gateway": [ATTACHING, OFF]},
        visits=("Wait for the gateway", "What follows the gateway?"),
        avoids=("Test the gateway", "Delete the gateway"),
    ),
    Scenario(
        "fronted-teardown",
        {"action": "teardown"},
        {"prepare_request": [HAS_GATEWAY]},
        visits=("Delete the gateway", "Delete the runtime"),
    ),
    Scenario(
        "gateway-left",
        {"action": "teardown"},
        {"prepare_request": [HAS_GATEWAY], "delete_gateway": [INCOMPLETE]},
        error="TeardownIncompleteError",
        cause="left: the pool",
        avoids=("Delete the runtime",),
    ),
    # The version stays live, and so does the gateway.
    Scenario(
        "gateway-failed",
        FRONTED,
        {"deploy_gateway": [GatewayError("no capacity")]},
        error="GatewayError",
        cause="no capacity",
        visits=("Promote the version", "Record the failure"),
        avoids=("Test the gateway", "Delete the gateway"),
    ),
    Scenario(
        "gateway-not-proven",
        {**FRONTED, "teardown": "onFailure"},
        {"test_gateway": [GatewayTestError("answered 401")]},
        error="GatewayTestError",
        cause="answered 401",
        visits=("Record the failure", "Delete the gateway", "Delete the runtime"),
    ),
    Scenario(
        "fronted-verification",
        {"action": "smokeTest"},
        {"prepare_request": [HAS_GATEWAY]},
        visits=("Test the gateway",),
        avoids=("Deploy the gateway", "Promote the version"),
    ),
    Scenario(
        "fronted-verification-of-cases",
        {"action": "smokeTest", **CASES},
        {"prepare_request": [HAS_GATEWAY]},
        visits=("Judge the cases", "Test the gateway"),
    ),
    Scenario(
        "fronted-verification-of-sessions",
        {"action": "smokeTest", **EVALUATORS},
        {"prepare_request": [HAS_GATEWAY]},
        visits=("Evaluate the sessions", "Test the gateway"),
    ),
    # A gateway that fails says nothing about the version: the stage that decides refuses.
    Scenario(
        "fronted-verification-failed",
        VERIFY,
        {
            "prepare_request": [HAS_GATEWAY],
            "test_gateway": [GatewayTestError("answered 401")],
            "prepare_rollback": [NO_WAY_BACK],
        },
        error="GatewayTestError",
        cause="answered 401",
        avoids=("Restore the version",),
    ),
    # The version before may sign its callers in otherwise.
    Scenario(
        "fronted-auto-rollback",
        VERIFY,
        {
            "prepare_request": [HAS_GATEWAY],
            "run_smoke_test": [SmokeTestError("refused: answered")],
        },
        error="SmokeTestError",
        visits=("Promote the version", "Deploy the gateway", "Test the gateway"),
    ),
    Scenario(
        "credentials",
        {},
        {"prepare_request": [HAS_CREDENTIALS]},
        visits=("Deploy the credentials", "Deploy the runtime", "Retire the credentials"),
        avoids=("Deploy the gateway", "Delete the credentials", "Record the failure"),
    ),
    Scenario(
        "credentials-and-gateway",
        {**FRONTED, "teardown": "always"},
        {"prepare_request": [{**HAS_CREDENTIALS, **HAS_GATEWAY}]},
        visits=(
            "Test the gateway",
            "Retire the credentials",
            "Delete the gateway",
            "Delete the credentials",
        ),
    ),
    Scenario(
        "credentials-of-a-closed-runtime",
        CLOSED,
        {"prepare_request": [{**IS_CLOSED, **HAS_CREDENTIALS}]},
        visits=(
            "Deploy the credentials",
            "Make the gateway",
            "Deploy the runtime",
            "Point the gateway at the version",
            "Test the gateway",
            "Retire the credentials",
        ),
        avoids=("Record the failure",),
    ),
    Scenario(
        "credentials-and-canary",
        CANARY,
        {"prepare_request": [{**HAS_CREDENTIALS, **HAS_GATEWAY}]},
        visits=("Deploy the credentials", "Judge the step", "Retire the credentials"),
        avoids=("Record the failure",),
    ),
    Scenario(
        "credentials-round-trip",
        {"teardown": "always"},
        {"prepare_request": [HAS_CREDENTIALS]},
        visits=("Retire the credentials", "Delete the runtime", "Delete the credentials"),
        avoids=("Delete the gateway", "Delete the telemetry"),
    ),
    Scenario(
        "credentials-and-telemetry",
        {**OBSERVED, "teardown": "always"},
        {"prepare_request": [HAS_CREDENTIALS]},
        visits=("Delete the credentials", "Delete the telemetry", "Delete the identity"),
    ),
    Scenario(
        "credentials-left-out",
        {},
        {"prepare_request": [HAS_CREDENTIALS], "deploy_credentials": [NO_CREDENTIALS] * 2},
        visits=("Retire the credentials",),
    ),
    Scenario(
        "credentials-failed",
        {"teardown": "onFailure"},
        {
            "prepare_request": [HAS_CREDENTIALS],
            "deploy_credentials": [CredentialsError("somebody else's")],
        },
        error="CredentialsError",
        cause="somebody else's",
        visits=("Record the failure", "Delete the credentials"),
        avoids=("Deploy the runtime",),
    ),
    Scenario(
        "credentials-not-retired",
        {},
        {
            "prepare_request": [HAS_CREDENTIALS],
            "deploy_credentials": [{"credentials": None, "repaired": []}, CredentialsError("no")],
        },
        error="CredentialsError",
        cause="no",
        visits=("Promote the version", "Record the failure"),
    ),
    Scenario(
        "credentials-teardown",
        {"action": "teardown"},
        {"prepare_request": [HAS_CREDENTIALS]},
        visits=("Delete the credentials", "Delete the identity"),
        avoids=("Delete the telemetry",),
    ),
    Scenario(
        "credentials-incomplete-teardown",
        {"action": "teardown"},
        {"prepare_request": [HAS_CREDENTIALS], "delete_credentials": [INCOMPLETE]},
        error="TeardownIncompleteError",
        cause="left: the pool",
        avoids=("Delete the identity",),
    ),
    Scenario(
        "credentials-rollback",
        {"action": "rollback"},
        {"prepare_request": [HAS_CREDENTIALS]},
        visits=("Deploy the credentials", "Restore the version", "Retire the credentials"),
        avoids=("Deploy the runtime",),
    ),
    Scenario(
        "credentials-rollback-anew",
        {"action": "rollback"},
        {"prepare_request": [HAS_CREDENTIALS], "restore_version": [GONE]},
        visits=("Restore the version", "Deploy the runtime", "Retire the credentials"),
    ),
    Scenario(
        "credentials-verification",
        {"action": "smokeTest"},
        {"prepare_request": [HAS_CREDENTIALS]},
        avoids=("Deploy the credentials", "Retire the credentials"),
    ),
    Scenario(
        "credentials-auto-rollback",
        VERIFY,
        {
            "prepare_request": [HAS_CREDENTIALS],
            "run_smoke_test": [SmokeTestError("refused: answered")],
        },
        error="SmokeTestError",
        visits=("Prepare the rollback", "Deploy the credentials", "Retire the credentials"),
    ),
    Scenario(
        "evaluators",
        EVALUATORS,
        {"evaluate_sessions": [NO_SPANS, ThrottledError("slow down")]},
        visits=("Wait for the spans", "Are the sessions evaluated?", "Promote the version"),
        avoids=("Run the cases", "Record the failure"),
    ),
    Scenario(
        "evaluators-after-cases",
        BOTH,
        visits=("Judge the cases", "Evaluate the sessions", "Promote the version"),
        avoids=("Wait for the spans",),
    ),
    Scenario(
        "evaluators-of-a-smoke-test",
        {"action": "smokeTest", **EVALUATORS},
        visits=("Evaluate the sessions", "Report the outcome"),
        avoids=("Promote the version",),
    ),
    Scenario(
        "evaluations-failed",
        {**EVALUATORS, "teardown": "onFailure"},
        {"evaluate_sessions": [NO_SPANS, SmokeTestError("scored 0.2")]},
        error="SmokeTestError",
        cause="scored 0.2",
        visits=("Record the failure", "Delete the runtime"),
        avoids=("Promote the version",),
    ),
    Scenario(
        "not-promoted",
        answers={"promote_version": [WaitTimeoutError("late")]},
        error="WaitTimeoutError",
    ),
    Scenario(
        "not-recorded",
        {"teardown": "onFailure"},
        {
            "run_smoke_test": [SmokeTestError("first")],
            "record_failure": [LockLostError("taken over")],
        },
        error="SmokeTestError",
        cause="first (taken over)",
        # Whoever lost the lock must not tear down what another is building, and a person must hear of it.
        avoids=("Delete the runtime",),
    ),
    Scenario(
        "not-recorded-nothing-to-tear-down",
        {},
        {"run_smoke_test": [SmokeTestError("first")], "record_failure": [LockLostError("lost")]},
        error="SmokeTestError",
        cause="first",
        avoids=("Delete the runtime",),
    ),
    Scenario(
        "runtime-left",
        {"action": "teardown"},
        {"delete_runtime": [INCOMPLETE]},
        error="TeardownIncompleteError",
        avoids=("Delete the identity",),
    ),
    Scenario(
        "identity-left",
        {"action": "teardown"},
        {"delete_identity": [INCOMPLETE]},
        error="TeardownIncompleteError",
        avoids=("Delete the artifact",),
    ),
    Scenario(
        "artifact-left",
        {"teardown": "onFailure"},
        {"run_smoke_test": [SmokeTestError("first")], "delete_artifact": [INCOMPLETE]},
        error="SmokeTestError",
        cause="left: the pool",
    ),
    Scenario(
        "not-reported",
        answers={"report_outcome": [TeardownIncompleteError("bus refused")]},
        error="TeardownIncompleteError",
        cause="bus refused",
    ),
    Scenario(
        "failed-and-not-reported",
        answers={
            "run_smoke_test": [SmokeTestError("first")],
            "report_outcome": [TeardownIncompleteError("bus refused")],
        },
        error="SmokeTestError",
        cause="first",
    ),
]


def canary_of(request: Any) -> dict[str, Any] | None:
    promotion = request.promotion
    if promotion is None or promotion.strategy == "direct":
        return None
    return {"steps": promotion.weights, "bakeSeconds": 0, "direct": None}


def evaluations_of(request: Request) -> dict[str, Any] | None:
    """What `prepare_request` says of the evaluators."""
    planned = [
        {"evaluator": one.id, "minScore": one.min_score, "level": "TRACE"}
        for one in request.smoke_test.evaluators
    ]
    return {"evaluators": planned} if planned else None


class StandIns:
    """The functions: each answers what its scenario says, then as usual."""

    def __init__(self) -> None:
        self.left = {
            s.name: {stage: list(answers) for stage, answers in s.answers.items()}
            for s in SCENARIOS
        }
        self.events: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def functions(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        return {stage.function: self._function(stage.handler) for stage in STAGES}

    def _function(self, stage: str) -> Callable[[dict[str, Any]], Any]:
        def function(event: dict[str, Any]) -> Any:
            scenario = event["execution"].rpartition(":")[2]
            self.events.setdefault((scenario, stage), []).append(event)
            scripted = self.left[scenario].get(stage)
            answer = scripted.pop(0) if scripted else self._usual(stage, event)
            if isinstance(answer, dict) and answer.keys() <= PREPARED:
                answer = {**self._usual(stage, event), **answer}
            if isinstance(answer, Exception):
                raise answer
            return answer

        return function

    def _usual(self, stage: str, event: dict[str, Any]) -> Any:
        if stage == "prepare_request":
            request = parse_request(event["input"])
            plan = plan_cases(request, None)
            cases = plan.model_dump(by_alias=True) if plan else None
            return {
                "request": request.to_json(),
                "cases": cases,
                "telemetry": request.observability,
                "gateway": request.gateway is not None,
                "credentials": bool(request.credentials),
                "closes": request.gateway is not None and request.gateway.only,
                "canary": canary_of(request),
                "leftCanary": False,
                "evaluations": evaluations_of(request),
                "learned": LEARNED,
            }
        if stage == "record_failure":
            return readable(FailureEvent.model_validate(event).failure).model_dump()
        if stage == "report_outcome":
            outcome = OutcomeEvent.model_validate(event)
            caught = outcome.failure or outcome.teardown_failure
            failure = readable(caught).model_dump() if caught else None
            if outcome.verified is not None:
                failure = outcome.verified.told(None).model_dump()
            if failure and outcome.failure and outcome.teardown_failure:
                failure["cause"] += f" ({readable(outcome.teardown_failure).cause})"
            return {"output": event, "failure": failure}
        return USUAL[stage]


@pytest.fixture(scope="module")
def stand_ins() -> StandIns:
    return StandIns()


@pytest.fixture(scope="module")
def runs(
    stand_ins: StandIns, evaluations: Evaluations, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Run]]:
    with EmbeddedAws.start(
        state_dir=tmp_path_factory.mktemp("aws"), functions=stand_ins.functions()
    ) as aws:
        client = aws.client("stepfunctions")
        arn = aws.outputs["StateMachineArn"]
        started = {
            scenario.name: client.start_execution(
                stateMachineArn=arn,
                name=scenario.name,
                input=json.dumps(
                    {**({} if "colour" in scenario.input else QUICK), **scenario.input}
                ),
            )["executionArn"]
            for scenario in SCENARIOS
        }
        runs = {name: follow(client, execution) for name, execution in started.items()}
        yield runs


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario, runs: dict[str, Run]) -> None:
    run = runs[scenario.name]
    if scenario.error is None:
        assert run.description["status"] == "SUCCEEDED", run.description
    else:
        assert run.description["status"] == "FAILED"
        assert run.description["error"] == scenario.error
        assert scenario.cause in run.description["cause"]
        assert "stackTrace" not in run.description["cause"]
    entered = run.entered()
    assert [name for name in scenario.visits if name not in entered] == []
    assert [name for name in scenario.avoids if name in entered] == []


def test_each_batch_gets_its_range_and_the_one_deadline(
    runs: dict[str, Run], stand_ins: StandIns
) -> None:
    assert runs
    events = stand_ins.events["cases", "run_cases"]
    # One was throttled, and asked again.
    assert len(events) == 5
    asked = {(event["batch"]["from"], event["batch"]["to"]) for event in events}
    assert asked == {(0, 1), (1, 2), (2, 3), (3, 5)}
    for event in events:
        assert event["casesDeadline"] == 1764158700.5
        assert (event["endpoint"], event["source"], event["batches"]) == ("DEFAULT", None, 4)
    (judged,) = stand_ins.events["cases", "judge_cases"]
    assert (judged["total"], len(judged["batches"])) == (5, 4)
    assert [batch["results"][0]["index"] for batch in judged["batches"]] == [0] * 4
    (one,) = stand_ins.events["one-case", "run_cases"]
    assert (one["batch"], one["batches"]) == ({"from": 0, "to": 1}, 1)
    (judged,) = stand_ins.events["one-case", "judge_cases"]
    assert judged["batches"] == [
        {"results": USUAL["run_cases"]["results"], "session": {"id": "s-1", "questions": 2}}  # type: ignore[index]
    ]


def test_the_output_has_the_cases_and_no_pass_of_a_version_that_failed_them(
    runs: dict[str, Run], stand_ins: StandIns
) -> None:
    output = json.loads(runs["cases"].description["output"])
    assert output["smokeTest"]["cases"] == {"total": 5}
    assert output["timings"]["smokeTest"] >= 0
    # The report of a smoke test that failed is in the record.
    (event,) = stand_ins.events["cases-failed", "report_outcome"]
    assert event["smokeTest"] is None
    (event,) = stand_ins.events["batch-not-run", "report_outcome"]
    assert event["smokeTest"]["passed"] is False


def test_the_output_has_what_delivers_and_the_drift_of_it(
    runs: dict[str, Run], stand_ins: StandIns
) -> None:
    output = json.loads(runs["observed"].description["output"])
    assert output["observability"] == DELIVERED
    assert output["repaired"] == ["user enabled", "delivery deleted"]
    assert output["timings"]["telemetry"] >= 0
    removed = json.loads(runs["observed-round-trip"].description["output"])["teardown"]["removed"]
    assert removed == ["one", "log group", "two"]
    (event,) = stand_ins.events["unchanged", "report_outcome"]
    assert event["observability"] is None
    assert ("unchanged", "deliver_telemetry") not in stand_ins.events


def test_what_a_canary_that_was_not_cleared_removes_has_a_deadline_of_its_own(
    runs: dict[str, Run], stand_ins: StandIns
) -> None:
    name = "canary-not-cleared-and-all-removed"
    assert runs[name].entered().count("Clear the canary") == 2
    *_, cleared = stand_ins.events[name, "clear_canary"]
    (gateway,) = stand_ins.events[name, "delete_gateway"]
    assert cleared["deadline"] < gateway["deadline"]
    assert (cleared["look"], gateway["look"]) == (LOOK, None)
    (event,) = stand_ins.events[name, "report_outcome"]
    assert event["teardown"]["removed"] == ["gateway", "one", "two"]
    assert event["teardownFailure"] is None


def test_what_a_canary_left_behind_is_named_before_the_drift(runs: dict[str, Run]) -> None:
    output = json.loads(runs["canary-left-provision"].description["output"])
    assert output["repaired"][:2] == ["rule left behind", "user enabled"]


def test_the_output_has_the_gateway_its_checks_and_the_drift_of_it(
    runs: dict[str, Run], stand_ins: StandIns
) -> None:
    output = json.loads(runs["fronted"].description["output"])
    assert output["gateway"] == {**GATEWAY, **GATEWAY_TESTED}
    assert output["repaired"] == ["user enabled", "role changed"]
    assert output["timings"]["gateway"] >= 0
    assert output["timings"]["gatewayTest"] >= 0
    removed = json.loads(runs["fronted-round-trip"].description["output"])["teardown"]["removed"]
    assert removed == ["gateway", "one", "two"]
    verified = json.loads(runs["fronted-verification"].description["output"])["gateway"]
    assert verified == {"change": None, "repaired": [], **GATEWAY_TESTED}
    (event,) = stand_ins.events["switched-off", "report_outcome"]
    assert event["gateway"] is None
    (event,) = stand_ins.events["unchanged", "report_outcome"]
    assert event["gateway"] is None
    assert ("unchanged", "deploy_gateway") not in stand_ins.events


def test_the_output_has_the_credentials_and_the_drift_of_them(
    runs: dict[str, Run], stand_ins: StandIns
) -> None:
    output = json.loads(runs["credentials"].description["output"])
    assert output["credentials"] == CREDENTIALS
    assert output["repaired"] == ["user enabled", "provider deleted"]
    assert output["timings"]["credentials"] >= 0
    before, after = stand_ins.events["credentials", "deploy_credentials"]
    assert "promoted" not in before
    assert after["promoted"] is True
    (event,) = stand_ins.events["credentials-left-out", "report_outcome"]
    assert event["credentials"] is None
    assert ("unchanged", "deploy_credentials") not in stand_ins.events
    removed = json.loads(runs["credentials-round-trip"].description["output"])["teardown"][
        "removed"
    ]
    assert removed == ["one", "provider", "two"]


def test_each_loop_of_a_teardown_has_a_deadline_of_its_own(
    runs: dict[str, Run], stand_ins: StandIns
) -> None:
    assert runs
    first, second = stand_ins.events["fronted-round-trip", "delete_gateway"]
    (after,) = stand_ins.events["fronted-round-trip", "delete_runtime"]
    assert first["deadline"] == second["deadline"] < after["deadline"]
    assert (second["look"], after["look"]) == (LOOK, None)


def test_the_evaluation_gets_every_session_and_its_last_look(
    runs: dict[str, Run], stand_ins: StandIns
) -> None:
    assert runs
    first, throttled, last = stand_ins.events["evaluators", "evaluate_sessions"]
    assert (first["spanLook"], throttled["spanLook"]) == (None, SPAN_LOOK)
    assert throttled == last
    assert first["sessions"] == [{"id": "s-0", "questions": 1}]
    assert first["evaluations"]["evaluators"][0]["evaluator"] == "Builtin.Correctness"
    assert first["casesDeadline"] == 1764158700.5
    (after,) = stand_ins.events["evaluators-after-cases", "evaluate_sessions"]
    batch = {"id": "s-1", "questions": 2}
    assert after["sessions"] == [{"id": "s-0", "questions": 1}, *[batch] * 4]
    assert after["smokeTest"]["cases"] == {"total": 5}


def test_the_output_has_the_evaluations_and_no_pass_of_a_version_that_failed_them(
    runs: dict[str, Run], stand_ins: StandIns
) -> None:
    output = json.loads(runs["evaluators"].description["output"])
    assert output["smokeTest"]["evaluations"] == [{"score": 0.9}]
    assert output["timings"]["evaluations"] >= 0
    # The loop of the endpoint begins with its whole time, and without the look of another loop.
    (promoted,) = stand_ins.events["evaluators", "promote_version"]
    assert promoted["look"] is None
    # The report is in the record.
    (event,) = stand_ins.events["evaluations-failed", "report_outcome"]
    assert event["smokeTest"] is None


LOOPS = {
    "publish_artifact": "round-trip",
    "check_runtime": "round-trip",
    "promote_version": "round-trip",
    "delete_runtime": "round-trip",
    "restore_version": "rollback",
}


@pytest.mark.parametrize("stage", LOOPS)
def test_each_call_of_a_loop_gets_the_deadline_and_what_the_last_one_said(
    stage: str, runs: dict[str, Run], stand_ins: StandIns
) -> None:
    assert runs
    first, *later = stand_ins.events[LOOPS[stage], stage]
    for event in (first, *later):
        assert 0 < event["deadline"] - time.time() + 120 <= 180
    # The runtime's first look is the deployment's.
    assert first["look"] == (LOOK if stage == "check_runtime" else None)
    assert later
    assert [event["look"] for event in later] == [LOOK] * len(later)
    early = ("publish_artifact", "check_runtime", "restore_version")
    known = LEARNED if stage in early else LEARNED_MORE
    assert first["learned"] == known


def test_a_deployment_looks_first(runs: dict[str, Run], stand_ins: StandIns) -> None:
    assert "Check the runtime" not in runs["unchanged"].entered()
    first, again = stand_ins.events["redeploy", "deploy_runtime"]
    assert (first["look"], again["look"]) == (None, LOOK)


@pytest.mark.parametrize(("scenario", "learned"), [("five-polls", LEARNED_MORE), ("busy", {})])
def test_the_report_gets_what_was_learned(
    scenario: str, learned: dict[str, Any], runs: dict[str, Run], stand_ins: StandIns
) -> None:
    assert runs
    (event,) = stand_ins.events[scenario, "report_outcome"]
    assert event["learned"] == learned


def test_a_provision_that_polls_five_times_enters_at_most_thirty_states(
    runs: dict[str, Run], capsys: pytest.CaptureFixture[str]
) -> None:
    entered = runs["five-polls"].entered()
    assert sum(name.startswith("Wait for") for name in entered) == 5
    with capsys.disabled():
        print(
            f"\ntransitions: {len(entered)} with five polls, {len(runs['unchanged'].entered())} with none"
        )
    assert len(entered) <= 30
    assert len(runs["unchanged"].entered()) <= 15


@pytest.mark.parametrize(
    "scenario",
    ["unchanged", "five-polls", "round-trip", "teardown", "redeploy", "dry-run", "rollback"],
)
def test_the_events_of_a_history_follow_from_its_states(
    scenario: str, runs: dict[str, Run]
) -> None:
    """`test_history.py` counts the events of the longest execution like this."""
    run = runs[scenario]
    assert len(run.history) == events_of(DEFINITION, run.entered())


def test_the_output_gathers_what_every_stage_said(runs: dict[str, Run]) -> None:
    output = json.loads(runs["round-trip"].description["output"])
    assert output["auth"] == {"type": "cognito", "clientId": "c"}
    assert output["runtime"]["endpoint"] == "live"
    assert output["repaired"] == ["user enabled"]
    assert output["teardown"] == {
        "dryRun": False,
        "removed": ["one", "two"],
        "wouldRemove": [],
        "kept": [{"resource": "three", "reason": "not ours"}],
        "lookedFor": ["one", "two"],
    }
    stages = ["prepare", "identity", "artifact", "runtime", "smokeTest", "promote", "teardown"]
    assert sorted(output["timings"]) == sorted(stages)
    assert all(seconds >= 0 for seconds in output["timings"].values())


def test_a_dry_run_of_a_provision_enters_four_states_and_has_its_plan(
    runs: dict[str, Run],
) -> None:
    assert len(runs["dry-run"].entered()) == 4
    output = json.loads(runs["dry-run"].description["output"])
    assert output["plan"] == PLAN
    assert sorted(output["timings"]) == ["plan", "prepare"]
    assert json.loads(runs["teardown"].description["output"])["plan"] is None


def test_a_dry_run_of_a_rollback_enters_four_states_and_hears_of_the_cases(
    runs: dict[str, Run], stand_ins: StandIns
) -> None:
    assert len(runs["dry-rollback"].entered()) == 4
    output = json.loads(runs["dry-rollback"].description["output"])
    assert output["plan"]["version"] == {"version": "1"}
    (event,) = stand_ins.events["dry-rollback", "plan_rollback"]
    assert event["cases"]["total"] == 5


def test_a_rollback_tests_the_candidate_and_tells_what_live_serves(
    runs: dict[str, Run], stand_ins: StandIns
) -> None:
    output = json.loads(runs["rollback"].description["output"])
    assert output["request"]["action"] == "rollback"
    assert output["promotion"]["version"] == "1"
    assert sorted(output["timings"]) == ["prepare", "promote", "restore", "smokeTest"]
    (tested,) = stand_ins.events["rollback", "run_smoke_test"]
    assert tested["runtime"]["endpoint"] == "candidate"
    anew = json.loads(runs["rollback-to-what-is-gone"].description["output"])
    assert (anew["request"]["action"], anew["request"]["version"]) == ("rollback", "2")
    (tested,) = stand_ins.events["rollback-to-what-is-gone", "run_smoke_test"]
    assert tested["runtime"]["endpoint"] == "DEFAULT"


def test_a_rollback_by_itself_asks_what_the_version_before_was_asked(
    runs: dict[str, Run], stand_ins: StandIns
) -> None:
    assert runs
    (event,) = stand_ins.events["rolled-back-by-itself", "prepare_rollback"]
    assert event["input"] == {**QUICK, **VERIFY, **CASES}
    assert event["failure"] == {"Error": "SmokeTestError", "Cause": "passed 3 of 5"}
    # The cases are those of the new request, which has none.
    assert len(stand_ins.events["rolled-back-by-itself", "judge_cases"]) == 1
    first, last = stand_ins.events["rolled-back-by-itself", "run_smoke_test"]
    assert (first["request"]["action"], last["request"]["action"]) == ("smokeTest", "rollback")
    assert last["runtime"]["endpoint"] == "candidate"
    promoted = stand_ins.events["rolled-back-by-itself", "promote_version"]
    assert [event["automatic"] for event in promoted] == [True, True]
    assert stand_ins.events["rollback", "promote_version"][0]["automatic"] is False
    (told,) = stand_ins.events["rolled-back-by-itself", "report_outcome"]
    assert told["verification"] == {"Error": "SmokeTestError", "Cause": "passed 3 of 5"}
    assert told["failure"] is None
    assert told["autoRollback"]["toVersion"] == "2"
    assert told["promotion"]["version"] == "1"
    (told,) = stand_ins.events["rollback-fails-too", "report_outcome"]
    assert told["failure"] == {"Error": "SmokeTestError", "Cause": "wrong, too"}
    # The evaluators are those of the new request, and the loop begins anew.
    *_, last = stand_ins.events["rolled-back-for-a-score", "evaluate_sessions"]
    assert last["spanLook"] is None
    assert last["evaluations"] == EVALUATED_BACK["evaluations"]  # type: ignore[index]
    # A verification without it does nothing of the kind.
    assert ("smoke-test", "prepare_rollback") not in stand_ins.events


def test_a_failed_report_hears_the_first_error_and_the_teardowns(
    stand_ins: StandIns, runs: dict[str, Run]
) -> None:
    assert runs["artifact-left"].description["error"] == "SmokeTestError"
    (event,) = stand_ins.events["artifact-left", "report_outcome"]
    assert event["failure"] == {"Error": "SmokeTestError", "Cause": "first"}
    assert event["teardownFailure"]["Error"] == "TeardownIncompleteError"


def test_coverage_of_the_definition_is_complete(
    runs: dict[str, Run], capsys: pytest.CaptureFixture[str]
) -> None:
    missing, total = uncovered(DEFINITION, runs.values())
    with capsys.disabled():
        print(
            f"\ndefinition coverage: {100 * (total - len(missing)) / total:.0f} % "
            f"of {total} states and transitions"
        )
    assert missing == set()


def test_every_function_of_the_lifecycle_was_called(
    stand_ins: StandIns, runs: dict[str, Run]
) -> None:
    assert runs
    called = {stage for _, stage in stand_ins.events}
    assert called == {stage.handler for stage in STAGES if stage.machine is Machine.LIFECYCLE}
    assert InvalidRequestError.__name__ == runs["invalid"].description["error"]


def test_the_reference_engine_evaluates_every_expression_alike(
    runs: dict[str, Run], evaluations: Evaluations
) -> None:
    assert runs
    assert evaluations.missing(DEFINITION) == []
    assert evaluations.differences() == []
