"""Run a batch of cases: sign in, ask each case of the range, and say how it went."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator

from lifecycle.cases.asking import NOT_ASKED, Asked, Asking
from lifecycle.cases.results import MOST_BATCH_BYTES, CaseResult, fit
from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.errors import SmokeTestError, TagsNotVisibleError
from lifecycle.promotions.store import PromotionItems
from lifecycle.request.case import Case
from lifecycle.request.cases.plan import Batch, load_cases
from lifecycle.request.cases.source import PinnedCases, UnreadableError
from lifecycle.request.smoke_test import SmokeTest
from lifecycle.request.stage_event import StageEvent
from lifecycle.sections.identity import IdentityRecord
from lifecycle.settings import Settings
from lifecycle.smoke_test.invocation import Target
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.probes import good_caller
from lifecycle.smoke_test.sign_in import SignedIn, sign_in
from lifecycle.smoke_test.tested.sessions import stop_sessions
from lifecycle.smoke_test.tested.subject import subject_of
from lifecycle.smoke_test.through import way_to
from lifecycle.table import Records

_NEVER = Asked(passed=False, reason=NOT_ASKED, undecided=True)


class BatchEvent(StageEvent):
    """What the state machine passes for one batch.

    Attributes:
        endpoint: The endpoint that the smoke test tested.
        cases_deadline: When the time of the whole smoke test ends, in seconds since the epoch.
        source: The object that the cases are read from; null for those of the request.
        batch: The range of cases.
        batches: How many batches there are.
    """

    endpoint: str
    cases_deadline: float
    source: PinnedCases | None = None
    batch: Batch
    batches: int


class BatchResult(Wire):
    """What the stage returns.

    Attributes:
        results: A result for each case of the range.
        session_id: The session in which they were asked.
        answered: How many questions were answered in it.
    """

    results: list[CaseResult]
    session_id: str
    answered: int


def run_cases(
    event: BatchEvent,
    *,
    clients: Clients = CLIENTS,
    sleep: Callable[[float], None] = time.sleep,
) -> BatchResult:
    """Ask the cases of a batch, each `repeat` times, in a session of its own. Changes nothing; runs twice if it must.

    Where a limit of time is set, the first case is asked once before, without counting, so that the start of the
    session is not taken for the agent's time.

    Args:
        event: The execution, its request, and the range of cases.
        clients: DynamoDB, S3, Secrets Manager, Cognito, AgentCore's data plane and plain HTTPS.
        sleep: Waits between tries, seconds.

    Returns:
        A result for each case. What could not be asked in time did not pass.

    Raises:
        AwsCallError: IAM refuses the function itself, so no question reaches the agent.
        SmokeTestError: The caller cannot sign in, or the object with the cases was deleted or replaced meanwhile.
        EnvironmentNotFoundError: There is no runtime to test.
        LockLostError: Another execution took the environment over.
    """
    request = event.request
    settings = Settings.load()
    records = Records(clients.dynamodb, settings.table_name)
    record = records.held(request.environment, event.execution)
    subject = subject_of(record, request.environment)
    items = PromotionItems(clients.dynamodb, settings.table_name)
    identity = subject.identity_at(event.endpoint, items)
    patience = Patience(max(0.0, event.cases_deadline - time.time()), sleep)
    try:
        cases = load_cases(request, event.source, lambda: clients.s3)
    except UnreadableError as error:
        raise SmokeTestError(
            f"check 'The cases can be read': given smokeTest.casesFrom {error}"
        ) from error
    chosen = list(enumerate(cases))[event.batch.first : event.batch.end]
    tally = _Tally(chosen, request.smoke_test, event.batches)
    target = Target(str(subject.runtime.arn), event.endpoint, f"smoke-test-{uuid.uuid4()}")
    way = way_to(target, identity, record)
    signed_in = _sign_in(request.environment, identity, clients, patience)
    if signed_in is None:
        return tally.result(target.session_id)
    caller = good_caller(identity, signed_in, clients)
    protocol = request.runtime.protocol
    asking = Asking(caller, way, protocol, patience, signed_in.secrets, "RunCasesFunction")
    try:
        if request.smoke_test.max_p95_seconds or any(case.max_seconds for _, case in chosen):
            asking.warm_up(chosen[0][1])
        for _ in range(request.smoke_test.repeat):
            for index, case in chosen:
                tally.add(index, asking.ask(case))
    finally:
        stop_sessions(target, asking.mcp_session_ids, caller)
    return tally.result(target.session_id)


class _Tally:
    def __init__(self, chosen: list[tuple[int, Case]], smoke_test: SmokeTest, batches: int) -> None:
        self._names = {index: case.name or "" for index, case in chosen}
        self._asked: dict[int, list[Asked]] = {index: [] for index, _ in chosen}
        self._repeat = smoke_test.repeat
        self._batches = batches

    def add(self, index: int, asked: Asked) -> None:
        self._asked[index].append(asked)

    def result(self, session_id: str) -> BatchResult:
        """A result for each case; of one that was never asked, that it was not."""
        results = list(self._all())
        return BatchResult(
            results=fit(results, MOST_BATCH_BYTES // self._batches),
            session_id=session_id,
            answered=sum(len(one.milliseconds) for one in results),
        )

    def _all(self) -> Iterator[CaseResult]:
        for index, asked in self._asked.items():
            reasons = [one.reason for one in asked or [_NEVER] if not one.passed]
            yield CaseResult(
                index=index,
                name=self._names[index],
                asked=self._repeat,
                passed=sum(one.passed for one in asked),
                # Those that were never asked, too.
                undecided=sum(one.undecided for one in asked) + self._repeat - len(asked),
                milliseconds=[one.milliseconds for one in asked if one.milliseconds is not None],
                reason=reasons[-1] if reasons else "",
            )


def _sign_in(
    environment: str, identity: IdentityRecord, clients: Clients, patience: Patience
) -> SignedIn | None:
    """Sign in; None when the time was over before. The smoke test has just done the same."""
    tries = 0
    while patience.for_one_try() > 0:
        tries += 1
        try:
            return sign_in(environment, identity, clients, patience)
        except TagsNotVisibleError as error:
            # They were visible a moment ago.
            if not patience.wait(tries):
                raise SmokeTestError(str(error)) from error
        except SmokeTestError as error:
            if patience.for_one_try() > 0:
                # Not as the signal to `lifecycle.smoke_test.run` that it may be.
                raise SmokeTestError(str(error)) from None
    return None
