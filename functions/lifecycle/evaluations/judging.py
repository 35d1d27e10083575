"""Ask an evaluator about a session, with `Evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lifecycle.agent_log.lines import presentable
from lifecycle.entry import THROTTLES, describe
from lifecycle.evaluations.sessions import SessionSpans
from lifecycle.request.evaluators.plan import PlannedEvaluator
from lifecycle.smoke_test.patience import Patience

_DENIED = "AccessDeniedException"
_FIRST_SERVER_FAULT = 500
_MOST_TRIES = 6
# An evaluator's model may be busy for a moment; the code stands in a result, and botocore's model lists none.
_PASSING_RESULTS = ("Throttl", "Timeout", "Unavailable", "InternalServer", "TooManyRequests")
_EVENT_MISSING = "LogEventMissing"


@dataclass(frozen=True)
class Score:
    """What an evaluator said of one target.

    Attributes:
        value: The score.
        label: What it means; may be empty.
        explanation: Why, on one line without credentials, at most 240 characters.
    """

    value: float
    label: str
    explanation: str


@dataclass(frozen=True)
class Judgement:
    """What an evaluator said of one session.

    Attributes:
        scores: One for each target, or for each dimension of each.
        problem: Why it could not judge, on one line; None when it could.
        is_early: The problem is that not everything has arrived yet.
    """

    scores: tuple[Score, ...] = ()
    problem: str | None = None
    is_early: bool = False

    @property
    def mean(self) -> float | None:
        """The session's score; None when there was nothing to judge in it."""
        if not self.scores:
            return None
        return sum(score.value for score in self.scores) / len(self.scores)


def judge(
    client: Any, evaluator: PlannedEvaluator, session: SessionSpans, patience: Patience
) -> Judgement:
    """Let an evaluator judge a session. A call that was throttled or that failed in the service is repeated.

    Args:
        client: A boto3 client of AgentCore's data plane.
        evaluator: Who judges.
        session: The session, which has a trace that can be judged.
        patience: The time that is left for all calls.

    Raises:
        ClientError: IAM refused the call.
    """
    target = _target(evaluator, session)
    if target is None:
        return Judgement()
    tries = 0
    while True:
        tries += 1
        judged, passing = _once(client, evaluator, session, target)
        if not passing or tries >= _MOST_TRIES or not patience.wait(tries):
            return judged


def _target(evaluator: PlannedEvaluator, session: SessionSpans) -> dict[str, Any] | None:
    """The parameter `evaluationTarget`; None when the session has nothing of the evaluator's level."""
    if evaluator.level == "SESSION":
        return {}
    if evaluator.level == "TRACE":
        return {"evaluationTarget": {"traceIds": session.judged}}
    calls = session.tool_calls()
    return {"evaluationTarget": {"spanIds": calls}} if calls else None


def _once(
    client: Any, evaluator: PlannedEvaluator, session: SessionSpans, target: dict[str, Any]
) -> tuple[Judgement, bool]:
    """Call once; also tell whether the problem may pass."""
    try:
        answer = client.evaluate(
            evaluatorId=evaluator.evaluator,
            evaluationInput={"sessionSpans": session.documents()},
            **target,
        )
    except ClientError as error:
        code = error.response["Error"].get("Code", "Unknown")
        if code == _DENIED:
            raise
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        passing = code in THROTTLES or status >= _FIRST_SERVER_FAULT
        return Judgement(problem=presentable(describe(error))), passing
    except BotoCoreError as error:
        return Judgement(problem=f"Evaluate: no answer ({type(error).__name__})"), True
    return _read(answer["evaluationResults"])


def _read(results: list[dict[str, Any]]) -> tuple[Judgement, bool]:
    scores: list[Score] = []
    for one in results:
        code = one.get("errorCode")
        if code or one.get("errorMessage"):
            named = str(code or "error")
            said = presentable(f"Evaluate: {named}: {one.get('errorMessage') or 'no message'}")
            passing = any(text in named for text in _PASSING_RESULTS)
            return Judgement(problem=said, is_early=_EVENT_MISSING in named), passing
        if not isinstance(one.get("value"), int | float):
            label = presentable(str(one.get("label") or "none"))
            return Judgement(
                problem=f"it gives labels (here: {label}) and no score; use an evaluator with a numerical scale"
            ), False
        scores.append(_score(one, presentable))
    if not scores:
        return Judgement(problem="Evaluate: the answer has no result"), False
    return Judgement(tuple(scores)), False


def _score(result: dict[str, Any], show: Callable[[str], str]) -> Score:
    return Score(
        value=float(result["value"]),
        label=show(str(result.get("label") or "")),
        explanation=show(str(result.get("explanation") or "")),
    )
