"""Prepare the rollback: decide whether a failed verification rolls `live` back, to which version, by which request."""

from __future__ import annotations

from typing import Any

from lifecycle.auto_rollback.choice import NoWayBackError, version_before
from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.errors import InvalidRequestError
from lifecycle.names import LIVE_ENDPOINT
from lifecycle.outcome.automatic import AutoRollback
from lifecycle.outcome.cause import RawFailure, readable
from lifecycle.promotions.store import PromotionItems
from lifecycle.record import Record
from lifecycle.request import rollback
from lifecycle.request.cases.plan import CasePlan, pinned, plan_cases
from lifecycle.request.closed.sign_in import refuse_another_sign_in
from lifecycle.request.credentials.check import check_credentials
from lifecycle.request.evaluators.plan import EvaluationPlan, plan_evaluations
from lifecycle.request.model import Request, parse_request
from lifecycle.request.providers import check_provider
from lifecycle.request.reach import check as reach
from lifecycle.request.reach.back import kept_gateway
from lifecycle.settings import Settings
from lifecycle.table import Records

_NOT_OF_THE_VERSION = (
    "the failure does not say that the version itself is bad (a caller that cannot sign in or is refused, a call that "
    "AWS refuses, and undecided answers do not)"
)


class VerificationFailed(Wire):
    """What the state machine passes to the stage.

    Attributes:
        execution: ARN of the execution, which holds the environment's lock.
        input: The execution's input, as it was given.
        failure: Why the verification failed.
    """

    execution: str
    input: Any
    failure: RawFailure


class PreparedRollback(Wire):
    """What the stage returns.

    Attributes:
        auto_rollback: From which version to which one, or why not.
        request: The rollback's request; null when nothing is rolled back.
        cases: Its cases; null when there are none.
        evaluations: Its evaluators; null when there are none.
    """

    auto_rollback: AutoRollback
    request: Request | None = None
    cases: CasePlan | None = None
    evaluations: EvaluationPlan | None = None


def prepare_rollback(event: VerificationFailed, *, clients: Clients = CLIENTS) -> PreparedRollback:
    """Prepare the rollback that follows a failed verification. The execution keeps its lock.

    The record gets the state of a rollback only when there is one to do. Called again, it prepares the same.

    Args:
        event: The execution, its input, and why its verification failed.
        clients: DynamoDB, S3, Secrets Manager and AgentCore's control plane.

    Returns:
        The request of the rollback, as `prepare_request` makes it for `action: rollback`, or why there is none.

    Raises:
        LockLostError: Another execution took the environment over.
    """
    settings = Settings.load()
    records = Records(clients.dynamodb, settings.table_name)
    asked = parse_request(event.input)
    record = records.held(asked.environment, event.execution)
    kept = record.failed_smoke_test
    report = kept.report if kept and kept.execution == event.execution else None
    live = record.runtime.live_version if record.runtime else None
    result = AutoRollback(from_version=live, smoke_test=report)
    if not (kept and report and kept.of_version and report.get("endpoint") == LIVE_ENDPOINT):
        return _refused(result, _NOT_OF_THE_VERSION)
    if report.get("version") != live:
        return _refused(
            result,
            f"live serves version {report.get('version')}, and the record says {live}; provision, or roll back to a "
            "version that you name",
        )
    try:
        came, goes = version_before(record)
        request, cases = _request(asked, goes, record, clients, settings.table_name)
        evaluations = plan_evaluations(
            request.smoke_test.evaluators, lambda: clients.agentcore_control
        )
    except (NoWayBackError, InvalidRequestError) as error:
        return _refused(result, str(error))
    because = readable(event.failure)
    records.update(
        asked.environment,
        event.execution,
        state="PROVISIONING",
        state_reason=f"an automatic rollback from {came} to {goes}: {because.error}: {because.cause}",
    )
    return PreparedRollback(
        auto_rollback=result.model_copy(update={"to_version": goes}),
        request=request,
        cases=cases,
        evaluations=evaluations,
    )


def _refused(result: AutoRollback, why: str) -> PreparedRollback:
    return PreparedRollback(auto_rollback=result.model_copy(update={"refused": why}))


def _request(
    asked: Request, version: str, record: Record, clients: Clients, table_name: str
) -> tuple[Request, CasePlan | None]:
    """The rollback's request, with its cases; fields of `smokeTest` in the input win, as for `action: rollback`."""
    items = PromotionItems(clients.dynamodb, table_name)
    back = asked.model_copy(
        update={"action": "rollback", "version": version, "auto_rollback": False}
    )
    request = rollback.completed(back, record, items)
    refuse_another_sign_in(request, record)
    kept = kept_gateway(record)
    if kept is not None:
        # What the stack does not allow any more is refused before `live` moves, as for `action: rollback`.
        reach.checked(kept, reach.ReachSettings.load(), lambda: clients.s3)
    check_provider(request.auth, request.environment, clients)
    check_credentials(request.credentials, request.environment, clients.secrets)
    cases = plan_cases(request, lambda: clients.s3)
    return pinned(request, cases), cases
