"""What a version would have to pass: the checks of the smoke test and the cases, by the code that asks them."""

from __future__ import annotations

from lifecycle.clients import Clients
from lifecycle.plan.output import PlannedEvaluation
from lifecycle.plan.rollback_output import PlannedGate
from lifecycle.request.cases.plan import CasePlan
from lifecycle.request.model import Request
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.conversations.protocols import PROTOCOLS
from lifecycle.smoke_test.probes import Probe, check_names, matrix
from lifecycle.smoke_test.sign_in import as_if_signed_in

_LONGEST = 500  # characters of the prompt and of the pattern


def plan_gate(
    request: Request,
    cases: CasePlan | None,
    endpoint: str,
    identity: IdentityRecord | None,
    clients: Clients,
) -> PlannedGate:
    """Name the checks of an endpoint. Nobody signs in, and nobody is asked.

    Args:
        request: What is asked, and the protocol.
        cases: The cases; None when there are none.
        endpoint: Where the version would be tested.
        identity: How its callers sign in.
        clients: For the probes, which are not sent.
    """
    smoke_test = request.smoke_test
    probes = matrix(identity, as_if_signed_in(identity), clients) if identity else []
    total = cases.total if cases else 0
    source = cases.source if cases else None
    return PlannedGate(
        endpoint=endpoint,
        checks=_checks(probes, request, clients),
        prompt=smoke_test.prompt[:_LONGEST],
        expect=smoke_test.expect[:_LONGEST],
        cases=total,
        questions=total * smoke_test.repeat,
        cases_from=f"s3://{source.bucket}/{source.key}" if source else None,
        min_pass_rate=smoke_test.min_pass_rate,
        max_p95_seconds=smoke_test.max_p95_seconds,
        evaluations=[
            PlannedEvaluation(evaluator=one.id, min_score=one.min_score)
            for one in smoke_test.evaluators
        ],
    )


def _checks(probes: list[Probe], request: Request, clients: Clients) -> list[str]:
    smoke_test = request.smoke_test
    names = check_names(probes, PROTOCOLS[request.runtime.protocol], smoke_test.prompt)
    if smoke_test.web_socket:
        # Only a plan with a WebSocket pays for this import.
        from lifecycle.smoke_test.websocket.probes import WEBSOCKET, over_websocket

        on_it = over_websocket(probes, clients, smoke_test.expect)
        names += check_names(on_it, WEBSOCKET, smoke_test.prompt)
    return names
