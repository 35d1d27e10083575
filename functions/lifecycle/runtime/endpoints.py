"""The endpoints of a runtime: created, switched between versions, and repaired after manual changes."""

from __future__ import annotations

from typing import Any, Literal

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.entry import refused_call
from lifecycle.errors import ServiceUnavailableError
from lifecycle.names import LIVE_ENDPOINT
from lifecycle.runtime import agentcore
from lifecycle.runtime.ledger import RuntimeLedger


def create(
    control: Any, runtime_id: str, name: str, version: str, token: str, tags: dict[str, str]
) -> dict[str, Any]:
    """Create an endpoint, such as `live`, on a version of a runtime; returns AgentCore's answer."""
    answer: dict[str, Any] = control.create_agent_runtime_endpoint(
        agentRuntimeId=runtime_id,
        name=name,
        agentRuntimeVersion=version,
        clientToken=token,
        tags=tags,
    )
    return answer


def move(control: Any, runtime_id: str, name: str, version: str, token: str) -> dict[str, Any]:
    """Switch an endpoint, such as `live`, to another version of its runtime; returns AgentCore's answer."""
    answer: dict[str, Any] = control.update_agent_runtime_endpoint(
        agentRuntimeId=runtime_id,
        endpointName=name,
        agentRuntimeVersion=version,
        clientToken=token,
    )
    return answer


def default_state(
    control: Any, ledger: RuntimeLedger, observed: dict[str, Any]
) -> Literal["ready", "busy", "wrong"]:
    """Tell whether DEFAULT serves the newest version. If it is `wrong`, an update of the runtime repairs that.

    Args:
        control: AgentCore's control plane.
        ledger: Where the drift is noted.
        observed: The answer of `GetAgentRuntime`.
    """
    endpoint = agentcore.get_endpoint(
        control, observed["agentRuntimeId"], agentcore.DEFAULT_ENDPOINT
    )
    if endpoint is None or endpoint["status"] in agentcore.BUSY:
        return "busy"
    version = observed["agentRuntimeVersion"]
    wrong = agentcore.is_failed(endpoint) or endpoint.get("liveVersion") != version
    if wrong and not agentcore.is_failed(observed):
        ledger.repair(
            f"the endpoint DEFAULT was {endpoint['status']} on version {endpoint.get('liveVersion')} "
            f"instead of {version}"
        )
    return "wrong" if wrong else "ready"


def repair_live(control: Any, ledger: RuntimeLedger, tags: dict[str, str]) -> None:
    """Put `live` back on the version that it was promoted to, before anything else changes.

    Args:
        control: AgentCore's control plane.
        ledger: The runtime section of the record, and where the drift is noted.
        tags: The tags of the endpoint, if it must be created.

    Raises:
        ServiceUnavailableError: AgentCore is busy with the endpoint.
    """
    version, runtime_id = ledger.runtime.live_version, str(ledger.runtime.id)
    if version is None:
        return
    endpoint = agentcore.get_endpoint(control, runtime_id, LIVE_ENDPOINT)
    if endpoint is None:
        ledger.repair("the endpoint live was deleted")
    elif (
        endpoint["status"] in (*agentcore.BUSY, "CREATE_FAILED", "DELETE_FAILED")
        or endpoint.get("liveVersion") == version
    ):
        return  # changing already, or the promotion creates it again
    else:
        ledger.repair(
            f"the endpoint live was moved from version {version} to {endpoint.get('liveVersion')}"
        )
    ledger.intend("unchanged")
    stamp = str(endpoint["lastUpdatedAt"]) if endpoint else None
    token = names.client_token("repair", ledger.execution, runtime_id, version, stamp)
    try:
        if endpoint is None:
            create(control, runtime_id, LIVE_ENDPOINT, version, token, tags)
        else:
            move(control, runtime_id, LIVE_ENDPOINT, version, token)
    except ClientError as error:
        if agentcore.is_conflict(error):
            raise ServiceUnavailableError(
                f"AgentCore is busy with the endpoint live of {runtime_id} ({refused_call(error)}); the lifecycle "
                "retries this step"
            ) from error
        if not agentcore.is_not_found(error):
            raise
        # The version itself was deleted. The promotion creates `live` again.
        ledger.repair(f"the version {version}, which live served, was deleted")
