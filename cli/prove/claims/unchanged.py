"""Claim: a second provision with the same input changes nothing."""

from __future__ import annotations

from cli.prove.claims import container
from cli.prove.claims.checks import succeeded
from cli.prove.claims.claim import Claim
from cli.prove.proof import Proof


def prove(proof: Proof) -> None:
    """Provision again."""
    output = succeeded(proof, proof.execute("provision again", container.REQUEST), "unchanged")
    before = proof.results.get(container.ENVIRONMENT) or {}
    proof.expect(
        not output.get("repaired"), f"nothing is repaired, but {output.get('repaired')} was"
    )
    proof.expect(
        (output.get("runtime") or {}).get("version")
        == (before.get("runtime") or {}).get("version"),
        "the version stays",
    )


CLAIM = Claim("unchanged", "A second provision with the same input says `unchanged`.", prove)
