"""A step is judged by what callers met, and by what the version answers through the gateway."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.doors.caller import CallingRole
from lifecycle.errors import AwsCallError, CanaryFailedError
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test import gate
from tests.functions.lifecycle.canary.judging.conftest import BEGUN
from tests.functions.lifecycle.cognito_world import EXECUTION
from tests.functions.lifecycle.gateway_test.fake_gateway import GATEWAY_ARN
from tests.functions.lifecycle.smoke_test.smoke_environment import error
from tests.functions.lifecycle.smoke_test.test_gate import agent_that_writes

CASES = {"smokeTest": {"cases": [{"prompt": "今の天気は", "expect": "晴れ"}]}}
WRONG = {"smokeTest": {"cases": [{"name": "snow", "prompt": "今の天気は", "expect": "雪"}]}}


def test_without_calls_the_questions_decide(judging: Any) -> None:
    result = judging.judge(**CASES)
    (step,) = result.canary.steps
    assert (step.weight, step.calls, step.judged, step.cases) == (20, 0, False, 2)
    assert "too few to judge by" in step.told
    assert not result.over
    assert judging.judge(1).over


@pytest.mark.parametrize("fixture", ["judging", "judging_iam"])
def test_every_question_reaches_the_version_in_one_session(fixture: str, request: Any) -> None:
    judging = request.getfixturevalue(fixture)
    judging.judge(**CASES)
    runtime = judging.fronted.smoke.runtime
    assert {call.qualifier for call in runtime.invoked} == {"candidate"}
    assert len({call.session for call in (*runtime.invoked, *runtime.stopped)}) == 1
    assert runtime.stopped
    paths = {path for _, path, _ in judging.fronted.gateway.asked}
    assert paths == {"/canary/invocations"}


def test_good_calls_pass(judging: Any) -> None:
    judging.watch.sums = {"Invocations": 200, "UserErrors": 1, "SystemErrors": 0}
    (step,) = judging.judge().canary.steps
    assert (step.calls, step.errors, step.judged) == (200, 1, True)


def test_too_many_errors_fail_before_anything_is_asked(judging: Any) -> None:
    judging.watch.sums = {"Invocations": 200, "UserErrors": 12, "SystemErrors": 8}
    with pytest.raises(
        CanaryFailedError,
        match=r"canary of version 4, step 1 of 2 at 20 %: 20 of 200 calls failed.*"
        r"all calls go to version 3 again",
    ):
        judging.judge()
    assert judging.fronted.gateway.asked == []


def test_what_failed_before_the_step_in_its_first_minute_is_not_the_versions(judging: Any) -> None:
    """Such as the calls of a gateway's test or a closed runtime's smoke test, which must be refused."""
    judging.watch.sums = {"Invocations": 200, "UserErrors": 12, "SystemErrors": 8}
    judging.shift(BEGUN + 1)
    (step,) = judging.judge().canary.steps
    assert (step.calls, step.errors, step.judged) == (0, 0, False)


def test_a_wrong_answer_fails(judging: Any) -> None:
    with pytest.raises(
        CanaryFailedError, match=r"step 2 of 2 at 50 %: 1 of 1 cases failed .*'snow'"
    ):
        judging.judge(1, **WRONG)
    with pytest.raises(CanaryFailedError, match="the answer does not match"):
        judging.judge(smokeTest={"expect": "雪"})


def test_the_last_error_of_an_agent_that_fails_is_in_the_cause(judging: Any) -> None:
    smoke = judging.fronted.smoke
    smoke.runtime.agent = agent_that_writes(smoke, "KeyError: 'sky'", endpoint="candidate")
    with pytest.raises(
        CanaryFailedError, match=r"step 1 of 2 .*runtimes/x-candidate: KeyError: 'sky'"
    ):
        judging.judge()


def test_a_permission_that_is_missing_is_one_of_the_function_that_judges(judging_iam: Any) -> None:
    text = (
        "User: x is not authorized to perform: bedrock-agentcore:InvokeAgentRuntime on resource: y"
    )
    judging_iam.fronted.smoke.runtime.agent = lambda _payload, _headers: error(
        403, "AccessDeniedException", text
    )
    with pytest.raises(AwsCallError, match="for the role of JudgeStepFunction"):
        judging_iam.judge()


def test_what_the_gateways_own_role_may_not_do_is_no_fault_of_the_version(
    judging_iam: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "_SETTLE_SECONDS", 0.0)
    fronted = judging_iam.fronted
    closed = IdentityRecord(type="iam", only_gateway=GATEWAY_ARN)
    fronted.smoke.world.records.update("dev", EXECUTION, identity=closed)
    fronted.note(caller=CallingRole(name="own"))
    who = "User: arn:aws:sts::123456789012:assumed-role/own/session"
    text = f"{who} is not authorized to perform: bedrock-agentcore:InvokeAgentRuntime on y"
    fronted.gateway.always["good"] = error(403, "AccessDeniedException", text)
    with pytest.raises(
        AwsCallError, match=r"IAM refused InvokeAgentRuntime on .* to the gateway's own role own"
    ):
        judging_iam.judge()


def test_another_executions_canary_is_not_judged(judging: Any) -> None:
    world = judging.fronted.smoke.world
    other = judging.fronted.record.canary.model_copy(update={"execution": "other"})
    world.records.update("dev", world.event().execution, canary=other)
    with pytest.raises(CanaryFailedError, match="lists no canary of this execution"):
        judging.judge()
