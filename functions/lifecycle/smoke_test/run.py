"""Run the smoke test, which every new version of a runtime must pass."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from lifecycle.agent_log.last_error import AgentLog
from lifecycle.agent_log.private import private_texts
from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.errors import SmokeTestError
from lifecycle.names import LIVE_ENDPOINT
from lifecycle.promotions.store import PromotionItems
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime.agentcore import get_endpoint
from lifecycle.runtime.description import DeployedRuntime
from lifecycle.runtime.rollback.candidate import endpoint_under_test
from lifecycle.sections.runtime import RuntimeRecord
from lifecycle.settings import Settings
from lifecycle.smoke_test.gate import Check, Gate
from lifecycle.smoke_test.invocation import Target
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.probes import good_caller, matrix
from lifecycle.smoke_test.sign_in import StaleSecretError, sign_in
from lifecycle.smoke_test.tested.blame import VersionFailedError
from lifecycle.smoke_test.tested.old_secret import without_secret_version
from lifecycle.smoke_test.tested.sessions import stop_sessions
from lifecycle.smoke_test.tested.subject import subject_of
from lifecycle.smoke_test.tested.verdict import write_failed, write_passed
from lifecycle.smoke_test.through import way_to
from lifecycle.table import Records


class SmokeTestReport(Wire):
    """The report of a smoke test.

    Attributes:
        passed: Whether all checks passed.
        endpoint: The endpoint that was called.
        version: The version that it serves.
        checks: The result of each probe.
        answer: The agent's answer to an invocation, at most 4,000 characters.
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
    """What the stage returns.

    Attributes:
        smoke_test: The report.
        cases_deadline: When the time of the whole smoke test ends, in seconds since the epoch; cases are asked until
            then.
    """

    smoke_test: SmokeTestReport
    cases_deadline: float


def run_smoke_test(
    event: StageEvent,
    *,
    ready: DeployedRuntime | None = None,
    clients: Clients = CLIENTS,
    sleep: Callable[[float], None] = time.sleep,
) -> SmokeTested:
    """Send the runtime every call that it must refuse, and the one that it must answer.

    A version of which the request also asks cases, or whose sessions it lets evaluate, is not noted as passed here: the
    last of `lifecycle.cases.judge` and `lifecycle.evaluations.evaluate` does that.

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
    began = time.time()
    settings = Settings.load()
    request = event.request
    records = Records(clients.dynamodb, settings.table_name)
    record = records.get(request.environment)
    subject = subject_of(record, request.environment)
    runtime = subject.runtime
    endpoint = _endpoint(runtime, event)
    identity = subject.identity_at(endpoint, PromotionItems(clients.dynamodb, settings.table_name))
    if ready is not None and ready.endpoint == endpoint:
        # Looked at just now. The promotion looks again, and moves `live` to no other version.
        version: str | None = ready.version
    else:
        version = _served(clients, runtime, endpoint)
    target = Target(str(runtime.arn), endpoint, f"smoke-test-{uuid.uuid4()}")
    patience = Patience(request.smoke_test.timeout_seconds, sleep)
    gates: list[Gate] = []
    try:
        way = way_to(target, identity, subject.record)
        signed_in = sign_in(request.environment, identity, clients, patience)
        private = private_texts(request)
        agent_log = AgentLog(clients.quick_logs, str(runtime.id), endpoint, private)
        guarded = endpoint == LIVE_ENDPOINT or runtime.is_guarded or identity.type != "iam"
        probes = matrix(identity, signed_in, clients, guarded=guarded)
        gates.append(Gate(target, request, patience, signed_in.secrets, agent_log))
        try:
            for probe in probes:
                if probe.answered and way != target:
                    # A closed runtime refuses every call that comes directly.
                    gates.append(Gate(way, request, patience, signed_in.secrets, agent_log))
                gates[-1].ask(probe)
            if request.smoke_test.web_socket:
                # Only a smoke test of a WebSocket pays for this import.
                from lifecycle.smoke_test.websocket.probes import WEBSOCKET, over_websocket

                gates.append(
                    Gate(target, request, patience, signed_in.secrets, agent_log, WEBSOCKET)
                )
                for probe in over_websocket(probes, clients, request.smoke_test.expect):
                    gates[-1].ask(probe)
        finally:
            caller = good_caller(identity, signed_in, clients)
            stop_sessions(target, [gate.mcp_session_id for gate in gates], caller)
    except SmokeTestError as error:
        changes: dict[str, Any] = {}
        if isinstance(error, StaleSecretError):
            # Without a recorded secret version, the next provision makes a new password.
            changes |= without_secret_version(record, runtime)
        report = _report(target, version, gates, passed=False)
        write_failed(
            records,
            request.environment,
            event.execution,
            changes.pop("runtime", runtime),
            version,
            str(error),
            report.model_dump(mode="json", by_alias=True),
            of_version=isinstance(error, VersionFailedError),
            **changes,
        )
        raise SmokeTestError(str(error)) from None
    if not (request.smoke_test.has_cases or request.smoke_test.evaluators):
        write_passed(records, request.environment, event.execution, runtime, endpoint, version)
    return SmokeTested(
        smoke_test=_report(target, version, gates, passed=True),
        cases_deadline=began + request.smoke_test.timeout_seconds,
    )


def _report(
    target: Target, version: str | None, gates: list[Gate], *, passed: bool
) -> SmokeTestReport:
    return SmokeTestReport(
        passed=passed,
        endpoint=target.qualifier,
        version=version,
        checks=[check for gate in gates for check in gate.checks],
        answer=next((gate.answer for gate in gates if gate.answer), ""),
        session_id=target.session_id,
    )


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
