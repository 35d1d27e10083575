"""Each function calls with a role of its own, and what the role's policies do not allow is refused.

So every test of this folder that succeeds has shown that the policies allow what it needed, by action and resource.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lifecycle.stages import STAGES, Machine
from tests.embedded.conftest import switch_search
from tests.foreign.engines import iam

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module", autouse=True)
def calls() -> Iterator[list[iam.Call]]:
    """Every call of this module's lifecycles that was held against a role's policies."""
    with iam.recorded_calls() as recorded:
        yield recorded


def test_every_function_has_a_role_of_its_own(
    lifecycle: Any, environment: Callable[[], str]
) -> None:
    name = environment()
    cases: dict[str, Any] = {"smokeTest": {"cases": [{"prompt": "6 × 7?", "expect": r"\S"}]}}
    switch_search(lifecycle.aws)
    changed: dict[str, Any] = {
        "runtime": {"description": "changed"},
        "observability": True,
        "gateway": {"type": "runtime"},
    }
    actions = [{"action": action} for action in ("smokeTest", "rollback", "teardown")]
    planned: dict[str, Any] = {"action": "rollback", "dryRun": True}
    for request in ({"dryRun": True}, cases, changed, planned, *actions):
        run = lifecycle.run({"environment": name, **request})
        assert run.status == "SUCCEEDED", (run.error, run.cause)
    callers = lifecycle.callers()
    assert len(set(callers.values())) == len(callers)
    usual = {stage.function for stage in STAGES if stage.machine is Machine.LIFECYCLE}
    # Only after a failure, or with evaluators; tests of their own see them.
    others = {"RecordFailureFunction", "PrepareRollbackFunction", "EvaluateSessionsFunction"}
    # Only with credentials, and in a canary; test_credentials and test_canary see them.
    others |= {"DeployCredentialsFunction", "DeleteCredentialsFunction"}
    others |= {"ShiftTrafficFunction", "JudgeStepFunction", "ClearCanaryFunction"}
    assert usual - others <= set(callers)


@pytest.fixture
def without(lifecycle: Any) -> Iterator[Callable[[str, str], None]]:
    """Takes an action out of a function's policy; it is back after the test."""
    iam = lifecycle.aws.client("iam")
    before: list[dict[str, Any]] = []

    def take(function: str, action: str) -> None:
        (role,) = [
            role["RoleName"]
            for role in iam.list_roles()["Roles"]
            if role["RoleName"].startswith(f"agentcore-lifecycle-{function}Role-")
        ]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            policy = iam.get_role_policy(RoleName=role, PolicyName=name)
            document = policy["PolicyDocument"]
            before.append(
                {"RoleName": role, "PolicyName": name, "PolicyDocument": json.dumps(document)}
            )
            kept = [
                {**statement, "Action": [a for a in actions if a != action]}
                for statement in document["Statement"]
                if (actions := listed(statement["Action"])) != [action]
            ]
            document = json.dumps({**document, "Statement": kept})
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)

    yield take
    for policy in before:
        iam.put_role_policy(**policy)


def listed(actions: Any) -> list[str]:
    return [actions] if isinstance(actions, str) else [*actions]


@pytest.mark.parametrize(
    ("function", "action", "resource"),
    [
        ("DeployRuntimeFunction", "iam:PassRole", ":role/agentcore-lifecycle-AgentExecutionRole-"),
        ("CheckRuntimeFunction", "bedrock-agentcore:GetAgentRuntime", ":runtime/"),
        ("ReportOutcomeFunction", "events:PutEvents", ":event-bus/default"),
    ],
)
def test_what_a_policy_does_not_allow_is_refused_as_in_aws(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    without: Callable[[str, str], None],
    function: str,
    action: str,
    resource: str,
) -> None:
    without(function, action)
    name = environment()
    run = lifecycle.run({"environment": name, "artifact": tiny, "auth": {"type": "iam"}})
    assert run.status == "FAILED"
    assert f"is not authorized to perform: {action} on resource: arn:aws:" in run.cause
    assert resource in run.cause


def test_an_evaluator_that_is_not_ours_judges_every_call_alike(calls: list[iam.Call]) -> None:
    """The calls are those of the lifecycles above: whole ones, and some that were refused."""
    asked = iam.to_be_judged(calls)
    assert len(asked) > 100
    verdicts = dict(zip(asked, iam.judged([*asked.values()]), strict=True))
    assert [verdict for verdict in verdicts.values() if verdict.startswith("error")] == []
    differences = []
    for call in calls:
        refused = {
            (each.action, each.resource): verdicts[each.key()]
            for each in call.asked
            if each.key() in verdicts and verdicts[each.key()] != iam.ALLOWED
        }
        if bool(refused) != (call.refusal is not None):
            differences.append((refused, call.refusal))
    assert differences == []
    assert any(call.refusal for call in calls)


def test_that_evaluator_denies_each_call_whose_action_is_taken_away(calls: list[iam.Call]) -> None:
    asked = [each.without_its_action() for each in iam.to_be_judged(calls).values()]
    allowed = [
        each.action
        for each, verdict in zip(asked, iam.judged(asked), strict=True)
        if verdict != "ImplicitlyDenied"
    ]
    assert allowed == []
