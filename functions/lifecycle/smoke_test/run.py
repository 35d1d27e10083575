"""Run the smoke test, which every new version of a runtime must pass."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from lifecycle.agent_log.last_error import AgentLog
from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire, logger
from lifecycle.errors import EnvironmentNotFoundError, SmokeTestError
from lifecycle.names import CANDIDATE_ENDPOINT, LIVE_ENDPOINT
from lifecycle.promotions.store import PromotionItems
from lifecycle.record import FailedSmokeTest, IdentityRecord, Record, RuntimeRecord
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime.agentcore import get_endpoint
from lifecycle.runtime.description import DeployedRuntime
from lifecycle.runtime.rollback.candidate import endpoint_under_test, identity_of, provisioned_with
from lifecycle.settings import Settings
from lifecycle.smoke_test.gate import Check, Gate
from lifecycle.smoke_test.invocation import Caller, Target
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.probes import good_caller, matrix
from lifecycle.smoke_test.sign_in import StaleSecretError, sign_in
from lifecycle.table import Records

# How much longer than its time limit the smoke test may take, to stop its sessions.
_STOP_SECONDS = 5.0
_SESSION_ID_LENGTH = 33


class SmokeTestReport(Wire):
    """The report of a smoke test.

    Attributes:
        passed: Whether all checks passed.
        endpoint: The endpoint that was called.
        version: The version that it serves.
        checks: The result of each probe.
        answer: The agent's answer, at most 4,000 characters.
        session_id: The session that was used, and stopped.
    """

    passed: bool
    endpoint: str
    version: str | None
    checks: list[Check]
    answer: str
    session_id: str


class SmokeTestEvent(StageEvent):
    """What the state machine passes to the stage.

    Attributes:
        runtime: The runtime as it was last looked at before this stage; null when it was not.
    """

    runtime: DeployedRuntime | None = None


class SmokeTested(Wire):
    """What the stage returns."""

    smoke_test: SmokeTestReport


def run_smoke_test(
    event: StageEvent,
    *,
    ready: DeployedRuntime | None = None,
    clients: Clients = CLIENTS,
    sleep: Callable[[float], None] = time.sleep,
) -> SmokeTested:
    """Send the runtime every call that it must refuse, and the one that it must answer.

    `provision` tests the endpoint DEFAULT, which serves the newest version; `smokeTest` tests the endpoint `live` if
    there is one; `rollback` tests `candidate`, unless the version had to be made anew. The session is new and is
    stopped afterwards, because a running session keeps its old code.

    Args:
        event: The execution and its request.
        ready: The runtime as the stage before has seen it, if it has looked.
        clients: DynamoDB, Secrets Manager, Cognito, both planes of AgentCore, CloudWatch Logs and plain HTTPS.
        sleep: Waits between tries, seconds.

    Returns:
        Each check with what was expected, seen and how long it took, and the agent's answer.

    Raises:
        SmokeTestError: A check failed, or got no decisive answer; the record says which version failed.
        AwsCallError: IAM refuses the function itself to call the runtime; the record is unchanged.
        EnvironmentNotFoundError: There is no runtime to test.
        LockLostError: Another execution took the environment over.
    """
    settings = Settings.load()
    request = event.request
    records = Records(clients.dynamodb, settings.table_name)
    record = records.get(request.environment)
    identity, runtime = _deployed(record, request.environment)
    endpoint = _endpoint(runtime, event)
    if endpoint == LIVE_ENDPOINT and runtime.live_identity is not None:
        # A provision that failed may have recorded another identity than that of `live`.
        identity = runtime.live_identity
    tested = runtime.candidate
    if endpoint == CANDIDATE_ENDPOINT and record is not None and tested is not None:
        items = PromotionItems(clients.dynamodb, settings.table_name)
        then = provisioned_with(items, request.environment, record.promotions, tested.version)
        identity = identity_of(then, identity)
    if ready is not None and ready.endpoint == endpoint:
        # Looked at just now. The promotion looks again, and moves `live` to no other version.
        version: str | None = ready.version
    else:
        version = _served(clients, runtime, endpoint)
    target = Target(str(runtime.arn), endpoint, f"smoke-test-{uuid.uuid4()}")
    patience = Patience(request.smoke_test.timeout_seconds, sleep)
    gate: Gate | None = None
    try:
        signed_in = sign_in(request.environment, identity, clients, patience)
        agent_log = AgentLog(clients.quick_logs, str(runtime.id), endpoint)
        gate = Gate(target, request, patience, signed_in.secrets, agent_log)
        try:
            for probe in matrix(identity, signed_in, clients):
                gate.ask(probe)
        finally:
            _stop_sessions(target, gate, good_caller(identity, signed_in, clients))
    except SmokeTestError as error:
        changes: dict[str, Any] = {}
        if isinstance(error, StaleSecretError):
            # Without a recorded secret version, the next provision makes a new password.
            changes |= _without_secret_version(record, runtime)
        failed = {"failed_version": version, "failed_reason": str(error)}
        changes["runtime"] = changes.get("runtime", runtime).model_copy(update=failed)
        report = _report(target, version, gate, passed=False)
        changes["failed_smoke_test"] = FailedSmokeTest(
            execution=event.execution, report=report.model_dump(mode="json", by_alias=True)
        )
        records.update(request.environment, event.execution, **changes)
        raise SmokeTestError(str(error)) from None
    passed = _passed(runtime, endpoint, version)
    if passed != runtime:
        records.update(request.environment, event.execution, runtime=passed)
    return SmokeTested(smoke_test=_report(target, version, gate, passed=True))


def _report(
    target: Target, version: str | None, gate: Gate | None, *, passed: bool
) -> SmokeTestReport:
    return SmokeTestReport(
        passed=passed,
        endpoint=target.qualifier,
        version=version,
        checks=gate.checks if gate else [],
        answer=gate.answer if gate else "",
        session_id=target.session_id,
    )


def _without_secret_version(record: Record | None, runtime: RuntimeRecord) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if record is not None and record.identity is not None:
        changes["identity"] = record.identity.model_copy(update={"secret_version": None})
    if runtime.live_identity is not None:
        live = runtime.live_identity.model_copy(update={"secret_version": None})
        changes["runtime"] = runtime.model_copy(update={"live_identity": live})
    return changes


def _deployed(record: Record | None, environment: str) -> tuple[IdentityRecord, RuntimeRecord]:
    if (
        record is None
        or record.identity is None
        or record.runtime is None
        or not record.runtime.arn
    ):
        raise EnvironmentNotFoundError(
            f"environment '{environment}' has no runtime to test; provision it first"
        )
    return record.identity, record.runtime


def _endpoint(runtime: RuntimeRecord, event: StageEvent) -> str:
    on_live = event.request.action == "smokeTest" and runtime.live_version is not None
    return LIVE_ENDPOINT if on_live else endpoint_under_test(runtime, event.execution)


def _served(clients: Clients, runtime: RuntimeRecord, endpoint: str) -> str | None:
    """Which version the endpoint serves; somebody may have moved or deleted it."""
    found = get_endpoint(clients.agentcore_control, str(runtime.id), endpoint)
    if found is None:
        # The control plane is asked, because a 404 of the data plane is not decisive.
        raise SmokeTestError(
            f"check 'The endpoint is there': expected {endpoint} of runtime {runtime.id}, seen none by "
            "GetAgentRuntimeEndpoint; "
            "provision again, which creates it"
        )
    return found.get("liveVersion") or runtime.version


def _passed(runtime: RuntimeRecord, endpoint: str, version: str | None) -> RuntimeRecord:
    changes: dict[str, Any] = {}
    if endpoint != LIVE_ENDPOINT:
        changes["proven_version"] = version
    # A test of `live` that passes says nothing about a newer version that failed.
    if endpoint != LIVE_ENDPOINT or runtime.failed_version == version:
        changes |= {"failed_version": None, "failed_reason": None}
    return runtime.model_copy(update=changes)


def _stop_sessions(target: Target, gate: Gate, caller: Caller) -> None:
    sessions = {target.session_id}
    # The conversation takes none of more than 256 characters.
    if gate.mcp_session_id is not None and len(gate.mcp_session_id) >= _SESSION_ID_LENGTH:
        sessions.add(gate.mcp_session_id)
    time_to_stop = Patience(_STOP_SECONDS)
    for session_id in sessions:
        answer = caller.stop(replace(target, session_id=session_id), time_to_stop.for_one_try())
        # 404: every call was refused before a session began.
        if answer.status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
            logger.warning(
                "session not stopped; it ends after its idle time-out", extra={"seen": str(answer)}
            )
