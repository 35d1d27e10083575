"""The judge: what passes, what the cause says, and that only a version that passed is noted as proven."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.cases.judge import JudgeEvent, judge_cases
from lifecycle.errors import SmokeTestError
from tests.functions.lifecycle.smoke_test.smoke_environment import run

CASE = {"prompt": "a", "expect": "b"}


def results(passed: int, wrong: int, milliseconds: int = 100) -> list[dict[str, Any]]:
    asked = {"asked": 1, "milliseconds": [milliseconds]}
    good = [{**asked, "index": n, "passed": 1} for n in range(passed)]
    bad = [
        {**asked, "index": n, "passed": 0, "reason": "the answer is: snow"}
        for n in range(passed, passed + wrong)
    ]
    return [*good, *bad]


def judge(smoke: Any, found: list[dict[str, Any]], total: int = 0, **smoke_test: Any) -> Any:
    event = smoke.world.event(smokeTest={"cases": [CASE], **smoke_test})
    tested = {"passed": True, "version": "3", "endpoint": "DEFAULT", "checks": [], "answer": "a"}
    half = len(found) // 2
    return judge_cases(
        JudgeEvent.model_validate(
            {
                "execution": event.execution,
                "request": event.request,
                "smokeTest": tested,
                "total": total or len(found),
                "batches": [{"results": found[:half]}, {"results": found[half:]}],
            }
        ),
        clients=smoke.clients,
    ).smoke_test


def cause(smoke: Any, *given: Any, **smoke_test: Any) -> str:
    with pytest.raises(SmokeTestError) as caught:
        judge(smoke, *given, **smoke_test)
    return str(caught.value)


def test_the_smoke_test_alone_does_not_prove_a_version_with_cases(iam: Any) -> None:
    run(iam, smokeTest={"cases": [CASE]})
    assert iam.world.record.runtime.proven_version is None
    judge(iam, results(4, 0))
    assert iam.world.record.runtime.proven_version == "3"


def test_the_cases_alone_do_not_prove_a_version_with_evaluators(iam: Any) -> None:
    evaluators = [{"evaluator": "Builtin.Correctness", "minScore": 1}]
    assert judge(iam, results(4, 0), evaluators=evaluators)["passed"]
    assert iam.world.record.runtime.proven_version is None
    cause(iam, results(3, 1), evaluators=evaluators)
    assert iam.world.record.runtime.failed_version == "3"


def test_a_pass_is_noted_and_reported(iam: Any) -> None:
    iam.deploy(failed_version="3", failed_reason="it failed")
    report = judge(iam, results(19, 1), minPassRate=0.95, maxP95Seconds=1)
    assert report["passed"]
    assert report["answer"] == "a"
    cases = report["cases"]
    assert (cases["total"], cases["passed"], cases["passRate"]) == (20, 19, 0.95)
    assert (cases["p95Seconds"], cases["omitted"]) == (0.1, 0)
    assert cases["results"][0] == {
        "case": 20,
        "name": "case 20",
        "asked": 1,
        "passed": 0,
        "seconds": 0.1,
        "reason": "the answer is: snow",
    }
    runtime = iam.world.record.runtime
    assert (runtime.proven_version, runtime.failed_version, runtime.failed_reason) == (
        "3",
        None,
        None,
    )


def test_too_few_that_pass_are_noted_before_it_is_raised(iam: Any) -> None:
    iam.deploy(live_version="2", proven_version="2")
    said = cause(iam, results(18, 2), minPassRate=0.95)
    assert said == (
        "check 'The cases pass': passed 18 of 20 answers (a rate of 0.9, smokeTest.minPassRate 0.95); failed: "
        "case 19: the answer is: snow; case 20: the answer is: snow"
    )
    record = iam.world.record
    assert (record.runtime.failed_version, record.runtime.failed_reason) == ("3", said)
    assert record.runtime.proven_version == "2"
    kept = record.failed_smoke_test
    assert kept.execution == iam.world.event().execution
    assert (kept.report["passed"], kept.report["cases"]["passed"]) == (False, 18)


def test_answers_that_are_too_slow_fail(iam: Any) -> None:
    said = cause(iam, results(20, 0, milliseconds=2500), maxP95Seconds=2)
    assert said == (
        "check 'The cases pass': passed 20 of 20 answers (a rate of 1, smokeTest.minPassRate 1); p95 2.5 s, "
        "smokeTest.maxP95Seconds 2 s"
    )
    assert judge(iam, results(20, 0, milliseconds=2500), maxP95Seconds=2.5)["passed"]


def test_what_no_batch_returned_did_not_pass(iam: Any) -> None:
    assert "passed 4 of 5 answers" in cause(iam, results(4, 0), 5)
    assert "passed 4 of 8 answers" in cause(iam, results(4, 0), repeat=2)


def test_a_rate_that_floats_cannot_hold_exactly_is_reached(iam: Any) -> None:
    assert judge(iam, results(7, 3), minPassRate=0.7)["passed"]
    assert judge(iam, results(29, 71), minPassRate=0.29)["passed"]


def test_the_cause_fits_on_the_line_that_a_person_reads(iam: Any) -> None:
    bad = [
        {**one, "name": "n" * 64, "reason": "r" * 150, "milliseconds": [600_000]}
        for one in results(0, 1000)
    ]
    said = cause(iam, bad, maxP95Seconds=0.001)
    assert said.endswith("; and 990 more")
    assert len(said) <= 1000


@pytest.mark.parametrize(
    ("passed", "wrong", "undecided", "smoke_test", "of_version"),
    [
        (3, 1, 0, {}, True),
        # Everything that failed says nothing about the agent.
        (3, 0, 1, {}, False),
        (0, 0, 4, {}, False),
        (2, 1, 1, {}, True),
        # With the undecided ones enough might have passed.
        (2, 1, 1, {"minPassRate": 0.75}, False),
        (1, 2, 1, {"minPassRate": 0.75}, True),
        (4, 0, 0, {"maxP95Seconds": 0.05}, True),
        (3, 0, 1, {"maxP95Seconds": 0.05, "minPassRate": 0.5}, False),
    ],
)
def test_only_what_was_decided_blames_the_version(
    iam: Any,
    passed: int,
    wrong: int,
    undecided: int,
    smoke_test: dict[str, Any],
    of_version: bool,
) -> None:
    found = results(passed, wrong)
    first = len(found)
    found += [
        {"index": n, "asked": 1, "passed": 0, "undecided": 1, "milliseconds": []}
        for n in range(first, first + undecided)
    ]
    cause(iam, found, **smoke_test)
    assert iam.world.record.failed_smoke_test.of_version is of_version
