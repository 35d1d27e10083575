"""What several claims expect of an execution, and record of a runtime."""

from __future__ import annotations

from typing import Any

from cli.execution.follow import Result
from cli.prove.proof import Proof

CONTROL = "bedrock-agentcore-control"


def succeeded(proof: Proof, result: Result, change: str | None = None) -> dict[str, Any]:
    """Expect that a provision succeeded, and return its output.

    Args:
        proof: The proof.
        result: How the execution ended.
        change: What must have happened to the runtime: `created`, `updated` or `unchanged`.
    """
    output = result.output or {}
    why = f" ({result.failure.error}: {result.failure.reason})" if result.failure else ""
    proof.expect(result.succeeded, f"the execution succeeds{why}")
    if result.succeeded and change is not None:
        proof.expect(
            output.get("change") == change, f"change is {change}, not {output.get('change')}"
        )
    if result.succeeded:
        proof.results[output["environment"]] = output
        smoke = output.get("smokeTest") or {}
        proof.expect(smoke.get("passed"), "the smoke test passes")
    return output


def describe(proof: Proof, output: dict[str, Any]) -> None:
    """Record what AgentCore says of a runtime: its members, endpoints, versions and tags."""
    runtime = output.get("runtime") or {}
    if "id" not in runtime:
        return
    by_id = {"agentRuntimeId": runtime["id"]}
    proof.call("the runtime", CONTROL, "get_agent_runtime", **by_id)
    proof.call("its endpoints", CONTROL, "list_agent_runtime_endpoints", **by_id)
    proof.call("its versions", CONTROL, "list_agent_runtime_versions", **by_id)
    proof.call("its tags", CONTROL, "list_tags_for_resource", resourceArn=runtime["arn"])
