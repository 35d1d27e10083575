"""Create and update a runtime, and remove one whose creation failed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.entry import refused_call
from lifecycle.errors import RoleNotReadyError, ServiceUnavailableError
from lifecycle.runtime import agentcore, comparison, configuration
from lifecycle.runtime.configuration import Configuration, Path
from lifecycle.runtime.ledger import RuntimeLedger
from lifecycle.sections.runtime import RuntimeRecord

_ROLE_NOT_READY = re.compile(r"role validation failed", re.IGNORECASE)


@dataclass(frozen=True)
class Plan:
    """How the runtime must be.

    Attributes:
        environment: Which environment.
        tags: The runtime's tags.
        wanted: The managed parts of its configuration, from `configuration.desired`.
        configured: The members that the request names by `configuration`, from `configuration.configured`.
        role_arn: The agent's execution role.
    """

    environment: str
    tags: dict[str, str]
    wanted: Configuration
    configured: list[Path]
    role_arn: str


def create(control: Any, plan: Plan, ledger: RuntimeLedger) -> dict[str, Any]:
    """Create the runtime and record it.

    Returns:
        The answer of `CreateAgentRuntime`.

    Raises:
        RoleNotReadyError: AgentCore does not see the execution role yet.
        ServiceUnavailableError: The name is in use, but no such runtime is listed yet.
    """
    runtime = ledger.runtime
    if runtime.id is not None and runtime.deployed:
        ledger.repair("the runtime was deleted")
    parameters = configuration.creation(plan.wanted)
    # The token includes the previous runtime, so that a deleted runtime is created again.
    token = names.client_token(
        "create", ledger.execution, plan.environment, runtime.id, parameters, plan.tags
    )
    ledger.intend("created")
    try:
        answer: dict[str, Any] = control.create_agent_runtime(
            agentRuntimeName=runtime.name, clientToken=token, tags=plan.tags, **parameters
        )
    except ClientError as error:
        if agentcore.is_conflict(error):
            # The answer to an earlier create was lost, and the runtime is not listed yet. A retry finds and adopts
            # the runtime, or names the stack that owns it.
            raise ServiceUnavailableError(
                f"the runtime name {runtime.name} is in use ({refused_call(error)}), but no such runtime is listed "
                "yet; the lifecycle retries this step"
            ) from error
        raise _explained(error, plan.role_arn) from error
    ledger.runtime = RuntimeRecord(
        name=runtime.name,
        id=answer["agentRuntimeId"],
        arn=answer["agentRuntimeArn"],
        version=answer["agentRuntimeVersion"],
        former_ids=ledger.former_ids(),
        artifact_type=configuration.artifact_kind(plan.wanted),
        deployed=comparison.digests(plan.wanted),
        configured=[list(path) for path in plan.configured],
        tags=plan.tags,
        deployment=runtime.deployment,
    )
    return answer


def update(
    control: Any, plan: Plan, ledger: RuntimeLedger, observed: dict[str, Any]
) -> dict[str, Any]:
    """Write the whole configuration of the runtime, which makes a new version.

    Args:
        control: AgentCore's control plane.
        plan: How the runtime is to be.
        ledger: The runtime section of the record.
        observed: The answer of `GetAgentRuntime`.

    Returns:
        The answer of `UpdateAgentRuntime`.

    Raises:
        RoleNotReadyError: AgentCore does not see the execution role yet.
        ServiceUnavailableError: AgentCore is busy with the runtime.
    """
    runtime_id = observed["agentRuntimeId"]
    dropped = comparison.dropped(ledger.runtime, plan.configured)
    parameters = configuration.update(control, plan.wanted, observed, dropped)
    parameters["agentRuntimeId"] = runtime_id
    token = names.client_token(
        "update",
        ledger.execution,
        observed["agentRuntimeVersion"],
        str(observed["lastUpdatedAt"]),
        parameters,
    )
    ledger.intend("updated")
    try:
        answer: dict[str, Any] = control.update_agent_runtime(clientToken=token, **parameters)
    except ClientError as error:
        if agentcore.is_conflict(error):
            raise ServiceUnavailableError(
                f"AgentCore is busy with runtime {runtime_id} ({refused_call(error)}); the lifecycle retries this step"
            ) from error
        raise _explained(error, plan.role_arn) from error
    ledger.runtime.version = answer["agentRuntimeVersion"]
    ledger.deployed(plan.wanted, plan.configured)
    return answer


def remove_failed(control: Any, ledger: RuntimeLedger, observed: dict[str, Any]) -> None:
    """Delete a runtime whose creation or deletion failed; it cannot be updated, and the next call creates another."""
    ledger.runtime.deployed = {}
    ledger.intend("pending")
    try:
        control.delete_agent_runtime(agentRuntimeId=observed["agentRuntimeId"])
    except ClientError as error:
        if not (agentcore.is_not_found(error) or agentcore.is_conflict(error)):
            raise


def _explained(error: ClientError, role_arn: str) -> ClientError | RoleNotReadyError:
    code = error.response["Error"]["Code"]
    message = error.response["Error"].get("Message", "")
    if code in ("ValidationException", "AccessDeniedException") and _ROLE_NOT_READY.search(message):
        return RoleNotReadyError(
            f"AgentCore does not see the role {role_arn} yet ({refused_call(error)}: {' '.join(message.split())}); "
            "the lifecycle retries this step; if that does not help, check the role's trust policy"
        )
    return error
