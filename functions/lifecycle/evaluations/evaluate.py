"""Evaluate the sessions: wait until their spans are there, let each evaluator judge, and note the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.errors import SmokeTestError
from lifecycle.evaluations.judging import Judgement, judge
from lifecycle.evaluations.looks import SpanLook, is_last, next_look
from lifecycle.evaluations.results import EvaluationReport, report, why_not
from lifecycle.evaluations.sessions import AskedSession, SessionSpans
from lifecycle.evaluations.telemetry import SHARED_GROUP, Telemetry
from lifecycle.request.evaluators.plan import EvaluationPlan, PlannedEvaluator
from lifecycle.request.stage_event import StageEvent
from lifecycle.settings import Settings
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.tested.subject import Subject, subject_of
from lifecycle.smoke_test.tested.verdict import write_failed, write_passed
from lifecycle.table import Records

# A model thinks for some time about ten answers, and each of the calls may be repeated.
_CALL_SECONDS = 120.0
_ALL_CALLS_SECONDS = 700.0
_AT_ONCE = 4
_NAMED = 3


class EvaluateEvent(StageEvent):
    """What the state machine passes to the stage.

    Attributes:
        smoke_test: The report of the smoke test and its cases, which passed so far.
        evaluations: The evaluators.
        sessions: The sessions that the smoke test and the cases made.
        cases_deadline: When the time of the smoke test ended, in seconds since the epoch.
        span_look: The last look of the loop; null before the first one.
    """

    smoke_test: dict[str, Any]
    evaluations: EvaluationPlan
    sessions: list[AskedSession]
    cases_deadline: float
    span_look: SpanLook | None = None


class Evaluated(Wire):
    """What the stage returns.

    Attributes:
        done: Whether the loop ends.
        span_look: This look, with the wait until the next one; null when the loop ends.
        smoke_test: The report of the smoke test; with its evaluations when the loop ends.
    """

    done: bool
    span_look: SpanLook | None = None
    smoke_test: dict[str, Any]


def evaluate_sessions(
    event: EvaluateEvent,
    *,
    clients: Clients = CLIENTS,
    sleep: Callable[[float], None] = time.sleep,
) -> Evaluated:
    """Look whether the spans of all sessions are there; if they are, evaluate, and note whether the version passed.

    A session is there when it has a trace that can be judged for each question, or at least one and nothing new since
    the last look. What is not there at the last look is an error, never a pass.

    Args:
        event: The execution, its request, the evaluators and the sessions.
        clients: DynamoDB, CloudWatch Logs and AgentCore's data plane.
        sleep: Waits between tries, seconds.

    Returns:
        Whether the loop ends, and the report of the smoke test.

    Raises:
        SmokeTestError: A score is too low, an evaluator could not judge, or the spans did not arrive; the record says
            which version failed.
        AwsCallError: IAM refuses the function to call `Evaluate`, or to read the log groups.
        EnvironmentNotFoundError: There is no runtime.
        LockLostError: Another execution took the environment over.
    """
    limit = event.request.smoke_test.evaluation_seconds
    records = Records(clients.dynamodb, Settings.load().table_name)
    environment = event.request.environment
    subject = subject_of(records.held(environment, event.execution), environment)
    endpoint = str(event.smoke_test.get("endpoint"))
    asked = [one for one in event.sessions if one.questions > 0]
    telemetry = Telemetry(clients.logs, str(subject.runtime.id), endpoint, sleep)
    began = event.cases_deadline - event.request.smoke_test.timeout_seconds
    found = telemetry.read(asked, began)
    now = time.time()
    last = is_last(event.span_look, limit, now)
    look = next_look(event.span_look, sum(one.size for one in found), limit, now)
    waiting = Evaluated(done=False, span_look=look, smoke_test=event.smoke_test)
    if not last and not _is_there(found, event.span_look):
        return waiting
    late = _not_there(found, telemetry, limit)
    if late is not None:
        raise _failed(records, event, subject, late, [])
    patience = Patience(_ALL_CALLS_SECONDS, sleep)
    client = clients.agentcore_within(_CALL_SECONDS)
    judged = _judge(client, event.evaluations.evaluators, found, patience)
    if not last and any(one.is_early for said in judged for one in said):
        return waiting
    reports = [
        report(evaluator, said)
        for evaluator, said in zip(event.evaluations.evaluators, judged, strict=True)
    ]
    reason = why_not(reports)
    if reason is not None:
        raise _failed(records, event, subject, reason, reports)
    version = event.smoke_test.get("version")
    write_passed(records, environment, event.execution, subject.runtime, endpoint, version)
    return Evaluated(done=True, smoke_test=_with(event.smoke_test, reports, passed=True))


def _is_there(found: Sequence[SessionSpans], look: SpanLook | None) -> bool:
    if all(one.is_complete for one in found):
        return True
    settled = look is not None and look.records == sum(one.size for one in found)
    return settled and all(one.judged for one in found)


def _not_there(found: Sequence[SessionSpans], telemetry: Telemetry, limit: int) -> str | None:
    """What to switch on, when there is a session without a trace that can be judged; None when there is none."""
    late = [one for one in found if not one.judged]
    if not late:
        return None
    named = ", ".join(one.id for one in late[:_NAMED])
    more = f" and {len(late) - _NAMED} more" if len(late) > _NAMED else ""
    if any(one.shared for one in late):
        return (
            f"check 'The spans arrive': the spans of session {named}{more} are in {SHARED_GROUP}, but not what was "
            f"said: no event record of them came into {telemetry.group} in {limit} s; raise "
            "smokeTest.evaluationSeconds, or let the agent export its logs (opentelemetry-instrument does)"
        )
    gone = sorted(telemetry.missing)
    missing = f" (there is no log group {' and no '.join(gone)})" if gone else ""
    return (
        f"check 'The spans arrive': no span of session {named}{more} came into {SHARED_GROUP} or {telemetry.group} in "
        f"{limit} s{missing}; switch on CloudWatch Transaction Search, once for the account and Region, start the "
        "agent with opentelemetry-instrument (package aws-opentelemetry-distro), or raise smokeTest.evaluationSeconds"
    )


def _judge(
    client: Any,
    evaluators: Sequence[PlannedEvaluator],
    found: Sequence[SessionSpans],
    patience: Patience,
) -> list[list[Judgement]]:
    """What each evaluator says of each session; a few calls run at a time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        said = [
            [pool.submit(judge, client, evaluator, session, patience) for session in found]
            for evaluator in evaluators
        ]
        return [[future.result() for future in futures] for futures in said]


def _with(
    smoke_test: dict[str, Any], reports: Sequence[EvaluationReport], *, passed: bool
) -> dict[str, Any]:
    shown = [one.model_dump(mode="json", by_alias=True) for one in reports]
    return {**smoke_test, "passed": passed, "evaluations": shown}


def _failed(
    records: Records,
    event: EvaluateEvent,
    subject: Subject,
    reason: str,
    reports: Sequence[EvaluationReport],
) -> SmokeTestError:
    """Note that the version failed; returns the error to raise."""
    whole = _with(event.smoke_test, reports, passed=False)
    version = event.smoke_test.get("version")
    environment = event.request.environment
    low = [one for one in reports if not one.passed]
    write_failed(
        *(records, environment, event.execution, subject.runtime, version, reason, whole),
        # Spans that are missing and an evaluator that cannot judge say nothing about the version.
        of_version=bool(low) and all(one.error is None for one in low),
    )
    return SmokeTestError(reason)
