"""Claim: the fleet tests every live environment."""

from __future__ import annotations

from cli.prove.claims.claim import Claim
from cli.prove.proof import Proof
from cli.target.target import FLEET_OUTPUT


def prove(proof: Proof) -> None:
    """Verify all environments."""
    result = proof.execute("verify", {"action": "verify"}, FLEET_OUTPUT)
    why = f" ({result.failure.error}: {result.failure.reason})" if result.failure else ""
    proof.expect(result.succeeded, f"every live environment passes its smoke test{why}")


CLAIM = Claim("fleet", "The fleet verifies every live environment.", prove)
