"""Judge the cases: whether enough of them passed, and quickly enough, so that the version may be promoted."""

from __future__ import annotations

from typing import Any

from lifecycle.cases.results import CaseResult, CasesReport, failed, report
from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.errors import SmokeTestError
from lifecycle.request.smoke_test import SmokeTest
from lifecycle.request.stage_event import StageEvent
from lifecycle.settings import Settings
from lifecycle.smoke_test.tested.subject import subject_of
from lifecycle.smoke_test.tested.verdict import write_failed, write_passed
from lifecycle.table import Records


class Returned(Wire):
    """What one batch returned."""

    results: list[CaseResult]


class JudgeEvent(StageEvent):
    """What the state machine passes to the stage.

    Attributes:
        smoke_test: The report of the smoke test, which passed so far.
        total: How many cases there are.
        batches: What each batch returned.
    """

    smoke_test: dict[str, Any]
    total: int
    batches: list[Returned]


class Judged(Wire):
    """What the stage returns: the report of the smoke test, with its cases."""

    smoke_test: dict[str, Any]


def judge_cases(event: JudgeEvent, *, clients: Clients = CLIENTS) -> Judged:
    """Judge the results of all cases, and note in the record whether the version passed.

    With evaluators, only a failure is noted: `lifecycle.evaluations.evaluate` notes that a version passed.

    Args:
        event: The execution, its request, and the results.
        clients: DynamoDB.

    Returns:
        The report of the smoke test, with the cases.

    Raises:
        SmokeTestError: Too few answers passed, or they took too long; the record says which version failed.
        EnvironmentNotFoundError: There is no runtime.
        LockLostError: Another execution took the environment over.
    """
    request = event.request
    records = Records(clients.dynamodb, Settings.load().table_name)
    runtime = subject_of(records.get(request.environment), request.environment).runtime
    results = [result for batch in event.batches for result in batch.results]
    found = report(results, event.total * request.smoke_test.repeat)
    reason = _why_not(found, results, request.smoke_test)
    whole = {
        **event.smoke_test,
        "passed": reason is None,
        "cases": found.model_dump(mode="json", by_alias=True),
    }
    environment, execution = request.environment, event.execution
    version = event.smoke_test.get("version")
    if reason is not None:
        of_version = _is_of_version(found, results, request.smoke_test)
        write_failed(
            *(records, environment, execution, runtime, version, reason, whole),
            of_version=of_version,
        )
        raise SmokeTestError(reason)
    endpoint = str(event.smoke_test.get("endpoint"))
    if not request.smoke_test.evaluators:
        write_passed(records, environment, execution, runtime, endpoint, version)
    return Judged(smoke_test=whole)


def _is_of_version(found: CasesReport, results: list[CaseResult], smoke_test: SmokeTest) -> bool:
    """Whether the version fails even if everything that is undecided would pass."""
    undecided = sum(result.undecided for result in results)
    decided = found.model_copy(update={"passed": found.passed + undecided})
    if not _is_enough(decided, smoke_test):
        return True
    return undecided == 0 and not _is_quick(found, smoke_test)


def _is_enough(found: CasesReport, smoke_test: SmokeTest) -> bool:
    return found.passed >= smoke_test.min_pass_rate * found.total - 1e-9


def _is_quick(found: CasesReport, smoke_test: SmokeTest) -> bool:
    slowest, p95 = smoke_test.max_p95_seconds, found.p95_seconds
    return slowest is None or (p95 is not None and p95 <= slowest)


def _why_not(found: CasesReport, results: list[CaseResult], smoke_test: SmokeTest) -> str | None:
    """Why the version does not pass, on one line; None when it does."""
    rate, slowest = smoke_test.min_pass_rate, smoke_test.max_p95_seconds
    p95 = found.p95_seconds
    if _is_enough(found, smoke_test) and _is_quick(found, smoke_test):
        return None
    parts = [
        f"check 'The cases pass': passed {found.passed} of {found.total} answers (a rate of {found.pass_rate:g}, "
        f"smokeTest.minPassRate {rate:g})"
    ]
    if slowest is not None:
        shown = "none" if p95 is None else f"{p95:.3g} s"
        parts.append(f"p95 {shown}, smokeTest.maxP95Seconds {slowest:g} s")
    said = failed(results)
    if said:
        parts.append(f"failed: {said}")
    return "; ".join(parts)
