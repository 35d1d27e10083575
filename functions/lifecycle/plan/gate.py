"""What a version would have to pass: the checks of the smoke test and the cases, by the code that asks them."""

from __future__ import annotations

from lifecycle.clients import Clients
from lifecycle.plan.rollback_output import PlannedGate
from lifecycle.record import IdentityRecord
from lifecycle.request.cases.plan import CasePlan
from lifecycle.request.model import Request
from lifecycle.smoke_test.probes import check_names, matrix
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
        checks=check_names(probes, request),
        prompt=smoke_test.prompt[:_LONGEST],
        expect=smoke_test.expect[:_LONGEST],
        cases=total,
        questions=total * smoke_test.repeat,
        cases_from=f"s3://{source.bucket}/{source.key}" if source else None,
        min_pass_rate=smoke_test.min_pass_rate,
        max_p95_seconds=smoke_test.max_p95_seconds,
    )
