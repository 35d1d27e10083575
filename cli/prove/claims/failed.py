"""Claim: an execution that fails says why, and removes what it made if it is asked to."""

from __future__ import annotations

from cli.prove.claims.claim import Claim
from cli.prove.claims.sources import uploaded
from cli.prove.proof import Proof
from cli.prove.removal import leftovers

ENVIRONMENT = "failed"


def prove(proof: Proof) -> None:
    """Provision with an expectation that no answer meets, and with an image that does not exist."""
    request = {
        "environment": ENVIRONMENT,
        "artifact": {"source": uploaded(proof)},
        "smokeTest": {"expect": "snow in July"},
        "teardown": "onFailure",
    }
    failed = proof.execute("a smoke test that fails", request)
    error = failed.failure.error if failed.failure else failed.status
    proof.expect(error == "SmokeTestError", f"the error is SmokeTestError, not {error}")
    image = f"{proof.place.outputs()['RepositoryUri']}:no-such-image"
    missing = proof.execute(
        "an image that does not exist", {**request, "artifact": {"containerUri": image}}
    )
    proof.expect(not missing.succeeded, "an image that does not exist fails the execution")
    left = leftovers(proof.place, ENVIRONMENT)
    proof.expect(not left, f"nothing is left, but {', '.join(left)}")


CLAIM = Claim(
    "failed",
    "A failed execution names its error, and leaves nothing if `teardown` is `onFailure`.",
    prove,
)
