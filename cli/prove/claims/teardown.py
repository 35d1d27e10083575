"""Claim: a teardown removes everything that an environment has."""

from __future__ import annotations

from cli.prove.claims import container
from cli.prove.claims.checks import CONTROL
from cli.prove.claims.claim import Claim
from cli.prove.proof import Proof
from cli.prove.removal import leftovers


def prove(proof: Proof) -> None:
    """Tear every environment down, and look for what is left without the product's help."""
    for environment in proof.results:
        result = proof.execute(
            f"teardown of {environment}", {"action": "teardown", "environment": environment}
        )
        why = f" ({result.failure.error}: {result.failure.reason})" if result.failure else ""
        proof.expect(result.succeeded, f"the teardown of {environment} succeeds{why}")
        left = leftovers(proof.place, environment)
        proof.expect(not left, f"nothing of {environment} is left, but {', '.join(left)}")
    runtime = (proof.results.get(container.ENVIRONMENT) or {}).get("runtime")
    if runtime:
        gone = proof.call(
            "a runtime that is gone", CONTROL, "get_agent_runtime", agentRuntimeId=runtime["id"]
        )
        proof.expect("Error" in gone, "AgentCore does not know the runtime any more")


CLAIM = Claim("teardown", "A teardown removes everything that an environment has.", prove)
