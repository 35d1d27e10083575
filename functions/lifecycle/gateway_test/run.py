"""Test the gateway: the calls that its address must refuse, and the one that it must answer."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any, cast

from lifecycle.agent_log.last_error import AgentLog
from lifecycle.agent_log.private import private_texts
from lifecycle.clients import CLIENTS, Clients
from lifecycle.doors.mcp import McpRecord
from lifecycle.doors.section import GatewayRecord
from lifecycle.entry import Wire
from lifecycle.errors import EnvironmentNotFoundError, GatewayTestError, SmokeTestError
from lifecycle.gateway_test.address import ThroughGateway, calling_role_of
from lifecycle.gateway_test.blame import GatewayDoor
from lifecycle.gateway_test.looks import credential_provider, look
from lifecycle.gateway_test.mcp.address import ToMcpGateway
from lifecycle.gateway_test.mcp.gate import mcp_gate
from lifecycle.gateway_test.mcp.looks import look as look_at_mcp
from lifecycle.gateway_test.sign_in_hint import SignInHint
from lifecycle.names import LIVE_ENDPOINT
from lifecycle.promotions.store import PromotionItems
from lifecycle.record import FailedSmokeTest, Record
from lifecycle.request.stage_event import StageEvent
from lifecycle.sections.identity import IdentityRecord
from lifecycle.settings import Settings
from lifecycle.smoke_test.callers.signed import SignedCaller
from lifecycle.smoke_test.conversations.conversation import Protocol
from lifecycle.smoke_test.conversations.protocols import PROTOCOLS
from lifecycle.smoke_test.gate import Check, Gate
from lifecycle.smoke_test.invocation import Answer, Target
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.probes import Probe, good_caller, matrix
from lifecycle.smoke_test.redaction import Redaction
from lifecycle.smoke_test.sign_in import SignedIn, StaleSecretError, sign_in
from lifecycle.smoke_test.tested.old_secret import without_secret_version
from lifecycle.smoke_test.tested.sessions import stop_sessions
from lifecycle.smoke_test.tested.subject import Subject, subject_of
from lifecycle.table import Records

_DIRECT_SECONDS = 30.0


class GatewayTestResult(Wire):
    """The report of a test of a gateway.

    Attributes:
        passed: Whether all checks passed.
        id: What AgentCore calls the gateway.
        endpoint: The address of an invocation.
        only: Whether the runtime answers only this gateway.
        url: The gateway's address as `GetGateway` gives it.
        checks: The result of each check.
        answer: The agent's answer to an invocation, at most 4,000 characters.
        session_id: The session that was used, and stopped.
    """

    passed: bool
    id: str
    endpoint: str
    only: bool
    url: str
    checks: list[Check]
    answer: str
    session_id: str


def test_gateway(
    event: StageEvent,
    *,
    clients: Clients = CLIENTS,  # noqa: PT028 - a stage, not a test of pytest's
    sleep: Callable[[float], None] = time.sleep,  # noqa: PT028
) -> GatewayTestResult:
    """Send the gateway every call that it must refuse, and the one that it must answer.

    All of it keeps to `smokeTest.timeoutSeconds`. The session is new; it is stopped afterwards, at the runtime itself.

    Args:
        event: The execution and its request.
        clients: DynamoDB, Secrets Manager, Cognito, both planes of AgentCore, CloudWatch Logs and plain HTTPS.
        sleep: Waits between tries, seconds.

    Returns:
        Each check with what was expected, seen and how long it took, and the agent's answer. The record says that the
        gateway is proven.

    Raises:
        GatewayTestError: A check failed, or got no decisive answer; the record says that the gateway is not proven.
            Or the gateway was never finished; the record is unchanged, and says so already.
        AwsCallError: IAM refuses the function itself to call; the record is unchanged. A refusal of the gateway's own
            role, or of the one or the other, is a failed check.
        EnvironmentNotFoundError: There is no runtime or no gateway to test.
        LockLostError: Another execution took the environment over.
    """
    settings = Settings.load()
    request = event.request
    records = Records(clients.dynamodb, settings.table_name)
    subject = subject_of(records.get(request.environment), request.environment)
    gateway = _gateway_of(subject.record)
    identity = subject.identity_at(
        LIVE_ENDPOINT, PromotionItems(clients.dynamodb, settings.table_name)
    )
    kind = _McpTest if gateway.mcp is not None else _Test
    test = kind(event, subject, gateway, identity, clients, Patience(_seconds(event), sleep))
    try:
        test.run()
    except SmokeTestError as error:
        changes: dict[str, Any] = {}
        if isinstance(error, StaleSecretError):
            # Without a recorded secret version, the next provision makes a new password.
            changes = without_secret_version(subject.record, subject.runtime)
        report = test.report(passed=False).model_dump(mode="json", by_alias=True)
        records.update(
            request.environment,
            event.execution,
            gateway=gateway.model_copy(update={"proven": False}),
            failed_gateway_test=FailedSmokeTest(execution=event.execution, report=report),
            **changes,
        )
        raise GatewayTestError(str(error)) from None
    if not gateway.proven:
        proven = gateway.model_copy(update={"proven": True})
        records.update(request.environment, event.execution, gateway=proven)
    return test.report(passed=True)


def _seconds(event: StageEvent) -> float:
    return event.request.smoke_test.timeout_seconds


def _gateway_of(record: Record) -> GatewayRecord:
    gateway = record.gateway
    if gateway is None:
        raise EnvironmentNotFoundError(
            f"environment '{record.environment}' has no gateway to test; provision it with gateway"
        )
    if not gateway.id or not gateway.url:
        # The record lists it before it is created, and its address once it was ready.
        raise GatewayTestError(
            f"the gateway of environment '{record.environment}' was never finished; provision again"
        )
    return gateway


class _Test:
    def __init__(
        self,
        event: StageEvent,
        subject: Subject,
        gateway: GatewayRecord,
        identity: IdentityRecord,
        clients: Clients,
        patience: Patience,
    ) -> None:
        session_id = f"gateway-test-{uuid.uuid4()}"
        self._event = event
        self._runtime = subject.runtime
        self._gateway = gateway
        self._identity = identity
        self._clients = clients
        self._patience = patience
        self._direct = Target(str(subject.runtime.arn), LIVE_ENDPOINT, session_id)
        self._through = self._way(session_id)
        self._checks: list[Check] = []
        self._answer = ""

    def run(self) -> None:
        self._look()
        environment = self._event.request.environment
        signed_in = sign_in(environment, self._identity, self._clients, self._patience)
        gate = self._gate(signed_in)
        try:
            self._knock(gate, signed_in)
        finally:
            self._stop(gate, signed_in)

    def report(self, *, passed: bool) -> GatewayTestResult:
        return GatewayTestResult(
            passed=passed,
            id=str(self._gateway.id),
            endpoint=str(self._gateway.endpoint),
            only=self._identity.only_gateway is not None,
            url=str(self._gateway.url),
            checks=self._checks,
            answer=self._answer,
            session_id=self._direct.session_id,
        )

    def _way(self, session_id: str) -> Target:
        return ThroughGateway(
            *(self._direct.arn, LIVE_ENDPOINT, session_id),
            gateway_arn=str(self._gateway.arn),
            gateway_url=str(self._gateway.url),
            calling_role=calling_role_of(self._gateway, self._identity),
        )

    def _look(self) -> None:
        control, runtime_arn = self._clients.agentcore_control, self._direct.arn
        look(control, self._gateway, self._identity, runtime_arn, self._checks)

    def _stop(self, gate: Gate, signed_in: SignedIn) -> None:
        caller = good_caller(self._identity, signed_in, self._clients)
        stop_sessions(self._direct, [gate.mcp_session_id], caller)

    def _protocol(self) -> Protocol:
        return PROTOCOLS[self._event.request.runtime.protocol]

    def _knock(self, gate: Gate, signed_in: SignedIn) -> None:
        probes = matrix(self._identity, signed_in, self._clients, SignedCaller)
        for probe in probes:
            if probe.direct:
                self._ask_refused(probe, signed_in)
                continue
            if probe.answered and self._identity.type != "iam":
                self._hint(signed_in).check(self._checks)
            gate.ask(probe)
        self._answer = gate.answer

    def _agent_log(self) -> AgentLog:
        private = private_texts(self._event.request)
        return AgentLog(self._clients.quick_logs, str(self._runtime.id), LIVE_ENDPOINT, private)

    def _ask_refused(self, probe: Probe, signed_in: SignedIn) -> None:
        """Send a call to the runtime's own address, which it must refuse."""
        request = self._event.request
        gate = Gate(self._direct, request, self._patience, signed_in.secrets, self._agent_log())
        gate.checks = self._checks
        gate.ask(probe)

    def _gate(self, signed_in: SignedIn) -> Gate:
        request, agent_log = self._event.request, self._agent_log()
        door = GatewayDoor(
            str(self._gateway.url),
            credential_provider(self._identity),
            None if self._identity.only_gateway else lambda: self._ask_directly(signed_in),
            Redaction(signed_in.secrets),
            self._through.calling_role,
        )
        gate = Gate(
            *(self._through, request, self._patience, signed_in.secrets, agent_log), door=door
        )
        # One list, so that a report of a failure has the check that failed.
        gate.checks = self._checks
        return gate

    def _ask_directly(self, signed_in: SignedIn) -> Answer:
        request = self._event.request
        protocol = PROTOCOLS[request.runtime.protocol]
        caller = good_caller(self._identity, signed_in, self._clients)
        message = protocol.openings(request.smoke_test.prompt)[0].message
        seconds = self._patience.for_one_try(_DIRECT_SECONDS)
        return protocol.read(caller.invoke(self._direct, message, seconds))

    def _hint(self, signed_in: SignedIn) -> SignInHint:
        request = self._event.request
        return SignInHint(
            clients=self._clients,
            target=self._through,
            gateway_url=str(self._gateway.url),
            message=self._protocol().openings(request.smoke_test.prompt)[0].message,
            discovery_url=str(self._identity.discovery_url),
            patience=self._patience,
            secrets=signed_in.secrets,
        )


class _McpTest(_Test):
    """The test of an MCP gateway: nothing of it asks the runtime, which may be no part of it."""

    def _way(self, session_id: str) -> Target:
        url = str(self._gateway.url)
        return ToMcpGateway(str(self._gateway.arn), LIVE_ENDPOINT, session_id, gateway_url=url)

    def _look(self) -> None:
        control = self._clients.agentcore_control
        look_at_mcp(control, self._gateway, self._identity, self._checks)

    def _stop(self, gate: Gate, signed_in: SignedIn) -> None:
        """An MCP gateway keeps no session that could be stopped."""

    def _protocol(self) -> Protocol:
        return PROTOCOLS["MCP"]

    def _gate(self, signed_in: SignedIn) -> Gate:
        gate = mcp_gate(
            cast("ToMcpGateway", self._through),
            cast("McpRecord", self._gateway.mcp),
            self._event.request,
            self._patience,
            signed_in.secrets,
            self._clients.quick_logs,
        )
        gate.checks = self._checks
        return gate
