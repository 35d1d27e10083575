"""Claim: the bundled agent as a container, behind Cognito."""

from __future__ import annotations

from cli.prove.claims.checks import describe, succeeded
from cli.prove.claims.claim import Claim
from cli.prove.proof import Proof

ENVIRONMENT = "container"
REQUEST = {"environment": ENVIRONMENT}


def prove(proof: Proof) -> None:
    """Provision it, and record its runtime."""
    output = succeeded(proof, proof.execute("provision", REQUEST), "created")
    describe(proof, output)


CLAIM = Claim(
    "container",
    "The bundled agent is built as a container, deployed behind Cognito, tested and promoted.",
    prove,
)
