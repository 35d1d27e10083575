"""The runtime as the output of an execution describes it."""

from __future__ import annotations

from lifecycle.clients import Clients
from lifecycle.entry import Wire
from lifecycle.runtime import agentcore
from lifecycle.sections.runtime import RuntimeRecord


class DeployedRuntime(Wire):
    """The part `runtime` of the output."""

    arn: str
    id: str
    version: str
    endpoint: str
    invocation_url: str


def describe_runtime(
    clients: Clients, runtime: RuntimeRecord, endpoint: str, version: str
) -> DeployedRuntime:
    """Describe a runtime at one of its endpoints.

    Args:
        clients: AgentCore's data plane, for its URL; not called.
        runtime: The runtime section of the record.
        endpoint: The endpoint's name.
        version: The version that the endpoint serves.
    """
    return DeployedRuntime(
        arn=str(runtime.arn),
        id=str(runtime.id),
        version=version,
        endpoint=endpoint,
        invocation_url=agentcore.invocation_url(clients.agentcore, str(runtime.arn), endpoint),
    )
