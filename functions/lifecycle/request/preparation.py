"""Prepare the request: validate it, check that it can be carried out, and take the environment's lock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from pydantic import Field

from lifecycle.clients import CLIENTS, Clients
from lifecycle.durations import StackDurations
from lifecycle.entry import Wire
from lifecycle.errors import ArtifactChangeError, EnvironmentNotFoundError, InvalidRequestError
from lifecycle.polling.schedule import Kind, Learned
from lifecycle.promotions.store import PromotionItems
from lifecycle.record import Record, State
from lifecycle.request import rollback
from lifecycle.request.account.transaction_search import check_transaction_search
from lifecycle.request.canaries.plan import CanaryPlan, plan_canary
from lifecycle.request.cases.plan import CasePlan, pinned, plan_cases
from lifecycle.request.closed.sign_in import is_closed, refuse_another_sign_in, refuse_closing
from lifecycle.request.credentials.check import check_credentials
from lifecycle.request.evaluators.plan import EvaluationPlan, plan_evaluations
from lifecycle.request.inputs import shown
from lifecycle.request.limits.environment import environment_of
from lifecycle.request.model import Request, parse_request
from lifecycle.request.providers import check_provider
from lifecycle.request.reach import check as reach
from lifecycle.request.reach.back import kept_gateway
from lifecycle.request.smoke_test import merged
from lifecycle.settings import Settings
from lifecycle.table import Records


class PrepareEvent(Wire):
    """What the first state passes: the execution's ARN and its unchanged input."""

    execution: str
    input: Any

    @property
    def environment(self) -> str | None:
        """The environment that the input is about, also if it is refused; None when it has no valid name."""
        return environment_of(self.input)


class Prepared(Wire):
    """What the other stages get.

    Attributes:
        request: The request.
        cases: The cases that a version must also pass; null when there are none, or nothing is tested.
        telemetry: Whether logs and traces are to be delivered, or something that delivers them is to be removed.
        gateway: Whether there is a gateway to make, repair, test or remove.
        credentials: Whether there are credential providers to make, repair or remove.
        closes: Whether the runtime is to answer only its gateway, which must then be there before the runtime is.
        canary: How callers are to try a version first; null when nobody asked for that.
        left_canary: Whether something that splits calls was left behind, which must go before anything else.
        evaluations: The evaluators whose scores a version must reach; null likewise.
        learned: How long earlier runs of the environment took, or of the stack's others if it has none.
    """

    request: Request
    cases: CasePlan | None = None
    telemetry: bool = False
    gateway: bool = False
    credentials: bool = False
    closes: bool = False
    canary: CanaryPlan | None = None
    left_canary: bool = False
    evaluations: EvaluationPlan | None = None
    learned: Learned = Field(default_factory=dict)


_AWAITED: dict[str, set[Kind]] = {
    "provision": {"build", "create", "update", "promote"},
    "rollback": {"build", "create", "update", "promote"},
    "teardown": {"deleteEndpoints", "delete"},
}
_STATE_OF_ACTION: dict[str, State] = {
    "provision": "PROVISIONING",
    "rollback": "PROVISIONING",
    "teardown": "REMOVING",
}


def prepare_request(
    event: PrepareEvent,
    *,
    clients: Clients = CLIENTS,
    sleep: Callable[[float], None] = time.sleep,
) -> Prepared:
    """Validate the input and take the environment's lock for the execution. Creates only the record.

    A dry run of a provision takes the lock only if there is a record, and creates none.

    Args:
        event: The execution and its input.
        clients: DynamoDB, Step Functions, Secrets Manager, S3, X-Ray, AgentCore's control plane, and plain HTTPS.
        sleep: Waits before a provider that did not answer is asked again, seconds.

    Returns:
        The request with every default filled in. `teardown` and `smokeTest` take what their input leaves out from the
        environment's last provision that succeeded, and `rollback` from the promotion that it goes back to.

    Raises:
        InvalidRequestError: The input is wrong, the stack does not allow its provider or secret, the provider does not
            answer, the stack does not allow a target of its gateway, the runtime cannot be closed yet, there is no such
            version to roll back to, the object with the cases is wrong or cannot be read, an evaluator is unknown, or
            the account is not ready for `observability`.
        EnvironmentNotFoundError: Another action than `provision` of an environment without a record.
        EnvironmentBusyError: Another execution works on the environment.
        ArtifactChangeError: The environment's runtime is of the other kind of artifact.
    """
    request = parse_request(event.input)
    settings = Settings.load()
    records = Records(clients.dynamodb, settings.table_name)
    if request.action == "provision":
        check_provider(request.auth, request.environment, clients, is_asked=True, sleep=sleep)
        request = _within_reach(request, clients)
        check_credentials(request.credentials, request.environment, clients.secrets)
    elif request.credentials:
        names = [one.name for one in request.credentials]
        raise InvalidRequestError(
            f"credentials: given {shown(names)}, allowed: only with action provision"
        )
    if request.observability and request.action == "provision":
        check_transaction_search(clients.xray, event.execution)

    asked, cases, evaluations = request, None, None

    def check(record: Record | None) -> None:
        nonlocal asked, cases, evaluations
        if request.action == "provision":
            _refuse_artifact_change(record, request)
            refuse_closing(request, record)
        if request.action == "rollback" and record is not None:
            items = PromotionItems(clients.dynamodb, settings.table_name)
            asked = rollback.completed(request, record, items)
            check_provider(asked.auth, asked.environment, clients)
            check_credentials(asked.credentials, asked.environment, clients.secrets)
            kept = kept_gateway(record)
            if kept is not None:
                # What the stack does not allow any more is refused before `live` moves, not by the gateway's stage.
                reach.checked(kept, reach.ReachSettings.load(), lambda: clients.s3)
        else:
            asked = _completed(request, record) if record else request
        refuse_another_sign_in(asked, record)
        cases = plan_cases(asked, lambda: clients.s3)
        asked = pinned(asked, cases)
        if asked.action != "teardown":
            evaluators = asked.smoke_test.evaluators
            evaluations = plan_evaluations(evaluators, lambda: clients.agentcore_control)

    def is_running(execution: str) -> bool:
        return execution_is_running(clients.stepfunctions, execution)

    record = records.acquire(
        request.environment,
        event.execution,
        is_running,
        _changes(request),
        # A dry run of an environment that does not exist leaves no record behind, so there is nothing to lock.
        must_exist=request.action != "provision" or request.dry_run,
        check=check,
    )
    if record is None and request.action == "provision":
        check(None)
        record = Record(environment=request.environment)
    if record is None:
        raise EnvironmentNotFoundError(
            f"environment '{request.environment}' has no record in {settings.table_name}; "
            "provision it first, or look up the right name in the table"
        )
    learned, awaited = record.learned, _AWAITED.get(request.action, set())
    if awaited and not request.dry_run and not awaited & learned.keys():
        learned = StackDurations(clients.dynamodb, settings.table_name).read() | learned
    return Prepared(
        request=asked,
        cases=cases,
        evaluations=evaluations,
        telemetry=_has_telemetry(request, record),
        gateway=_has_gateway(request, record),
        credentials=_has_credentials(asked, record),
        closes=is_closed(request, record),
        canary=plan_canary(asked, record),
        # A teardown removes it with everything else, and a dry run changes nothing.
        left_canary=record.canary is not None
        and request.action != "teardown"
        and not request.dry_run,
        learned=learned,
    )


def _within_reach(request: Request, clients: Clients) -> Request:
    """The request with the documents of its MCP gateway's targets pinned; refused if one leads where it may not."""
    if request.gateway is None or request.gateway.type != "mcp":
        return request
    gateway = reach.checked(request.gateway, reach.ReachSettings.load(), lambda: clients.s3)
    return request.changed_if_it_fits(gateway=gateway)


def _has_telemetry(request: Request, record: Record) -> bool:
    recorded = record.telemetry is not None
    if request.action == "provision":
        return request.observability or recorded
    if request.action == "rollback":
        # A version that is made anew may be of another runtime, which must be observed, too.
        return recorded
    # An environment that was found by its tags has no request, and nobody knows what it has.
    return request.action == "teardown" and (recorded or record.request is None)


def _has_gateway(request: Request, record: Record) -> bool:
    if record.gateway is not None:
        return True
    # An environment that was found by its tags has no request, and nobody knows what it has.
    unknown = request.action == "teardown" and record.request is None
    return request.gateway is not None or unknown


def _has_credentials(request: Request, record: Record) -> bool:
    """Whether there are credentials to deploy or to delete; those of a rollback are the version's."""
    unknown = request.action == "teardown" and record.request is None
    return record.credentials is not None or bool(request.credentials) or unknown


def execution_is_running(stepfunctions: Any, execution: str) -> bool:
    """Tell whether an execution still runs; an execution that Step Functions no longer knows does not.

    Source: DescribeExecution keeps finished executions for 90 days, then answers ExecutionDoesNotExist.
    """
    try:
        status = stepfunctions.describe_execution(executionArn=execution)["status"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return False
        raise
    return bool(status in ("RUNNING", "PENDING_REDRIVE"))


def _changes(request: Request) -> dict[str, Any]:
    # A dry run and a smoke test only look at the environment, so they must not change its state in the record.
    if request.action == "smokeTest" or request.dry_run:
        return {}
    changes: dict[str, Any] = {"state": _STATE_OF_ACTION[request.action], "stateReason": None}
    if request.action == "provision":
        changes |= {"request": request.to_json(), "expiresAt": _expiry(request.ttl_hours)}
    return changes


def _completed(request: Request, record: Record) -> Request:
    # The live version was made by the last provision that succeeded, whatever was tried since.
    made_with = record.proven_request or record.request
    if request.action == "provision" or made_with is None:
        return request
    # The waits are those of this request. Those of a record may be older than today's limits.
    last = Request.model_validate({**made_with, "wait": {}})
    # Fields of smokeTest in the input win; the others come from the last provision.
    return request.model_copy(
        update={
            "auth": last.auth,
            "runtime": last.runtime,
            "artifact": last.artifact,
            "tags": last.tags,
            "smoke_test": merged(last.smoke_test, request.smoke_test, last.runtime.protocol),
        }
    )


def _refuse_artifact_change(record: Record | None, request: Request) -> None:
    deployed = (
        record.runtime.artifact_type if record and record.runtime and record.runtime.id else None
    )
    if deployed is not None and deployed != request.artifact.type:
        raise ArtifactChangeError.of(
            request.artifact.type, deployed, f"the runtime of environment '{request.environment}'"
        )


def _expiry(ttl_hours: float | None) -> int | None:
    """When an environment that is made or rebuilt now expires, in seconds since the epoch; None for never."""
    return None if ttl_hours is None else int(time.time() + ttl_hours * 3600)
