"""Evaluators of the smoke test, through the state machine: scores, late spans, no spans, cases, and a rollback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.embedded import EmbeddedAws

pytestmark = pytest.mark.embedded
CORRECTNESS = {"evaluator": "Builtin.Correctness", "minScore": 0.8}
SPLIT = {"UNIFIED_TRACES_DESTINATION_ENABLED": "false"}


@pytest.fixture(scope="module")
def instrumented(uploaded: Callable[..., dict[str, str]]) -> dict[str, Any]:
    """The artifact of an agent that exports spans."""
    return {"source": uploaded("instrumented")}


@pytest.fixture
def spans(aws: EmbeddedAws) -> Iterator[Callable[[float], None]]:
    """Sets how long spans take to arrive."""
    delays = aws.agentcore.delays

    def take(seconds: float) -> None:
        delays.spans = seconds

    before = delays.spans
    yield take
    delays.spans = before


def smoke_test(*evaluators: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {
        "evaluators": list(evaluators) or [CORRECTNESS],
        "evaluationSeconds": 60,
        "expect": r"\S",
        **given,
    }


def live_version(lifecycle: Any, run: Any) -> str:
    endpoint = lifecycle.aws.client("bedrock-agentcore-control").get_agent_runtime_endpoint(
        agentRuntimeId=run.output["runtime"]["id"], endpointName="live"
    )
    return str(endpoint["liveVersion"])


@pytest.mark.parametrize("variables", [{}, SPLIT], ids=["unified", "split"])
def test_only_a_version_whose_score_is_high_enough_is_promoted(
    lifecycle: Any,
    environment: Callable[[], str],
    instrumented: dict[str, Any],
    announced: Callable[[], list[str]],
    variables: dict[str, str],
) -> None:
    def provision(knows: str, **given: Any) -> Any:
        runtime = {"environmentVariables": {"KNOWS": knows, **variables}}
        return lifecycle.run(
            {
                "environment": name,
                "artifact": instrumented,
                "auth": {"type": "iam"},
                "runtime": runtime,
                "smokeTest": smoke_test(**given),
            }
        )

    name = environment()
    made = provision("yes")
    assert made.status == "SUCCEEDED", (made.error, made.cause)
    (report,) = made.output["smokeTest"]["evaluations"]
    assert (report["evaluator"], report["score"], report["passed"]) == (
        "Builtin.Correctness",
        1,
        True,
    )
    assert "Stand-in judge of the local AWS" in report["explanation"]
    assert "evaluations" in made.output["timings"]
    assert live_version(lifecycle, made) == "1"

    failed = provision("no")
    assert (failed.status, failed.error) == ("FAILED", "SmokeTestError")
    assert failed.cause.startswith(
        "check 'The evaluations pass': Builtin.Correctness scored 0.5 over 1 sessions, minScore 0.8 (the lowest: "
        "Partially Correct: Stand-in judge of the local AWS"
    )
    assert live_version(lifecycle, made) == "1"
    (event,) = [json.loads(body) for body in announced() if failed.arn in body]
    assert event["detail"]["smokeTest"]["passed"] is False
    assert event["detail"]["smokeTest"]["evaluations"][0]["score"] == 0.5

    # The live version is tested with the evaluators of the provision that made it.
    tested = lifecycle.run({"action": "smokeTest", "environment": name})
    assert tested.status == "SUCCEEDED", (tested.error, tested.cause)
    assert tested.output["smokeTest"]["endpoint"] == "live"
    assert tested.output["smokeTest"]["evaluations"][0]["score"] == 1


def test_the_sessions_of_twenty_cases_are_judged_and_so_is_a_rollback(
    lifecycle: Any, environment: Callable[[], str], instrumented: dict[str, Any]
) -> None:
    name = environment()
    cases = [{"prompt": f"{n}", "expect": "it is|know"} for n in range(19)]
    given = {
        "environment": name,
        "artifact": instrumented,
        "smokeTest": smoke_test(
            CORRECTNESS,
            {"evaluator": "Builtin.GoalSuccessRate", "minScore": 0},
            cases=[*cases, {"prompt": "the secret", "expect": "it is|know"}],
        ),
    }
    first = lifecycle.run(given)
    assert first.status == "SUCCEEDED", (first.error, first.cause)
    assert first.output["smokeTest"]["cases"]["passed"] == 20
    correctness, goal = first.output["smokeTest"]["evaluations"]
    # The smoke test's session and four of the cases, of which one has an answer of 0.5 among its five.
    assert (correctness["sessions"], correctness["results"]) == (5, 21)
    assert correctness["score"] == 0.98
    assert (goal["level"], goal["sessions"], goal["results"]) == ("SESSION", 5, 5)
    second = lifecycle.run({**given, "runtime": {"description": "second"}})
    assert second.status == "SUCCEEDED", (second.error, second.cause)
    assert live_version(lifecycle, second) == "2"

    back = lifecycle.run({"action": "rollback", "environment": name})
    assert back.status == "SUCCEEDED", (back.error, back.cause)
    assert back.output["smokeTest"]["endpoint"] == "candidate"
    assert back.output["smokeTest"]["evaluations"][0]["sessions"] == 5
    assert live_version(lifecycle, back) == "1"
    strict = {"evaluators": [{"evaluator": "Builtin.Correctness", "minScore": 0.99}]}
    refused = lifecycle.run({"action": "rollback", "environment": name, "smokeTest": strict})
    assert (refused.status, refused.error) == ("FAILED", "SmokeTestError")
    assert "scored 0.98 over 5 sessions, minScore 0.99" in refused.cause
    assert live_version(lifecycle, back) == "1"


def test_late_spans_are_waited_for_and_none_is_no_pass(
    lifecycle: Any,
    environment: Callable[[], str],
    instrumented: dict[str, Any],
    tiny: dict[str, Any],
    spans: Callable[[float], None],
) -> None:
    spans(15)
    late, never = environment(), environment()
    common = {"auth": {"type": "iam"}, "smokeTest": smoke_test()}
    started = lifecycle.start({"environment": late, "artifact": instrumented, **common})
    silent = lifecycle.start({"environment": never, "artifact": tiny, **common})
    run = lifecycle.finish(started)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert run.states.count("Wait for the spans") == 2
    run = lifecycle.finish(silent)
    assert (run.status, run.error) == ("FAILED", "SmokeTestError")
    assert run.states.count("Evaluate the sessions") == 7
    assert "check 'The spans arrive': no span of session smoke-test-" in run.cause
    assert "switch on CloudWatch Transaction Search" in run.cause


def test_an_unknown_evaluator_is_refused_before_anything_is_created(
    lifecycle: Any, environment: Callable[[], str], instrumented: dict[str, Any]
) -> None:
    name = environment()
    unknown = {"evaluator": "Builtin.NoSuch", "minScore": 1}
    run = lifecycle.run(
        {"environment": name, "artifact": instrumented, "smokeTest": {"evaluators": [unknown]}}
    )
    assert (run.status, run.error) == ("FAILED", "InvalidRequestError")
    assert run.cause.startswith("smokeTest.evaluators.0.evaluator: given 'Builtin.NoSuch', allowed")
    assert lifecycle.record(name) is None


def test_the_bundled_agent_exports_spans_and_a_dry_run_lists_the_evaluators(
    lifecycle: Any, environment: Callable[[], str], image: dict[str, Any]
) -> None:
    name = environment()
    given = {"environment": name, "artifact": image, "smokeTest": smoke_test()}
    planned = lifecycle.run({**given, "dryRun": True})
    assert planned.status == "SUCCEEDED", (planned.error, planned.cause)
    assert planned.output["plan"]["evaluations"] == [CORRECTNESS]
    made = lifecycle.run(given)
    assert made.status == "SUCCEEDED", (made.error, made.cause)
    assert made.output["smokeTest"]["evaluations"][0]["passed"]
