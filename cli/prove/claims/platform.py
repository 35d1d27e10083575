"""Claim: what AgentCore itself does with a runtime that is made without the product, with as few members as possible.

The lifecycle sets some variables and members for every runtime. Only a runtime without them shows what AgentCore adds.
"""

from __future__ import annotations

import time
from typing import Any

from cli.prove.claims import iam
from cli.prove.claims.checks import CONTROL
from cli.prove.claims.claim import Claim
from cli.prove.proof import Proof

_SECONDS = 900.0
_POLL_SECONDS = 1.0


def prove(proof: Proof) -> None:
    """Make a runtime from the zip of the claim `iam`, ask it what reached it, and delete it."""
    output = proof.results.get(iam.ENVIRONMENT) or {}
    if "runtime" not in output:
        proof.expect(False, "there is a zip to use: the claim `iam` has made none")
        return
    control = proof.place.client(CONTROL)
    made = control.get_agent_runtime(agentRuntimeId=output["runtime"]["id"])
    created = proof.call(
        "create",
        CONTROL,
        "create_agent_runtime",
        agentRuntimeName=f"{proof.place.stack.replace('-', '_')}_platform",
        agentRuntimeArtifact=made["agentRuntimeArtifact"],
        roleArn=made["roleArn"],
        networkConfiguration={"networkMode": "PUBLIC"},
        tags={"agentcore-lifecycle:proof": proof.place.stack},
    )
    if "agentRuntimeId" not in created:
        proof.expect(False, "AgentCore creates a runtime")
        return
    runtime_id = created["agentRuntimeId"]
    status = _settled(control, runtime_id)
    proof.expect(status == "READY", f"the runtime becomes READY, not {status}")
    proof.call("get", CONTROL, "get_agent_runtime", agentRuntimeId=runtime_id)
    proof.call(
        "tags at once", CONTROL, "list_tags_for_resource", resourceArn=created["agentRuntimeArn"]
    )
    reached = iam.ask(proof, "invoke", created["agentRuntimeArn"], "DEFAULT")
    variables = reached.get("variables", {})
    proof.note("AgentCore sets AWS_REGION", "AWS_REGION" in variables)
    proof.call("delete", CONTROL, "delete_agent_runtime", agentRuntimeId=runtime_id)
    gone = _settled(control, runtime_id)
    proof.expect(gone is None, f"the runtime is gone, not {gone}")
    proof.call("get when it is gone", CONTROL, "get_agent_runtime", agentRuntimeId=runtime_id)


def _settled(control: Any, runtime_id: str) -> str | None:
    """Wait until a runtime's status is final; returns it, or None when the runtime is gone."""
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            status = str(control.get_agent_runtime(agentRuntimeId=runtime_id)["status"])
        except control.exceptions.ResourceNotFoundException:
            return None
        if not status.endswith("ING") or time.monotonic() > deadline:
            return status
        time.sleep(_POLL_SECONDS)


CLAIM = Claim(
    "platform",
    "AgentCore runs an agent that is created with the required members only.",
    prove,
)
