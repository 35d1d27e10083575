"""Find the environment's runtime: by the id in the record, or by its name and tags."""

from __future__ import annotations

from typing import Any

from lifecycle.errors import InvalidRequestError
from lifecycle.runtime import agentcore, configuration
from lifecycle.runtime.ledger import RuntimeLedger
from lifecycle.sections.runtime import RuntimeRecord


def find_runtime(
    control: Any, runtime: RuntimeRecord, stack: str, environment: str
) -> dict[str, Any] | None:
    """Find the runtime that the record names, or else one that has its name and the environment's tags.

    Args:
        control: AgentCore's control plane.
        runtime: The runtime section of the record.
        stack: The stack's name.
        environment: Which environment.

    Returns:
        The answer of `GetAgentRuntime`; None when there is no such runtime.

    Raises:
        InvalidRequestError: Another runtime has the name.
    """
    if runtime.id is not None:
        observed = agentcore.get_runtime(control, runtime.id)
        if observed is not None:
            return observed
    found = agentcore.find_by_name(control, runtime.name)
    if found is None:
        return None
    tags = agentcore.tags_of(control, found["agentRuntimeArn"])
    if not agentcore.is_ours(tags, stack, environment):
        raise InvalidRequestError(
            f"environment: given '{environment}', allowed: one whose runtime name '{runtime.name}' is free; "
            f"{found['agentRuntimeArn']} has that name and was not created by stack '{stack}'. "
            "Delete it, or use another environment name"
        )
    return agentcore.get_runtime(control, found["agentRuntimeId"])


def adopt(
    control: Any, ledger: RuntimeLedger, observed: dict[str, Any], tags: dict[str, str]
) -> None:
    """Take a runtime that was found into the record, unless the record has it.

    Args:
        control: AgentCore's control plane.
        ledger: The runtime section of the record.
        observed: The runtime, from `find_runtime`.
        tags: The tags that the runtime must have.
    """
    runtime_id, arn = observed["agentRuntimeId"], observed["agentRuntimeArn"]
    if ledger.runtime.id == runtime_id:
        return
    # This is another runtime than the record's: the versions and digests in the record are not about it.
    seen = agentcore.tags_of(control, arn)
    ledger.runtime = RuntimeRecord(
        name=ledger.runtime.name,
        id=runtime_id,
        arn=arn,
        version=observed["agentRuntimeVersion"],
        former_ids=ledger.former_ids(),
        artifact_type=configuration.artifact_kind(observed),
        tags={key: value for key, value in tags.items() if seen.get(key) == value},
        deployment=ledger.runtime.deployment,
    )
    ledger.save()
