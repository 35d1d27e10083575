"""A batch: who asks, in which session, and how each case ends."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from lifecycle.cases.batch import BatchEvent, BatchResult, run_cases
from lifecycle.cases.results import CaseResult
from lifecycle.doors.caller import CallingRole
from lifecycle.doors.section import GatewayRecord
from lifecycle.errors import AwsCallError, LockLostError, SmokeTestError
from lifecycle.provider.bounded import TooLateError
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.callers import sigv4
from tests.functions.lifecycle.smoke_test.fake_runtime import reply
from tests.functions.lifecycle.smoke_test.smoke_environment import error
from tests.functions.lifecycle.smoke_test.test_mcp import McpServer

SUNNY = {"prompt": "天気は？", "expect": "晴れ"}


def run(smoke: Any, cases: list[Any], seconds: float = 60, **given: Any) -> list[CaseResult]:
    """Run all cases as one batch."""
    return run_batch(smoke, cases, seconds, **given).results


def run_batch(smoke: Any, cases: list[Any], seconds: float = 60, **given: Any) -> BatchResult:
    """The same, with all that the stage returns."""
    event = smoke.world.event(
        smokeTest={"cases": cases, **given.pop("smokeTest", {})}, **given.pop("request", {})
    )
    batch = BatchEvent.model_validate(
        {
            "execution": event.execution,
            "request": event.request,
            "endpoint": "DEFAULT",
            "casesDeadline": time.time() + seconds,
            "batch": {"from": 0, "to": len(cases)},
            "batches": 1,
            **given,
        }
    )
    return run_cases(batch, clients=smoke.clients, sleep=smoke.pauses.append)


def test_the_session_is_returned_with_the_number_of_its_answers(iam: Any) -> None:
    batch = run_batch(iam, [SUNNY, {"prompt": "b", "expect": "never"}], smokeTest={"repeat": 3})
    assert (batch.session_id, batch.answered) == (iam.runtime.stopped[-1].session, 6)
    late = run_batch(iam, [SUNNY], seconds=-1)
    assert late.answered == 0
    assert late.session_id != batch.session_id


def test_each_case_is_asked_by_the_right_caller_in_one_session(password: Any) -> None:
    found = run(password, [SUNNY, {"prompt": "b", "reject": "雪", "name": "no snow"}])
    assert [(one.index, one.name, one.asked, one.passed, one.reason) for one in found] == [
        (0, "", 1, 1, ""),
        (1, "no snow", 1, 1, ""),
    ]
    assert all(len(one.milliseconds) == 1 for one in found)
    calls = password.runtime.invoked
    assert [call.payload for call in calls] == [{"prompt": "天気は？"}, {"prompt": "b"}]
    assert {call.kind for call in calls} == {"good"}
    (stop,) = password.runtime.stopped
    assert {call.session for call in calls} == {stop.session}
    assert stop.session.startswith("smoke-test-")
    run(password, [SUNNY])
    assert password.runtime.stopped[-1].session != stop.session


def test_only_the_range_is_asked(iam: Any) -> None:
    cases = [{"prompt": f"{n}", "expect": "."} for n in range(6)]
    found = run(iam, cases, batch={"from": 2, "to": 4})
    assert [one.index for one in found] == [2, 3]
    assert [call.payload["prompt"] for call in iam.runtime.invoked] == ["2", "3"]


def test_a_whole_payload_is_sent_as_it_is(iam: Any) -> None:
    iam.runtime.agent = lambda payload, _headers: reply(200, {"got": payload})
    payload = {"messages": [{"role": "user", "content": "天気は？"}]}
    case = {"payload": payload, "path": "got.messages[0].content", "expect": "^天気は？$"}
    (found,) = run(iam, [case])
    assert found.passed == 1, found
    assert iam.runtime.invoked[0].payload == payload


def test_live_is_asked_with_the_identity_that_it_was_promoted_with(password: Any) -> None:
    identity = password.world.identity
    password.deploy(live_version="2", live_identity=identity)
    password.world.records.update(
        "dev", password.world.event().execution, identity=IdentityRecord(type="iam")
    )
    (found,) = run(password, [SUNNY], endpoint="live")
    assert found.passed == 1
    assert {call.qualifier for call in password.runtime.seen} == {"live"}


def test_each_case_is_asked_as_often_as_is_said_and_each_answer_counts(iam: Any) -> None:
    answers = iter([200, 424, 200, 200, 200, 200])

    def flaky(_payload: Any, _headers: Any) -> Any:
        status = next(answers)
        return reply(status, "晴れ" if status == 200 else {"message": "boom"})

    iam.runtime.agent = flaky
    found = run(iam, [SUNNY, SUNNY], smokeTest={"repeat": 3})
    assert [(one.asked, one.passed, len(one.milliseconds)) for one in found] == [
        (3, 3, 3),
        (3, 2, 3),
    ]
    assert found[1].reason.startswith("the agent failed: ")


@pytest.mark.parametrize("status", [429, 500, 503, 403])
def test_an_undecided_answer_is_asked_again(iam: Any, status: int) -> None:
    iam.runtime.script["good"] = [error(status, "SomeException"), error(status, "SomeException")]
    (found,) = run(iam, [SUNNY])
    assert found.passed == 1
    assert len(iam.runtime.invoked) == 3
    assert len(iam.pauses) == 2


def test_a_case_that_is_never_decided_leaves_time_for_the_others(iam: Any) -> None:
    def busy(payload: Any, _headers: Any) -> Any:
        return reply(200, "晴れ") if payload["prompt"] == "ok" else error(503, "Busy", "later")

    iam.runtime.agent = busy
    never, after = run(iam, [SUNNY, {"prompt": "ok", "expect": "晴れ"}])
    assert never.reason == "undecided after 8 tries: 503 Busy"
    assert after.passed == 1


def denial() -> Any:
    text = (
        "User: x is not authorized to perform: bedrock-agentcore:InvokeAgentRuntime on resource: y"
    )
    return error(403, "AccessDeniedException", text)


def test_iam_refuses_the_function_itself(iam: Any) -> None:
    iam.runtime.agent = lambda _payload, _headers: denial()
    with pytest.raises(
        AwsCallError,
        match=r"^InvokeAgentRuntime: 403 AccessDeniedException: .*allow bedrock-agentcore:InvokeAgentRuntime on arn:"
        r"aws:.* for the role of RunCasesFunction",
    ):
        run(iam, [SUNNY])
    assert iam.runtime.stopped


def test_iam_refuses_the_gateways_own_role(iam: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/one-abc"
    iam.deploy(IdentityRecord(type="iam", only_gateway=arn))
    section = GatewayRecord(
        name="one", arn=arn, url="https://one.example.com", caller=CallingRole(name="own")
    )
    iam.world.records.update("dev", iam.world.event().execution, gateway=section)
    who = "User: arn:aws:sts::123456789012:assumed-role/own/session"
    text = f"{who} is not authorized to perform: bedrock-agentcore:InvokeAgentRuntime on y"
    refuse = error(403, "AccessDeniedException", text)
    monkeypatch.setattr(iam.provider, "handle", lambda *_: refuse)
    with pytest.raises(AwsCallError, match="to the gateway's own role own; provision again"):
        run(iam, [SUNNY])


def test_such_a_refusal_of_a_token_is_the_agents(password: Any) -> None:
    password.runtime.agent = lambda _payload, _headers: denial()
    (found,) = run(password, [SUNNY])
    assert found.reason.startswith("undecided after 8 tries: 403")


def test_what_decides_is_not_asked_again(iam: Any) -> None:
    iam.runtime.agent = lambda _payload, _headers: error(400, "ValidationException", "bad payload")
    (found,) = run(iam, [SUNNY])
    assert found.reason == '400 ValidationException: {"message": "bad payload"}'
    assert len(iam.runtime.invoked) == 1


def test_a_reason_shows_the_answer_on_one_short_line(iam: Any) -> None:
    iam.runtime.agent = lambda _payload, _headers: reply(200, "it\nsnows\x00 " + "x" * 5000)
    (found,) = run(iam, [SUNNY])
    assert found.reason.startswith("the answer does not match expect; the answer is: it snows xxx")
    assert len(found.reason) == 150
    assert found.reason.isprintable()


def test_the_callers_token_is_hidden(password: Any) -> None:
    def leaky(_payload: Any, headers: dict[str, str]) -> Any:
        return reply(200, {"header": headers["authorization"]})

    password.runtime.agent = leaky
    case = {**SUNNY, "path": "header"}
    (found,) = run(password, [case])
    token = password.runtime.invoked[0].headers["authorization"].removeprefix("Bearer ")
    assert token[:16] not in found.reason
    assert "(hidden)" in found.reason or "withheld" in found.reason


def test_a_slow_answer_fails_and_the_start_of_the_session_does_not_count(
    iam: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    seconds = iter([9.0, 1.0, 3.0])

    def slow(_payload: Any, _headers: Any) -> Any:
        clock[0] += next(seconds)
        return reply(200, "晴れ")

    iam.runtime.agent = slow
    quick, late = run(iam, [{**SUNNY, "maxSeconds": 2}, {**SUNNY, "maxSeconds": 2}])
    assert (quick.passed, quick.milliseconds) == (1, [1000])
    assert late.reason == "took 3.0 s, allowed: 2 s (maxSeconds)"
    assert len(iam.runtime.invoked) == 3


def test_a_first_case_that_hangs_takes_no_time_of_the_others(
    iam: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(sigv4, "within", lambda seconds, _call: waited(seconds))

    def waited(seconds: float) -> Any:
        clock[0] += seconds
        raise TooLateError

    found = run(iam, [{**SUNNY, "maxSeconds": 5}] * 3, seconds=600)
    assert [one.asked for one in found] == [1, 1, 1]
    assert all(one.reason == "no answer within maxSeconds (5)" for one in found)


def test_p95_is_measured_without_the_start_of_the_session_either(iam: Any) -> None:
    run(iam, [SUNNY, SUNNY], smokeTest={"maxP95Seconds": 5})
    assert len(iam.runtime.invoked) == 3


def test_what_is_not_asked_in_time_did_not_pass(iam: Any) -> None:
    found = run(iam, [SUNNY, SUNNY], seconds=-1)
    assert [(one.passed, one.milliseconds) for one in found] == [(0, []), (0, [])]
    assert found[0].reason == "not asked before smokeTest.timeoutSeconds was over"
    assert iam.runtime.invoked == []


def test_who_cannot_sign_in_is_told_so(password: Any) -> None:
    password.world.secrets.delete_secret(
        SecretId=password.world.identity.secret_arn, ForceDeleteWithoutRecovery=True
    )
    with pytest.raises(SmokeTestError, match="signs in"):
        run(password, [SUNNY])
    assert password.runtime.seen == []


def test_only_the_holder_of_the_lock_asks(iam: Any) -> None:
    event = iam.world.event(smokeTest={"cases": [SUNNY]})
    batch = {"endpoint": "DEFAULT", "casesDeadline": 0, "batch": {"from": 0, "to": 1}, "batches": 1}
    other = BatchEvent.model_validate(
        {"execution": f"{event.execution}-other", "request": event.request, **batch}
    )
    with pytest.raises(LockLostError):
        run_cases(other, clients=iam.clients)


def test_an_mcp_server_is_asked_in_its_own_words(smoke: Any) -> None:
    smoke.deploy(IdentityRecord(type="iam"))
    server = McpServer()
    smoke.runtime.agent = server
    case = {"prompt": json.dumps({"tool": "weather"}), "expect": "晴れ"}
    (found,) = run(smoke, [case], request={"runtime": {"protocol": "MCP"}})
    assert found.passed == 1, found
    assert server.methods[-1] == "tools/call"
    # The session of the server is one of the runtime's, and is stopped, too.
    assert len({call.session for call in smoke.runtime.stopped}) == 2


def test_cases_come_from_the_pinned_object(iam: Any) -> None:
    s3 = iam.clients.s3
    s3.create_bucket(Bucket="the-cases")
    body = "\n".join(json.dumps({"prompt": f"{n}", "expect": f": {n}"}) for n in range(4))
    tag = s3.put_object(Bucket="the-cases", Key="k", Body=body.encode())["ETag"]
    given = {"casesFrom": {"bucket": "the-cases", "key": "k"}}
    more: dict[str, Any] = {
        "smokeTest": {**given, "cases": []},
        "source": {"bucket": "the-cases", "key": "k", "eTag": tag},
        "batch": {"from": 1, "to": 3},
    }
    found = run(iam, [], **more)
    assert [(one.index, one.passed) for one in found] == [(1, 1), (2, 1)]
    s3.put_object(Bucket="the-cases", Key="k", Body=b"changed")
    with pytest.raises(SmokeTestError, match=r"check 'The cases can be read'.*nobody replaces"):
        run(
            iam,
            [],
            smokeTest={**given, "cases": []},
            source=more["source"],
            batch={"from": 1, "to": 3},
        )
