"""Each AWS call around the probes of the smoke test gone wrong: the test heals, or its error names the call.

Only in the ways that do not pass; `make matrix` sets `MATRIX=all`, and then in every way.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from lifecycle.identity.provision import provision_identity
from lifecycle.sections.identity import IdentityRecord
from tests.functions.lifecycle.failing import KINDS, Failing, ends, problem
from tests.functions.lifecycle.smoke_test.smoke_environment import run

# A condition that is not true is how DynamoDB says that another execution holds the lock.
LOCK_LOST = ("dynamodb", "conflict")
TRIED = KINDS if os.environ.get("MATRIX") == "all" else ("accessDenied", "notFound")


def identity_of(smoke: Any, way: str) -> IdentityRecord:
    given = {"auth": {"flow": "clientCredentials"}} if way == "machine" else {}
    provision_identity(smoke.world.event(**given), clients=smoke.world.clients)
    # Its tags are a day old, so that a refusal is final.
    identity: IdentityRecord = smoke.world.identity.model_copy(update={"tagged_at": 1})
    return identity


@pytest.mark.parametrize("way", ["password", "machine"])
def test_a_call_that_fails_heals_or_is_named(smoke: Any, way: str) -> None:
    identity = identity_of(smoke, way)
    clients = smoke.clients
    watched = [clients.dynamodb, clients.secrets, clients.cognito, clients.agentcore_control]
    whole = Failing()
    smoke.deploy(identity)
    with whole.watching(watched):
        run(smoke)
    cells = [(*at, kind) for at, kinds in whole.seen.items() for kind in kinds if kind in TRIED]
    problems = []
    for service, operation, kind in cells:
        smoke.deploy(identity)
        with Failing(service, operation, kind).watching(watched):
            error = ends(lambda: run(smoke))
        why = problem(operation, kind, error)
        if why is not None and (service, kind) != LOCK_LOST:
            problems.append(f"{service}:{operation}/{kind}: {why}")
    assert len(cells) > 6
    assert problems == []
