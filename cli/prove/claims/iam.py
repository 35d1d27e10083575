"""Claim: a runtime that takes SigV4."""

from __future__ import annotations

import json
from typing import Any

from cli.prove.claims.checks import describe, succeeded
from cli.prove.claims.claim import Claim
from cli.prove.claims.sources import uploaded
from cli.prove.proof import Proof

ENVIRONMENT = "iam"
MARK = "as given"
QUESTION = "what reached you?"
"""The prompt that the probe agent answers with what reached it."""


def prove(proof: Proof) -> None:
    """Provision it, ask it what reached it, and call it with a bearer token."""
    request = {
        "environment": ENVIRONMENT,
        "artifact": {"type": "code", "source": uploaded(proof)},
        "auth": {"type": "iam"},
        "runtime": {"environmentVariables": {"PROVE_MARK": MARK}},
        "smokeTest": {"expect": "echo of"},
    }
    output = succeeded(proof, proof.execute("provision", request), "created")
    describe(proof, output)
    runtime = output.get("runtime")
    if not runtime:
        return
    reached = ask(proof, "SigV4", runtime["arn"], runtime["endpoint"])
    proof.expect(reached, "a signed call is answered by the agent")
    variables = reached.get("variables", {})
    proof.expect(variables.get("PROVE_MARK") == MARK, "the input's variables reach the agent")
    refused = proof.invoke("a bearer token", runtime["invocationUrl"], "Bearer no-token", "hello")
    proof.expect(refused.status_code in (401, 403), "a bearer token is refused")


def ask(proof: Proof, what: str, arn: str, endpoint: str) -> dict[str, Any]:
    """Ask the probe agent by a signed call what reached it; returns nothing if it does not answer.

    Args:
        proof: The proof.
        what: A name for the step.
        arn: The runtime's ARN.
        endpoint: The endpoint's name.
    """
    answer = proof.call(
        what,
        "bedrock-agentcore",
        "invoke_agent_runtime",
        agentRuntimeArn=arn,
        qualifier=endpoint,
        contentType="application/json",
        payload=json.dumps({"prompt": QUESTION}).encode(),
    )
    try:
        found = json.loads(answer.get("response") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


CLAIM = Claim(
    "iam", "A runtime with SigV4 answers a signed call and refuses a bearer token.", prove
)
