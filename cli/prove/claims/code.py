"""Claim: an agent as a code zip."""

from __future__ import annotations

from cli.prove.claims.checks import describe, succeeded
from cli.prove.claims.claim import Claim
from cli.prove.claims.sources import uploaded
from cli.prove.proof import Proof

ENVIRONMENT = "code"


def prove(proof: Proof) -> None:
    """Provision the probe agent as a zip."""
    request = {
        "environment": ENVIRONMENT,
        "artifact": {"type": "code", "source": uploaded(proof)},
        "smokeTest": {"expect": "echo of"},
    }
    output = succeeded(proof, proof.execute("provision", request), "created")
    describe(proof, output)


CLAIM = Claim("code", "An agent is packed as a zip, deployed behind Cognito, and promoted.", prove)
