"""Claim: a caller without a user signs in with client credentials."""

from __future__ import annotations

from cli.prove.claims.checks import succeeded
from cli.prove.claims.claim import Claim
from cli.prove.claims.sources import uploaded
from cli.prove.proof import Proof

ENVIRONMENT = "machine"


def prove(proof: Proof) -> None:
    """Provision it; the smoke test signs in with the client's own credentials."""
    request = {
        "environment": ENVIRONMENT,
        "artifact": {"source": uploaded(proof)},
        "auth": {"flow": "clientCredentials"},
        "smokeTest": {"expect": "echo of"},
    }
    succeeded(proof, proof.execute("provision", request), "created")


CLAIM = Claim(
    "client-credentials",
    "A caller signs in with client credentials, and is answered.",
    prove,
)
