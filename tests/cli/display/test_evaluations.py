"""The scores of evaluators, as a person sees them on a terminal of 80 columns."""

from __future__ import annotations

from typing import Any

from tests.cli.display.test_plan import PLAN, shown, shown_output

PASSED: dict[str, Any] = {
    "evaluator": "Builtin.Correctness",
    "passed": True,
    "score": 0.95,
    "minScore": 0.8,
    "explanation": "The answer leaves out the wind.",
    "error": None,
}
FAILED: dict[str, Any] = {
    "evaluator": "Builtin.GoalSuccessRate",
    "passed": False,
    "score": None,
    "minScore": 1,
    "explanation": None,
    "error": "Evaluate: ThrottlingException: Rate exceeded",
}


def test_each_evaluator_has_a_row_with_its_score_and_why() -> None:
    lines = shown_output({"smokeTest": {"evaluations": [PASSED, FAILED]}})
    begin = lines.index("Evaluations")
    heads = " ".join(lines[begin + 1].split())
    assert heads == "evaluator score minScore lowest result, or error"
    text = " ".join(" ".join(lines[begin + 2 :]).split())
    assert "✓ Builtin.Correctness 0.95 0.8 The answer leaves out the wind." in text
    assert "✗ Builtin.GoalSuccessRate 1 Evaluate: ThrottlingException" in text


def test_a_plan_lists_the_evaluators() -> None:
    planned = [{"evaluator": "Builtin.Correctness", "minScore": 0.8}]
    lines = shown({**PLAN, "evaluations": planned})
    (line,) = [line for line in lines if line.startswith("evaluation")]
    assert line.split() == ["evaluation", "judges", "Builtin.Correctness,", "minScore", "0.8"]
