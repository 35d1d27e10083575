"""Ask the version of a canary through the gateway: the prompt of the smoke test, then its cases."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from lifecycle.agent_log.last_error import AgentLog
from lifecycle.agent_log.private import private_texts
from lifecycle.canary.parts import CANARY_TARGET, CanaryEvent
from lifecycle.cases.asking import Asking
from lifecycle.clients import Clients
from lifecycle.doors.section import GatewayRecord
from lifecycle.errors import SmokeTestError
from lifecycle.names import CANDIDATE_ENDPOINT
from lifecycle.request.case import Case
from lifecycle.smoke_test.callers.bearer import BearerCaller
from lifecycle.smoke_test.callers.signed import SignedCaller
from lifecycle.smoke_test.door import Door
from lifecycle.smoke_test.gate import Gate
from lifecycle.smoke_test.invocation import Target
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.probes import good_caller, matrix
from lifecycle.smoke_test.sign_in import sign_in
from lifecycle.smoke_test.tested.sessions import stop_sessions
from lifecycle.smoke_test.tested.subject import Subject
from lifecycle.smoke_test.through import ThroughGateway, calling_role_of

MOST_CASES = 50
"""How many of the cases are asked at each step, the first ones; all of them were asked before the canary."""


class _Door(Door):
    """The gateway's second target, as the causes of failures speak of it."""

    function = "JudgeStepFunction"


class Questions:
    """Asks at the address of the second target, so that every call reaches the version, whatever its weight.

    Args:
        event: The execution and its request.
        subject: The runtime, and the identity of the version.
        gateway: The gateway's section of the record.
        clients: Cognito, Secrets Manager, AgentCore's data plane, CloudWatch Logs and plain HTTPS.
        sleep: Waits between tries, seconds.
    """

    def __init__(
        self,
        event: CanaryEvent,
        subject: Subject,
        gateway: GatewayRecord,
        clients: Clients,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._request = event.request
        self._identity = subject.identity
        self._runtime = subject.runtime
        self._clients = clients
        self._patience = Patience(event.request.smoke_test.timeout_seconds, sleep)
        session_id = f"canary-{uuid.uuid4()}"
        self._direct = Target(str(subject.runtime.arn), CANDIDATE_ENDPOINT, session_id)
        self._through = ThroughGateway(
            *(self._direct.arn, CANDIDATE_ENDPOINT, session_id),
            gateway_arn=str(gateway.arn),
            gateway_url=str(gateway.url),
            target=CANARY_TARGET,
            calling_role=calling_role_of(gateway, subject.identity),
        )

    def ask(self, cases: list[Case]) -> int:
        """Ask all of it.

        Args:
            cases: The cases of the smoke test.

        Returns:
            How many questions were asked; all of them passed, or as many as `smokeTest.minPassRate` demands.

        Raises:
            SmokeTestError: An answer is wrong, or there was none in time.
        """
        identity, clients, request = self._identity, self._clients, self._request
        signed_in = sign_in(request.environment, identity, clients, self._patience)
        agent_log = AgentLog(
            clients.quick_logs, str(self._runtime.id), CANDIDATE_ENDPOINT, private_texts(request)
        )
        gate = Gate(
            *(self._through, request, self._patience, signed_in.secrets, agent_log), door=_Door()
        )
        signs: Any = SignedCaller(clients)
        caller = signs if identity.type == "iam" else BearerCaller(clients, signed_in.token)
        protocol = request.runtime.protocol
        asking = Asking(
            *(caller, self._through, protocol, self._patience, signed_in.secrets),
            function=_Door.function,
        )
        try:
            for probe in matrix(identity, signed_in, clients, SignedCaller):
                if probe.answered:
                    gate.ask(probe)
            self._ask_cases(asking, cases[:MOST_CASES])
        finally:
            sessions = [gate.mcp_session_id, *asking.mcp_session_ids]
            stop_sessions(self._direct, sessions, good_caller(identity, signed_in, clients))
        return 1 + len(cases[:MOST_CASES])

    def _ask_cases(self, asking: Asking, cases: list[Case]) -> None:
        asked = [(case, asking.ask(case)) for case in cases]
        failed = [(case, one) for case, one in asked if not one.passed]
        if not failed or len(cases) - len(failed) >= self._least(len(cases)):
            return
        case, one = failed[0]
        raise SmokeTestError(
            f"{len(failed)} of {len(cases)} cases failed through the gateway, the first of them "
            f"'{case.name or f'case {cases.index(case) + 1}'}': {one.reason}"
        )

    def _least(self, total: int) -> float:
        return total * self._request.smoke_test.min_pass_rate
