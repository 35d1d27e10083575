"""The scores of each evaluator: what the output shows, and whether they are high enough."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.entry import Wire
from lifecycle.evaluations.judging import Judgement
from lifecycle.request.evaluators.plan import PlannedEvaluator

# Scores are means of floats; a tenth may be a little less than a tenth.
_TOLERANCE = 1e-9
_NOTHING = {
    "SESSION": "there was no session to judge",
    "TRACE": "there was no answer to judge",
    "TOOL_CALL": "no tool was called in any session; use an evaluator of another level, or ask what needs a tool",
}


class EvaluationReport(Wire):
    """What one evaluator said, as the output shows it.

    Attributes:
        evaluator: Its id.
        level: What it judged: `SESSION`, `TRACE` or `TOOL_CALL`.
        min_score: The least score that passes.
        passed: Whether its score is high enough.
        score: The mean over the sessions, each of which counts once; null when there is none.
        sessions: How many sessions it judged.
        results: How many results it gave in them.
        label: What it called the lowest result; null when there is none.
        explanation: Why it gave the lowest result, at most 240 characters; null when there is none.
        error: Why it could not judge; null when it could.
    """

    evaluator: str
    level: str
    min_score: float
    passed: bool
    score: float | None
    sessions: int
    results: int
    label: str | None
    explanation: str | None
    error: str | None


def report(evaluator: PlannedEvaluator, judgements: Sequence[Judgement]) -> EvaluationReport:
    """Sum up what an evaluator said of all sessions.

    Args:
        evaluator: The evaluator, with the least score that passes.
        judgements: One for each session. A single problem means that the evaluator did not pass.
    """
    means = [judged.mean for judged in judgements if judged.mean is not None]
    scores = [score for judged in judgements for score in judged.scores]
    error = next((judged.problem for judged in judgements if judged.problem), None)
    if error is None and not means:
        error = _NOTHING[evaluator.level]
    mean = sum(means) / len(means) if means else None
    lowest = min(scores, key=lambda score: score.value, default=None)
    enough = mean is not None and mean >= evaluator.min_score - _TOLERANCE
    return EvaluationReport(
        evaluator=evaluator.evaluator,
        level=evaluator.level,
        min_score=evaluator.min_score,
        passed=error is None and enough,
        score=None if mean is None else round(mean, 4),
        sessions=len(means),
        results=len(scores),
        label=(lowest.label or None) if lowest else None,
        explanation=(lowest.explanation or None) if lowest else None,
        error=error,
    )


def why_not(reports: Sequence[EvaluationReport]) -> str | None:
    """Why the version does not pass, on one line; None when it does."""
    failed = [_sentence(one) for one in reports if not one.passed]
    return f"check 'The evaluations pass': {'; '.join(failed)}" if failed else None


def _sentence(one: EvaluationReport) -> str:
    if one.error is not None:
        return f"{one.evaluator} could not judge: {one.error}"
    said = f"{one.evaluator} scored {one.score:g} over {one.sessions} sessions, minScore {one.min_score:g}"
    if one.label or one.explanation:
        said += f" (the lowest: {': '.join(text for text in (one.label, one.explanation) if text)})"
    return said
