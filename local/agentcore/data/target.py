"""What an invocation is aimed at: a runtime, one of its endpoints, and the version that is live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.agentcore.control.records import DEFAULT
from local.agentcore.control.store import Store
from local.agentcore.model.errors import ServiceError, not_found

# The AgentCore developer guide, service contracts: port and path by protocol.
_CONTRACTS = {
    "HTTP": (8080, "/invocations"),
    "MCP": (8000, "/mcp"),
    "A2A": (9000, "/"),
    "AGUI": (8080, "/invocations"),
}


@dataclass(frozen=True)
class Target:
    """A version of a runtime, reached through an endpoint.

    Attributes:
        configuration: The version's configuration.
    """

    runtime_id: str
    runtime_name: str
    arn: str
    endpoint: str
    version: str
    configuration: dict[str, Any]

    @property
    def protocol(self) -> str:
        """`HTTP`, `MCP`, `A2A` or `AGUI`."""
        return str(self.configuration["protocolConfiguration"]["serverProtocol"])

    @property
    def port(self) -> int:
        """Where the agent listens by the service contract, or by its configuration."""
        chosen = self.configuration["protocolConfiguration"].get("port")
        return int(chosen or _CONTRACTS[self.protocol][0])

    @property
    def path(self) -> str:
        """The path that the agent serves."""
        chosen = self.configuration["protocolConfiguration"].get("path")
        return str(chosen or _CONTRACTS[self.protocol][1])

    @property
    def authorizer(self) -> dict[str, Any] | None:
        """The JWT authorizer, or `None` for SigV4."""
        found: dict[str, Any] | None = self.configuration.get("authorizerConfiguration", {}).get(
            "customJWTAuthorizer"
        )
        return found

    @property
    def allowed_headers(self) -> frozenset[str]:
        """The request headers that the agent may see beside the usual ones, in lower case."""
        listed = self.configuration.get("requestHeaderConfiguration", {})
        return frozenset(name.lower() for name in listed.get("requestHeaderAllowlist", []))

    @property
    def requires_mmds_v2(self) -> bool:
        """Whether the version takes only the second version of the metadata service."""
        return bool(self.configuration["metadataConfiguration"]["requireMMDSV2"])


def find_target(store: Store, arn: str, qualifier: str | None, account: str | None) -> Target:
    """Find what an invocation is aimed at.

    Args:
        store: The account's runtimes.
        arn: ARN or id of the runtime, as the path says it, decoded.
        qualifier: Name of the endpoint; `None` means DEFAULT.
        account: Query parameter `accountId`, needed with an id.

    Raises:
        ServiceError: ResourceNotFoundException when there is no such runtime or endpoint, it has no
            version that serves, or is being deleted.
    """
    name = qualifier or DEFAULT
    missing = _missing(arn, name)
    with store.using():
        found = next((r for r in store.runtimes.values() if arn in (r.arn, r.id)), None)
        if found is None or (arn == found.id and account != store.account_id):
            raise missing
        endpoint = found.endpoints.get(name)
        if endpoint is None or endpoint.live is None or endpoint.status == "DELETING":
            raise missing
        return Target(
            runtime_id=found.id,
            runtime_name=found.name,
            arn=found.arn,
            endpoint=name,
            version=endpoint.live,
            configuration=found.configuration_of(endpoint.live),
        )


def _missing(arn: str, endpoint: str) -> ServiceError:
    return not_found(f"No endpoint or agent found with qualifier '{endpoint}' for agent '{arn}'")
