"""The stage: it waits for spans, never passes without them, compares scores, and writes one verdict."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lifecycle.errors import LockLostError, SmokeTestError
from tests.functions.lifecycle.evaluations.evaluation_world import (
    OWN,
    SHARED,
    EvaluationWorld,
    error,
)
from tests.functions.lifecycle.smoke_test.smoke_environment import run as run_smoke_test

EVALUATORS = [{"evaluator": "Builtin.Correctness", "minScore": 0.8}]


def cause(world: EvaluationWorld, *given: Any, **more: Any) -> str:
    with pytest.raises(SmokeTestError) as caught:
        world.run(*given, **more)
    return str(caught.value)


def result(**members: Any) -> dict[str, Any]:
    return {"evaluatorId": "e", "context": {"spanContext": {"sessionId": "s-1"}}, **members}


@pytest.mark.parametrize("split", [False, True])
def test_a_high_score_is_reported_and_the_version_is_noted_as_passed(
    evaluations: EvaluationWorld, split: bool
) -> None:
    evaluations.answered("s-1", "sunny", split=split)
    evaluations.answered("another session", "I do not know", split=split)
    done = evaluations.run()
    assert done.done
    assert done.span_look is None
    assert done.smoke_test["passed"] is True
    assert done.smoke_test["evaluations"] == [
        {
            "evaluator": "Builtin.Correctness",
            "level": "TRACE",
            "minScore": 0.8,
            "passed": True,
            "score": 1.0,
            "sessions": 1,
            "results": 1,
            "label": "Perfectly Correct",
            "explanation": "Stand-in judge of the local AWS (no model was asked): the answer is not empty and sure of "
            "itself.",
            "error": None,
        }
    ]
    assert evaluations.iam.world.record.runtime.proven_version == "3"


def test_the_smoke_test_alone_does_not_prove_a_version_with_evaluators(iam: Any) -> None:
    run_smoke_test(iam, smokeTest={"evaluators": EVALUATORS})
    assert iam.world.record.runtime.proven_version is None


def test_a_low_score_fails_with_what_was_seen_and_is_noted_before_it_is_raised(
    evaluations: EvaluationWorld,
) -> None:
    evaluations.answered("s-1", "sunny")
    evaluations.answered("s-2", "I do not know")
    said = cause(evaluations, sessions={"s-1": 1, "s-2": 1})
    assert said == (
        "check 'The evaluations pass': Builtin.Correctness scored 0.75 over 2 sessions, minScore 0.8 (the lowest: "
        "Partially Correct: Stand-in judge of the local AWS (no model was asked): the answer says that it does not "
        "know, or cannot.)"
    )
    record = evaluations.iam.world.record
    assert (record.runtime.failed_version, record.runtime.failed_reason) == ("3", said)
    assert record.runtime.proven_version is None
    report = record.failed_smoke_test.report
    assert (report["passed"], report["evaluations"][0]["score"]) == (False, 0.75)
    # An automatic rollback may follow.
    assert record.failed_smoke_test.of_version is True


def test_an_evaluator_that_cannot_judge_does_not_blame_the_version(
    evaluations: EvaluationWorld,
) -> None:
    evaluations.answered("s-1", "I do not know")
    evaluations.evaluate.script["Builtin.Helpfulness"] = [[]]
    cause(evaluations, ("Builtin.Correctness", 0.8, "TRACE"), ("Builtin.Helpfulness", 0.8, "TRACE"))
    assert evaluations.iam.world.record.failed_smoke_test.of_version is False


def test_each_session_counts_once_however_many_answers_it_has(evaluations: EvaluationWorld) -> None:
    evaluations.answered("s-1", "I do not know")
    for _ in range(4):
        evaluations.answered("s-2", "sunny")
    done = evaluations.run(("Builtin.Correctness", 0.75, "TRACE"), sessions={"s-1": 1, "s-2": 4})
    assert done.smoke_test["evaluations"][0]["score"] == 0.75
    assert done.smoke_test["evaluations"][0]["results"] == 5


def test_a_threshold_that_floats_cannot_hold_exactly_is_reached(
    evaluations: EvaluationWorld,
) -> None:
    evaluations.answered("s-1", "a")
    evaluations.evaluate.script["Builtin.Correctness"] = [
        [result(value=value) for value in (0.1, 0.2, 0.6)]
    ]
    assert evaluations.run(("Builtin.Correctness", 0.3, "TRACE")).done


def test_spans_that_are_late_are_waited_for(evaluations: EvaluationWorld) -> None:
    first = evaluations.run()
    assert not first.done
    assert first.smoke_test["passed"] is True
    assert first.span_look is not None
    assert (first.span_look.number, first.span_look.wait_seconds) == (1, 50)
    assert evaluations.evaluate.calls == []
    evaluations.now += 50
    evaluations.answered("s-1", "sunny")
    assert evaluations.run(look=first.span_look).done


def test_a_session_is_judged_with_fewer_traces_when_nothing_new_comes(
    evaluations: EvaluationWorld,
) -> None:
    evaluations.answered("s-1", "sunny")
    first = evaluations.run(sessions={"s-1": 2})
    assert not first.done
    assert evaluations.run(sessions={"s-1": 2}, look=first.span_look).done


def test_spans_that_never_come_fail_and_say_what_to_switch_on(
    evaluations: EvaluationWorld,
) -> None:
    sessions = {f"s-{n}": 1 for n in range(5)}
    evaluations.answered("s-0", "sunny")
    said = cause(evaluations, sessions=sessions, look=evaluations.last_look())
    assert said == (
        "check 'The spans arrive': no span of session s-1, s-2, s-3 and 1 more came into aws/spans or "
        f"{OWN} in 300 s (there is no log group aws/spans); switch on CloudWatch Transaction Search, once for the "
        "account and Region, start the agent with opentelemetry-instrument (package aws-opentelemetry-distro), or "
        "raise smokeTest.evaluationSeconds"
    )
    assert evaluations.evaluate.calls == []
    assert evaluations.iam.world.record.runtime.failed_version == "3"


def test_spans_without_what_was_said_are_no_pass_either(evaluations: EvaluationWorld) -> None:
    evaluations.answered("s-1", "sunny", split=True, event=False)
    assert not evaluations.run().done
    said = cause(evaluations, look=evaluations.last_look(records=1))
    assert "no event record of them came into" in said
    assert "opentelemetry-instrument" in said


def test_a_session_in_which_nothing_was_answered_is_not_waited_for(
    evaluations: EvaluationWorld,
) -> None:
    evaluations.answered("s-1", "sunny")
    assert evaluations.run(sessions={"s-1": 1, "s-2": 0}).done


def test_event_records_without_the_session_are_found_by_their_trace(
    evaluations: EvaluationWorld,
) -> None:
    evaluations.answered("s-1", "sunny", split=True)
    for one in evaluations.logs.groups[OWN]:
        del one["attributes"]["session.id"]
    assert evaluations.run().done


def test_what_is_no_telemetry_is_never_sent(evaluations: EvaluationWorld) -> None:
    trace = evaluations.answered("s-1", "sunny")
    attributes = {"session.id": "s-1"}
    evaluations.logs.groups[OWN] += [
        "a line of the agent's own about s-1",
        {"attributes": attributes, "message": "no span"},
        {"attributes": attributes, "traceId": trace, "spanId": "b" * 16, "kind": "INTERNAL"},
    ]
    assert evaluations.run().done
    (call,) = evaluations.evaluate.calls
    assert len(call["evaluationInput"]["sessionSpans"]) == 1


def test_at_most_ten_answers_of_a_session_are_judged(evaluations: EvaluationWorld) -> None:
    traces = [evaluations.answered("s-1", "sunny") for _ in range(25)]
    assert evaluations.run(sessions={"s-1": 25}).done
    (call,) = evaluations.evaluate.calls
    assert call["evaluationTarget"] == {"traceIds": traces[:10]}
    assert len(call["evaluationInput"]["sessionSpans"]) == 10


def test_each_level_has_its_target(evaluations: EvaluationWorld) -> None:
    trace = evaluations.answered("s-1", "sunny")
    (span,) = evaluations.logs.groups[OWN]
    tool = {
        **span,
        "spanId": "c" * 16,
        "attributes": {"session.id": "s-1", "gen_ai.operation.name": "execute_tool"},
    }
    evaluations.logs.groups[OWN].append(tool)
    done = evaluations.run(
        ("Builtin.GoalSuccessRate", 1, "SESSION"),
        ("Builtin.Helpfulness", 1, "TRACE"),
        ("Builtin.ToolSelectionAccuracy", 1, "TOOL_CALL"),
    )
    assert [one["passed"] for one in done.smoke_test["evaluations"]] == [True, True, True]
    targets = {
        call["evaluatorId"]: call.get("evaluationTarget") for call in evaluations.evaluate.calls
    }
    assert targets == {
        "Builtin.GoalSuccessRate": None,
        "Builtin.Helpfulness": {"traceIds": [trace]},
        "Builtin.ToolSelectionAccuracy": {"spanIds": ["c" * 16]},
    }


def test_an_evaluator_that_had_nothing_to_judge_did_not_pass(evaluations: EvaluationWorld) -> None:
    evaluations.answered("s-1", "sunny")
    said = cause(evaluations, ("Builtin.ToolSelectionAccuracy", 0, "TOOL_CALL"))
    assert (
        "Builtin.ToolSelectionAccuracy could not judge: no tool was called in any session" in said
    )
    assert evaluations.evaluate.calls == []


@pytest.mark.parametrize(
    "failure",
    [
        error("ThrottlingException", "Evaluate", 429),
        error("InternalServerException", "Evaluate", 500),
        [result(errorCode="ThrottlingException", errorMessage="the model is busy")],
    ],
    ids=["throttled", "internal", "in-the-result"],
)
def test_a_failure_that_passes_is_repeated(evaluations: EvaluationWorld, failure: Any) -> None:
    evaluations.answered("s-1", "sunny")
    evaluations.evaluate.script["Builtin.Correctness"] = [failure, failure]
    assert evaluations.run().done
    assert len(evaluations.evaluate.calls) == 3
    assert len(evaluations.pauses) == 2


def test_a_failure_that_does_not_pass_ends_after_six_tries(evaluations: EvaluationWorld) -> None:
    evaluations.answered("s-1", "sunny")
    failure = error("ThrottlingException", "Evaluate", 429, "Rate exceeded")
    evaluations.evaluate.script["Builtin.Correctness"] = [failure] * 6
    said = cause(evaluations)
    assert "could not judge: Evaluate: ThrottlingException: Rate exceeded" in said
    assert len(evaluations.evaluate.calls) == 6


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            [result(errorCode="AgentSpanMappingException", errorMessage="no user query")],
            "Evaluate: AgentSpanMappingException: no user query",
        ),
        (
            [result(value=1.0), result(errorCode="SpanEventParsingException")],
            "Evaluate: SpanEventParsingException: no message",
        ),
        ([result(label="Good")], "it gives labels (here: Good) and no score"),
        ([], "Evaluate: the answer has no result"),
        (
            error("ValidationException", "Evaluate", 400, "no spans with supported scope"),
            "Evaluate: ValidationException: no spans with supported scope",
        ),
    ],
    ids=["error", "one-of-two", "categorical", "empty", "refused"],
)
def test_an_evaluator_that_could_not_judge_is_no_pass(
    evaluations: EvaluationWorld, answer: Any, said: str
) -> None:
    evaluations.answered("s-1", "sunny")
    evaluations.evaluate.script["Builtin.Correctness"] = [answer]
    assert f"Builtin.Correctness could not judge: {said}" in cause(
        evaluations, ("Builtin.Correctness", 0, "TRACE")
    )
    report = evaluations.iam.world.record.failed_smoke_test.report["evaluations"][0]
    assert said in report["error"]


def test_an_event_that_the_service_misses_is_waited_for(evaluations: EvaluationWorld) -> None:
    evaluations.answered("s-1", "sunny")
    early = [result(errorCode="LogEventMissingException", errorMessage="no event")]
    evaluations.evaluate.script["Builtin.Correctness"] = [early, early]
    first = evaluations.run()
    assert not first.done
    assert "LogEventMissingException" in cause(evaluations, look=evaluations.last_look())


def test_no_credential_and_no_long_text_gets_into_the_report(evaluations: EvaluationWorld) -> None:
    evaluations.answered("s-1", "sunny")
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    why = f"The agent repeats Bearer {token}\nand goes on\x00 " + "x" * 2000
    evaluations.evaluate.script["Builtin.Correctness"] = [
        [result(value=0.1, label="Incorrect", explanation=why)]
    ]
    said = cause(evaluations)
    report = json.dumps(evaluations.iam.world.record.failed_smoke_test.report)
    for text in (said, report):
        assert token[:12] not in text
        assert "(hidden)" in text
        assert len(text) < 1000
    assert said.isprintable()


def test_the_longest_cause_fits_on_a_line(evaluations: EvaluationWorld) -> None:
    evaluations.answered("s-1", "sunny")
    names = [f"{'e' * 99}{n}-0123456789" for n in range(5)]
    for name in names:
        evaluations.evaluate.script[name] = [
            [result(value=0.0, label="l" * 1000, explanation="x" * 2048)]
        ]
    assert len(cause(evaluations, *[(name, 1, "TRACE") for name in names])) < 5 * 800


def test_who_may_not_evaluate_is_told_which_right_is_missing(evaluations: EvaluationWorld) -> None:
    evaluations.answered("s-1", "sunny")
    evaluations.evaluate.script["Builtin.Correctness"] = [
        error("AccessDeniedException", "Evaluate", 403)
    ]
    with pytest.raises(ClientError, match="AccessDeniedException"):
        evaluations.run()
    assert evaluations.iam.world.record.runtime.failed_version is None


def test_a_query_that_still_runs_is_waited_for(evaluations: EvaluationWorld) -> None:
    evaluations.logs.groups[SHARED] = []
    evaluations.logs.statuses = ["Scheduled", "Running"]
    evaluations.answered("s-1", "sunny")
    assert evaluations.run().done
    assert len(evaluations.pauses) == 2


def test_only_the_holder_of_the_lock_evaluates(evaluations: EvaluationWorld) -> None:
    evaluations.answered("s-1", "sunny")
    with pytest.raises(LockLostError):
        evaluations.run(change=lambda given: given.update(execution="another"))
    assert evaluations.logs.queries == []
